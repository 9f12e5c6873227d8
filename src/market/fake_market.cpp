#include "sonm/market/fake_market.hpp"

#include "sonm/base/units.hpp"
#include "sonm/crypto/keccak.hpp"
#include "sonm/market/errc.hpp"

namespace sonm::market {

using model::BlacklistChoice;
using model::Currency;
using model::DealStatus;
using model::Side;

namespace {

Tokens sum(Tokens a, Tokens b) { return Tokens(a.value + b.value); }
Tokens difference(Tokens a, Tokens b) {
    SONM_ASSERT(a >= b);
    return Tokens(a.value - b.value);
}

}  // namespace

FakeMarket::FakeMarket(const Clock& clock) : clock_(clock) {
    state_.time = clock.now();
    snapshots_.push_back(state_);
}

// ---- the world around the market ----

void FakeMarket::give(const Address& account, Tokens wallet) {
    Tokens& has = state_.wallets[account];
    has = sum(has, wallet);
    (void)seal();
}

void FakeMarket::set_rate(model::Rate rate) {
    UnixTime now = next_time();
    state_.rates.add(rate, now);
    state_.rate_stale = false;
    say(RateReported{rate, now});
    (void)seal();
}

void FakeMarket::let_rate_go_stale() { state_.rate_stale = true; }

void FakeMarket::set_master(const Address& worker, const Address& master) {
    state_.people.set_master(worker, master);
    say(MasterSet{worker, master});
    (void)seal();
}

void FakeMarket::set_level(const Address& account, model::Identity level, UnixTime expiry) {
    state_.people.set_level(account, People::Certificate{level, expiry});
    say(LevelSet{account, level, expiry});
    (void)seal();
}

void FakeMarket::set_listed(const Address& owner, const Address& account, bool listed) {
    state_.people.set_listed(owner, account, listed);
    say(BlacklistChanged{owner, account, listed});
    (void)seal();
}

void FakeMarket::set_follows(const Address& owner, const Address& list, bool follows) {
    state_.people.set_follows(owner, list, follows);
    say(FollowChanged{owner, list, follows});
    (void)seal();
}

void FakeMarket::mine() { (void)seal(); }

// ---- blocks ----

UnixTime FakeMarket::next_time() const { return std::max(state_.time, clock_.now()); }

void FakeMarket::say(FactBody body) { pending_.push_back(std::move(body)); }
void FakeMarket::say_balance(const Address& account) { say(BalanceChanged{account, balance(account)}); }

Receipted FakeMarket::seal() {
    state_.time = next_time();
    ++state_.block;
    std::uint32_t index = 0;
    for (FactBody& body : pending_)
        facts_.push_back(Fact{state_.block, index++, state_.time, std::move(body)});
    pending_.clear();
    snapshots_.push_back(state_);
    Receipted receipt;
    receipt.txn = crypto::keccak256(as_bytes(fmt::format("block {}", state_.block)));
    receipt.block = state_.block;
    receipt.gas_used = 50'000;
    receipt.fee = Tokens(U256(50'000) * 1'000'000'000);
    if (listener_) listener_(since(state_.block - 1));
    return receipt;
}

void FakeMarket::rewind(std::uint64_t block) {
    SONM_ASSERT(block < snapshots_.size());
    state_ = snapshots_[block];
    snapshots_.resize(block + 1);
    std::erase_if(facts_, [&](const Fact& fact) { return fact.block > block; });
    Step step = since(block);
    step.rewind_to = block;
    if (listener_) listener_(step);
}

Step FakeMarket::since(std::uint64_t block) const {
    Step step;
    for (const Fact& fact : facts_) {
        if (fact.block > block) step.facts.push_back(fact);
    }
    step.head_block = state_.block;
    step.head_time = state_.time;
    step.live = true;
    return step;
}

std::optional<Receipted> FakeMarket::receipt(const std::string& intent) const {
    auto found = state_.receipts.find(intent);
    return found == state_.receipts.end() ? std::nullopt : std::optional(found->second);
}

void FakeMarket::keep_receipt(const std::string& intent, const Receipted& receipt) {
    state_.receipts[intent] = receipt;
    snapshots_.back().receipts[intent] = receipt;
}

// ---- money ----

Tokens FakeMarket::wallet(const Address& account) const {
    auto found = state_.wallets.find(account);
    return found == state_.wallets.end() ? Tokens{} : found->second;
}

Tokens FakeMarket::balance(const Address& account) const {
    auto found = state_.balances.find(account);
    return found == state_.balances.end() ? Tokens{} : found->second;
}

Tokens FakeMarket::money() const {
    Tokens all;
    for (const auto& [account, amount] : state_.wallets) all = sum(all, amount);
    for (const auto& [account, amount] : state_.balances) all = sum(all, amount);
    for (const auto& [id, placed] : state_.orders) all = sum(all, placed.escrow);
    for (const auto& [id, opened] : state_.deals)
        all = sum(all, difference(opened.state.escrow, opened.state.paid));
    return all;
}

Result<void> FakeMarket::debit(const Address& account, Tokens amount) {
    Tokens& has = state_.balances[account];
    if (has < amount) {
        return fail(MarketErrc::balance_too_small, "{} has {} in the market and needs {}", account,
                    print_tokens(has), print_tokens(amount));
    }
    has = difference(has, amount);
    return {};
}

void FakeMarket::credit(const Address& account, Tokens amount) {
    if (amount.value == 0) return;
    Tokens& has = state_.balances[account];
    has = sum(has, amount);
}

/// What the balance lacks comes from the wallet, as ledgers do for their users.
Result<void> FakeMarket::deposit_missing(const Address& account, Tokens needed) {
    Tokens has = balance(account);
    if (has >= needed) return {};
    Tokens missing = difference(needed, has);
    Tokens& purse = state_.wallets[account];
    if (purse < missing) {
        return fail(MarketErrc::balance_too_small,
                    "{} has {} in the market and {} in its wallet, and needs {}", account, print_tokens(has),
                    print_tokens(purse), print_tokens(needed));
    }
    purse = difference(purse, missing);
    credit(account, missing);
    return {};
}

Result<Receipted> FakeMarket::deposit(const Address& by, Tokens amount) {
    Tokens needed = sum(balance(by), amount);
    SONM_CHECK(deposit_missing(by, needed));
    say_balance(by);
    return seal();
}

Result<Receipted> FakeMarket::withdraw(const Address& by, Tokens amount) {
    SONM_CHECK(debit(by, amount));
    Tokens& purse = state_.wallets[by];
    purse = sum(purse, amount);
    say_balance(by);
    return seal();
}

// ---- orders ----

Result<Tokens> FakeMarket::escrow_needed(const Order& bid) const {
    return market::escrow_needed(bid.price, bid.currency, bid.duration, state_.rates);
}

Result<Receipted> FakeMarket::place(const Address& by, const Order& order, Tokens escrow) {
    if (paused_) return fail(MarketErrc::paused, "placing an order");
    if (order.author != by)
        return fail(MarketErrc::not_the_author, "{} places an order of {}", by, order.author);
    if (order.price.value == 0) return fail(MarketErrc::price_is_zero, "placing an order");
    UnixTime now = next_time();
    if (order.expiry <= now || order.expiry > now + order_lifetime_max) {
        return fail(MarketErrc::expiry_out_of_range, "expiry {}, now {}", order.expiry, now);
    }
    OrderId id = model::order_id(order);
    if (state_.orders.contains(id)) return fail(MarketErrc::order_exists, "{}", id.value);
    if (order.side == Side::ask) {
        escrow = Tokens{};
    } else {
        SONM_TRY(Tokens needed, escrow_needed(order));
        if (escrow < needed) {
            return fail(MarketErrc::escrow_too_small, "has {}, needs {}", print_tokens(escrow),
                        print_tokens(needed));
        }
        SONM_CHECK(deposit_missing(by, escrow));
        SONM_CHECK(debit(by, escrow));
        say_balance(by);
    }
    state_.orders.emplace(id, Placed{order, escrow, true});
    say(OrderPlaced{id, order, escrow});
    return seal();
}

Result<FakeMarket::Placed*> FakeMarket::open_order(const OrderId& id) {
    auto found = state_.orders.find(id);
    if (found == state_.orders.end() || !found->second.open)
        return fail(MarketErrc::order_not_open, "{}", id.value);
    return &found->second;
}

Result<Receipted> FakeMarket::cancel(const Address& by, const Order& order) {
    if (by != order.author && next_time() < order.expiry)
        return fail(MarketErrc::not_the_author, "{} cancels an order of {}", by, order.author);
    OrderId id = model::order_id(order);
    SONM_TRY(Placed * placed, open_order(id));
    Tokens refund = placed->escrow;
    placed->open = false;
    placed->escrow = Tokens{};
    credit(order.author, refund);
    say(OrderCancelled{id, order.author, by, refund});
    if (order.side == Side::bid) say_balance(order.author);
    return seal();
}

MatchContext FakeMarket::context() const {
    return MatchContext{next_time(), state_.people, state_.rates.latest(),
                        state_.rate_stale || state_.rates.empty()};
}

Mismatch FakeMarket::judge(const Order& ask, const Order& bid) const { return matches(ask, bid, context()); }

// ---- deals ----

Result<Receipted> FakeMarket::open_deal(const Order& ask, const Order& bid) {
    if (paused_) return fail(MarketErrc::paused, "opening a deal");
    OrderId ask_id = model::order_id(ask), bid_id = model::order_id(bid);
    SONM_TRY(Placed * placed_bid, open_order(bid_id));
    Mismatch reason = judge(ask, bid);
    if (reason != Mismatch::none) return fail(MarketErrc::orders_do_not_match, "{}", to_string(reason));
    SONM_TRY(Placed * placed_ask, open_order(ask_id));
    SONM_TRY(Tokens needed, market::escrow_needed(ask.price, ask.currency, bid.duration, state_.rates));
    if (placed_bid->escrow < needed) {
        return fail(MarketErrc::escrow_too_small, "has {}, needs {}", print_tokens(placed_bid->escrow),
                    print_tokens(needed));
    }
    UnixTime now = next_time();
    Deal deal;
    deal.id = model::DealId(state_.deals.size() + 1);
    deal.ask = ask_id;
    deal.bid = bid_id;
    deal.supplier = ask.author;
    deal.master = state_.people.master_of(ask.author);
    deal.consumer = bid.author;
    deal.price = ask.price;
    deal.currency = ask.currency;
    deal.start = now;
    deal.end = bid.is_spot() ? UnixTime{} : now + bid.duration;
    if (ask.currency == Currency::usd) deal.rate_start = state_.rates.total_at(now);
    Tokens refund;
    if (!bid.is_spot() && ask.currency == Currency::snm) refund = difference(placed_bid->escrow, needed);
    DealState state{DealStatus::open, difference(placed_bid->escrow, refund), Tokens{}, now};
    placed_ask->open = placed_bid->open = false;
    placed_bid->escrow = Tokens{};
    credit(deal.consumer, refund);
    state_.deals.emplace(deal.id, Opened{deal, state});
    say(DealOpened{deal, state, refund});
    if (refund.value != 0) say_balance(deal.consumer);
    return seal();
}

Result<FakeMarket::Opened*> FakeMarket::find(const Deal& deal) {
    auto found = state_.deals.find(deal.id);
    if (found == state_.deals.end() || found->second.deal != deal)
        return fail(MarketErrc::unknown_deal, "deal {}", deal.id);
    return &found->second;
}

void FakeMarket::finish(Opened& opened, const Bill& bill, const Address& by) {
    const Deal& deal = opened.deal;
    UnixTime end = bill.ended ? ends_at(deal, opened.state, state_.rates) : next_time();
    Tokens paid = sum(opened.state.paid, bill.owed);
    Tokens refund = difference(opened.state.escrow, paid);
    opened.state = DealState{DealStatus::closed, paid, paid, std::max(opened.state.settled_until, end)};
    credit(deal.master, bill.owed);
    credit(deal.consumer, refund);
    say(DealClosed{deal, opened.state, refund, by});
    say_balance(deal.master);
    say_balance(deal.consumer);
}

Result<Receipted> FakeMarket::settle(const Address& by, const Deal& deal) {
    SONM_TRY(Opened * opened, find(deal));
    if (opened->state.status == DealStatus::closed) return seal();
    Bill bill = bill_at(deal, opened->state, next_time(), state_.rates);
    if (bill.ended) {
        finish(*opened, bill, by);
        return seal();
    }
    opened->state.paid = sum(opened->state.paid, bill.owed);
    opened->state.settled_until = std::max(opened->state.settled_until, next_time());
    credit(deal.master, bill.owed);
    say(DealSettled{deal, opened->state});
    say_balance(deal.master);
    return seal();
}

Result<Receipted> FakeMarket::close(const Address& by, const Deal& deal, BlacklistChoice choice) {
    SONM_TRY(Opened * opened, find(deal));
    if (opened->state.status == DealStatus::closed) return seal();
    Bill bill = bill_at(deal, opened->state, next_time(), state_.rates);
    bool by_supply = by == deal.supplier || by == deal.master;
    if (!bill.ended && by != deal.consumer) {
        if (!by_supply) return fail(MarketErrc::not_a_party, "{} closes deal {}", by, deal.id);
        if (deal.end.value != 0)
            return fail(MarketErrc::closed_too_early, "deal {} ends at {}", deal.id, deal.end);
    }
    finish(*opened, bill, by);
    Address listed;
    if (by == deal.consumer && choice == BlacklistChoice::counterparty) listed = deal.supplier;
    if (by == deal.consumer && choice == BlacklistChoice::master) listed = deal.master;
    if (by != deal.consumer && by_supply && choice == BlacklistChoice::counterparty) listed = deal.consumer;
    if (!listed.is_zero()) {
        state_.people.set_listed(by, listed, true);
        say(BlacklistChanged{by, listed, true});
    }
    return seal();
}

Result<Receipted> FakeMarket::top_up(const Address& by, const Deal& deal, Tokens amount) {
    SONM_TRY(Opened * opened, find(deal));
    if (bill_at(deal, opened->state, next_time(), state_.rates).ended)
        return fail(MarketErrc::deal_ended, "deal {}", deal.id);
    if (amount.value == 0 || (deal.currency == Currency::snm && deal.end.value != 0)) {
        return fail(MarketErrc::nothing_to_top_up, "deal {}", deal.id);
    }
    SONM_CHECK(deposit_missing(by, amount));
    SONM_CHECK(debit(by, amount));
    opened->state.escrow = sum(opened->state.escrow, amount);
    say(DealToppedUp{deal, opened->state, by, amount});
    say_balance(by);
    return seal();
}

Result<Receipted> FakeMarket::set_attribute(const Address& by, const crypto::Hash& key,
                                            const std::string& value) {
    state_.attributes[{by, key}] = value;
    say(AttributeSet{by, key, value});
    return seal();
}

std::string FakeMarket::attribute(const Address& account, const crypto::Hash& key) const {
    auto found = state_.attributes.find({account, key});
    return found == state_.attributes.end() ? std::string() : found->second;
}

std::optional<DealState> FakeMarket::deal_state(model::DealId id) const {
    auto found = state_.deals.find(id);
    return found == state_.deals.end() ? std::nullopt : std::optional(found->second.state);
}

std::vector<Deal> FakeMarket::deals() const {
    std::vector<Deal> out;
    for (const auto& [id, opened] : state_.deals) out.push_back(opened.deal);
    return out;
}

}  // namespace sonm::market
