#include "sonm/market/state.hpp"

#include "sonm/market/errc.hpp"

namespace sonm::market {
namespace {

/// Place of a fact in the chain's order. 2^24 logs do not fit into a block.
std::uint64_t age_of(const Fact& fact) { return fact.block << 24 | fact.index; }

/// The accounts that a deal concerns, each once.
std::set<Address> parties(const Deal& deal) { return {deal.supplier, deal.master, deal.consumer}; }

}  // namespace

Result<void> MarketState::apply(const Step& step) {
    if (step.rewind_to && *step.rewind_to < head_block_) {
        if (!journal_.rewind_to(*step.rewind_to)) {
            return fail(MarketErrc::history_too_short, "from block {} back to {}, {} are kept", head_block_,
                        *step.rewind_to, options_.rewind_blocks_max);
        }
        head_block_ = *step.rewind_to;
    }
    for (const Fact& fact : step.facts) {
        // A step that was delivered twice changes nothing.
        if (fact.block > head_block_) take(fact);
    }
    // Not the larger of both: after a rewind block time may go backwards.
    head_block_ = std::max(head_block_, step.head_block);
    head_time_ = step.head_time;
    live_ = step.live;
    book_.set_time(head_time_);
    if (head_block_ > options_.rewind_blocks_max)
        journal_.forget_before(head_block_ - options_.rewind_blocks_max);
    return {};
}

void MarketState::take(const Fact& fact) {
    std::visit([&](const auto& body) { on(fact, body); }, fact.body);
}

void MarketState::on(const Fact& at, const OrderPlaced& fact) {
    std::uint64_t age = age_of(at);
    if (!book_.place(fact.id, fact.order, fact.escrow, age)) return;
    journal_.note(at.block, [this, id = fact.id] { book_.remove(id); });
}

void MarketState::take_out(const Fact& at, const OrderId& id) {
    auto removed = book_.remove(id);
    if (!removed) return;
    auto kept = std::make_shared<const OpenOrder>(std::move(*removed));
    journal_.note(at.block, [this, kept] { book_.place(kept->id, kept->order, kept->escrow, kept->age); });
}

void MarketState::on(const Fact& at, const OrderCancelled& fact) { take_out(at, fact.id); }

void MarketState::on(const Fact& at, const DealOpened& fact) {
    if (!fact.ask_signed) take_out(at, fact.deal.ask);
    if (!fact.bid_signed) take_out(at, fact.deal.bid);
    update(at, fact.deal, fact.state);
}

void MarketState::put(const OpenDeal& open) {
    deals_[open.deal.id] = open;
    for (const Address& party : parties(open.deal)) deals_of_[party].insert(open.deal.id);
}

void MarketState::drop(model::DealId id) {
    auto found = deals_.find(id);
    if (found == deals_.end()) return;
    for (const Address& party : parties(found->second.deal)) {
        auto of = deals_of_.find(party);
        of->second.erase(id);
        if (of->second.empty()) deals_of_.erase(of);
    }
    deals_.erase(found);
}

void MarketState::update(const Fact& at, const Deal& deal, const DealState& state) {
    auto found = deals_.find(deal.id);
    if (found == deals_.end()) {
        journal_.note(at.block, [this, id = deal.id] { drop(id); });
    } else {
        auto before = std::make_shared<const OpenDeal>(found->second);
        journal_.note(at.block, [this, before] { put(*before); });
    }
    if (state.status == model::DealStatus::open)
        put(OpenDeal{deal, state});
    else
        drop(deal.id);
}

void MarketState::on(const Fact& at, const BalanceChanged& fact) {
    Tokens before = balance(fact.account);
    balances_[fact.account] = fact.balance;
    journal_.note(at.block, [this, account = fact.account, before] { balances_[account] = before; });
}

void MarketState::on(const Fact& at, const AttributeSet& fact) {
    std::string before = attribute(fact.account, fact.key);
    attributes_[{fact.account, fact.key}] = fact.value;
    journal_.note(at.block,
                  [this, key = std::pair(fact.account, fact.key), before] { attributes_[key] = before; });
}

void MarketState::on(const Fact& at, const MasterSet& fact) {
    Address before = people_.set_master(fact.worker, fact.master);
    journal_.note(at.block, [this, worker = fact.worker, before] { people_.set_master(worker, before); });
}

void MarketState::on(const Fact& at, const LevelSet& fact) {
    People::Certificate before =
        people_.set_level(fact.account, People::Certificate{fact.level, fact.expiry});
    journal_.note(at.block, [this, account = fact.account, before] { people_.set_level(account, before); });
}

void MarketState::on(const Fact& at, const BlacklistChanged& fact) {
    bool before = people_.set_listed(fact.owner, fact.account, fact.listed);
    journal_.note(at.block, [this, owner = fact.owner, account = fact.account, before] {
        people_.set_listed(owner, account, before);
    });
}

void MarketState::on(const Fact& at, const FollowChanged& fact) {
    bool before = people_.set_follows(fact.owner, fact.list, fact.follows);
    journal_.note(at.block, [this, owner = fact.owner, list = fact.list, before] {
        people_.set_follows(owner, list, before);
    });
}

void MarketState::on(const Fact& at, const NoncesUsed& fact) {
    U256& used = nonces_[{fact.author, fact.word}];
    journal_.note(at.block,
                  [this, key = std::pair(fact.author, fact.word), before = used] { nonces_[key] = before; });
    used |= fact.mask;
}

void MarketState::on(const Fact& at, const RateReported& fact) {
    rates_.add(fact.rate, fact.since);
    journal_.note(at.block, [this] { rates_.undo(); });
}

const OpenDeal* MarketState::deal(model::DealId id) const {
    auto found = deals_.find(id);
    return found == deals_.end() ? nullptr : &found->second;
}

std::vector<const OpenDeal*> MarketState::deals_of(const Address& account) const {
    std::vector<const OpenDeal*> out;
    auto found = deals_of_.find(account);
    if (found == deals_of_.end()) return out;
    for (model::DealId id : found->second) out.push_back(&deals_.at(id));
    return out;
}

Tokens MarketState::balance(const Address& account) const {
    auto found = balances_.find(account);
    return found == balances_.end() ? Tokens{} : found->second;
}

bool MarketState::is_nonce_used(const Address& author, model::OrderNonce nonce) const {
    auto found = nonces_.find({author, nonce.value >> 8});
    return found != nonces_.end() && ((found->second >> static_cast<unsigned>(nonce.value & 255)) & 1) != 0;
}

std::string MarketState::attribute(const Address& account, const crypto::Hash& key) const {
    auto found = attributes_.find({account, key});
    return found == attributes_.end() ? std::string() : found->second;
}

MatchContext MarketState::context(UnixTime now) const {
    bool stale = rates_.empty() || now > rates_.latest_since() + options_.rate_stale_after;
    return MatchContext{now, people_, rates_.latest(), stale};
}

Step MarketState::checkpoint() const {
    Step step;
    step.head_block = head_block_;
    step.head_time = head_time_;
    step.live = live_;
    std::uint32_t index = 0;
    // Only an order's place in the chain's order matters later; all else counts as of the head.
    auto add = [&](FactBody body) {
        step.facts.push_back(Fact{head_block_, index++, head_time_, std::move(body)});
    };
    for (const RateHistory::Report& report : rates_.reports()) add(RateReported{report.rate, report.since});
    for (const auto& [worker, master] : people_.masters()) add(MasterSet{worker, master});
    for (const auto& [account, certificate] : people_.levels())
        add(LevelSet{account, certificate.level, certificate.expiry});
    for (const auto& [owner, accounts] : people_.lists()) {
        for (const Address& account : accounts) add(BlacklistChanged{owner, account, true});
    }
    for (const auto& [owner, lists] : people_.followed()) {
        for (const Address& list : lists) add(FollowChanged{owner, list, true});
    }
    for (const auto& [key, mask] : nonces_) add(NoncesUsed{key.first, key.second, mask});
    for (const auto& [account, balance] : balances_) add(BalanceChanged{account, balance});
    for (const auto& [key, value] : attributes_) add(AttributeSet{key.first, key.second, value});
    for (const auto& [id, open] : deals_) add(DealOpened{open.deal, open.state, Tokens{}, true, true});
    book_.for_each([&](const OpenOrder& open) {
        step.facts.push_back(Fact{open.age >> 24, static_cast<std::uint32_t>(open.age & 0xffffff), head_time_,
                                  OrderPlaced{open.id, open.order, open.escrow}});
    });
    std::sort(step.facts.begin(), step.facts.end(),
              [](const Fact& a, const Fact& b) { return age_of(a) < age_of(b); });
    return step;
}

Result<void> MarketState::restore(const Step& checkpoint) {
    SONM_ASSERT(head_block_ == 0);
    SONM_CHECK(apply(checkpoint));
    journal_.forget_before(head_block_);
    return {};
}

}  // namespace sonm::market
