#include "sonm/settlement/facts.hpp"

#include "sonm/base/log.hpp"
#include "sonm/settlement/bindings/blacklist.gen.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"
#include "sonm/settlement/bindings/price_oracle.gen.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"

namespace sonm::settlement {
namespace {

namespace on_market = bindings::market;
namespace on_profiles = bindings::profile_registry;

market::NoncesUsed one_nonce(const Address& author, U256 nonce) {
    return market::NoncesUsed{author, nonce >> 8, U256(1) << static_cast<unsigned>(nonce & 255)};
}

/// Follows its deal's DealOpened, whose fact it completes: an order without a nonce here was in the book.
Result<void> read_signatures(const on_market::SignaturesUsedEvent& event, std::vector<market::Fact>& earlier,
                             std::vector<market::FactBody>& out) {
    auto place = std::find_if(earlier.rbegin(), earlier.rend(), [&](const market::Fact& fact) {
        auto* opened = std::get_if<market::DealOpened>(&fact.body);
        return opened && opened->deal.id == event.id;
    });
    if (place == earlier.rend())
        return fail(Errc::corrupt, "signatures of deal {}, which was not opened before", event.id);
    auto& opened = std::get<market::DealOpened>(place->body);
    opened.ask_signed = event.ask_nonce != u256_max;
    opened.bid_signed = event.bid_nonce != u256_max;
    if (opened.ask_signed) out.push_back(one_nonce(opened.deal.supplier, event.ask_nonce));
    if (!opened.bid_signed) return Result<void>();
    out.push_back(one_nonce(opened.deal.consumer, event.bid_nonce));
    // The escrow came out of the balance; where the opening told of none, nothing is left there.
    bool told = place != earlier.rbegin();
    if (!told) out.push_back(market::BalanceChanged{opened.deal.consumer, Tokens()});
    return Result<void>();
}

}  // namespace

Result<void> FactReader::read_market(const chain::Log& log, std::vector<market::Fact>& earlier,
                                     std::vector<market::FactBody>& out) {
    const chain::Hash& topic = log.topics[0];
    auto balance = [&](const Address& account, Tokens amount) {
        out.push_back(market::BalanceChanged{account, amount});
    };
    if (topic == on_market::OrderPlacedEvent::topic) {
        SONM_TRY(auto event, on_market::OrderPlacedEvent::decode(log));
        bool is_bid = event.order.side == model::Side::bid;
        out.push_back(market::OrderPlaced{event.id, event.order, event.escrow});
        if (is_bid) balance(event.author, event.balance);
    } else if (topic == on_market::OrderCancelledEvent::topic) {
        SONM_TRY(auto event, on_market::OrderCancelledEvent::decode(log));
        out.push_back(market::OrderCancelled{event.id, event.author, event.by, event.refund});
        if (event.refund > Tokens()) balance(event.author, event.balance);
    } else if (topic == on_market::DealOpenedEvent::topic) {
        SONM_TRY(auto event, on_market::DealOpenedEvent::decode(log));
        out.push_back(market::DealOpened{event.deal, event.state, event.refund});
        // 0 and no refund: the balance has not moved, or a signed bid has emptied it (see read_signatures).
        if (event.refund > Tokens() || event.consumer_balance > Tokens())
            balance(event.consumer, event.consumer_balance);
    } else if (topic == on_market::SignaturesUsedEvent::topic) {
        SONM_TRY(auto event, on_market::SignaturesUsedEvent::decode(log));
        SONM_CHECK(read_signatures(event, earlier, out));
    } else if (topic == on_market::NoncesCancelledEvent::topic) {
        SONM_TRY(auto event, on_market::NoncesCancelledEvent::decode(log));
        out.push_back(market::NoncesUsed{event.author, event.word, event.mask});
    } else if (topic == on_market::DealSettledEvent::topic) {
        SONM_TRY(auto event, on_market::DealSettledEvent::decode(log));
        out.push_back(market::DealSettled{event.deal, event.state});
        balance(event.deal.master, event.master_balance);
    } else if (topic == on_market::DealChangedEvent::topic) {
        SONM_TRY(auto event, on_market::DealChangedEvent::decode(log));
        out.push_back(
            market::DealChanged{event.deal, event.state, event.settled, event.added, event.refund, event.by});
        balance(event.deal.master, event.master_balance);
        balance(event.consumer, event.consumer_balance);
    } else if (topic == on_market::DealToppedUpEvent::topic) {
        SONM_TRY(auto event, on_market::DealToppedUpEvent::decode(log));
        out.push_back(market::DealToppedUp{event.deal, event.state, event.by, event.amount});
        balance(event.by, event.balance);
    } else if (topic == on_market::DealClosedEvent::topic) {
        SONM_TRY(auto event, on_market::DealClosedEvent::decode(log));
        out.push_back(market::DealClosed{event.deal, event.state, event.refund, event.by});
        balance(event.deal.master, event.master_balance);
        balance(event.consumer, event.consumer_balance);
    } else if (topic == on_market::DepositedEvent::topic) {
        SONM_TRY(auto event, on_market::DepositedEvent::decode(log));
        balance(event.account, event.balance);
    } else if (topic == on_market::WithdrawnEvent::topic) {
        SONM_TRY(auto event, on_market::WithdrawnEvent::decode(log));
        balance(event.account, event.balance);
    }
    return Result<void>();
}

Result<void> FactReader::read_profiles(const chain::Log& log, std::vector<market::FactBody>& out) {
    const chain::Hash& topic = log.topics[0];
    if (topic == on_profiles::AttributeSetEvent::topic) {
        SONM_TRY(auto event, on_profiles::AttributeSetEvent::decode(log));
        out.push_back(market::AttributeSet{event.account, event.key, event.value});
    } else if (topic == on_profiles::MasterSetEvent::topic) {
        SONM_TRY(auto event, on_profiles::MasterSetEvent::decode(log));
        out.push_back(market::MasterSet{event.worker, event.master});
    } else if (topic == on_profiles::CertificateSetEvent::topic) {
        SONM_TRY(auto event, on_profiles::CertificateSetEvent::decode(log));
        Certificate& certificate = certificates_[event.account];
        undo_.push_back(Undo{log.block, event.account, certificate, std::nullopt});
        certificate = Certificate{event.validator, event.level, event.expiry};
        out.push_back(level_of(event.account));
    } else if (topic == on_profiles::ValidatorSetEvent::topic) {
        SONM_TRY(auto event, on_profiles::ValidatorSetEvent::decode(log));
        model::Identity& level = validators_[event.validator];
        undo_.push_back(Undo{log.block, event.validator, std::nullopt, level});
        level = event.level;
        for (const auto& [account, certificate] : certificates_) {
            if (certificate.validator == event.validator) out.push_back(level_of(account));
        }
    }
    return Result<void>();
}

Result<void> FactReader::read_others(const chain::Log& log, std::vector<market::FactBody>& out) {
    using bindings::blacklist::FollowChangedEvent;
    using bindings::blacklist::ListingChangedEvent;
    using bindings::price_oracle::RateReportedEvent;
    const chain::Hash& topic = log.topics[0];
    if (topic == ListingChangedEvent::topic) {
        SONM_TRY(auto event, ListingChangedEvent::decode(log));
        out.push_back(market::BlacklistChanged{event.owner, event.account, event.listed});
    } else if (topic == FollowChangedEvent::topic) {
        SONM_TRY(auto event, FollowChangedEvent::decode(log));
        out.push_back(market::FollowChanged{event.owner, event.list, event.follows});
    } else if (topic == RateReportedEvent::topic) {
        SONM_TRY(auto event, RateReportedEvent::decode(log));
        out.push_back(market::RateReported{event.rate, event.since});
    }
    return Result<void>();
}

/// A certificate counts for no more than its validator may attest today.
market::LevelSet FactReader::level_of(const Address& account) const {
    const Certificate& certificate = certificates_.at(account);
    auto validator = validators_.find(certificate.validator);
    model::Identity most = validator == validators_.end() ? model::Identity::anonymous : validator->second;
    return market::LevelSet{account, std::min(certificate.level, most), certificate.expiry};
}

void FactReader::rewind(std::uint64_t to_block) {
    while (!undo_.empty() && undo_.back().block > to_block) {
        Undo& last = undo_.back();
        if (last.certificate) certificates_[last.key] = *last.certificate;
        if (last.validator) validators_[last.key] = *last.validator;
        undo_.pop_back();
    }
}

market::Step FactReader::read(const chain::LogBatch& batch) {
    market::Step step;
    step.rewind_to = batch.rewind_to;
    step.head_block = batch.up_to_block;
    step.head_time = batch.block_time;
    step.live = batch.live;
    if (batch.rewind_to) rewind(*batch.rewind_to);
    for (const chain::Log& log : batch.logs) {
        if (log.topics.empty()) continue;
        std::vector<market::FactBody> bodies;
        auto done = log.address == network_.market     ? read_market(log, step.facts, bodies)
                    : log.address == network_.profiles ? read_profiles(log, bodies)
                                                       : read_others(log, bodies);
        if (!done) {
            SONM_LOG(error, "contract {}, block {}, log {}: {}; is this program older than the contracts?",
                     log.address, log.block, log.index, done.error().message());
            continue;
        }
        for (market::FactBody& body : bodies)
            step.facts.push_back(market::Fact{log.block, log.index, log.block_time, std::move(body)});
    }
    return step;
}

}  // namespace sonm::settlement
