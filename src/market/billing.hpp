#pragma once

#include "sonm/model/deal.hpp"

#include <vector>

namespace sonm::market {

/// Every report of the price oracle, and what follows from them. The contract's arithmetic
/// (contracts/src/PriceOracle.sol). Value type.
class RateHistory {
public:
    /// Reports come in the order of time.
    void add(model::Rate rate, UnixTime since);
    /// Takes the last report back.
    void undo();
    bool empty() const { return reports_.empty(); }
    /// 0 if there is no report.
    model::Rate latest() const;
    UnixTime latest_since() const;
    /// SNM for one USD, 10^-18, rounded down; 0 if there is no report.
    U256 snm_per_usd() const;
    /// Sum of snm_per_usd over time since the first report, up to `time`.
    model::RateTotal total_at(UnixTime time) const;
    /// First second at which the sum reaches `total`.
    UnixTime reached_at(U256 total) const;

    struct Report {
        model::Rate rate;
        UnixTime since;
        U256 total = 0;
    };
    const std::vector<Report>& reports() const { return reports_; }

private:
    std::vector<Report> reports_;
};

/// What is due to whom at some time.
struct Bill {
    Tokens owed;         ///< earned by the master and not yet paid
    bool ended = false;  ///< whether the deal has ended by then
};

/// All that the deal has cost by `time`, whatever its escrow; rounded down, once, over the whole deal.
Tokens cost_at(const model::Deal& deal, UnixTime time, const RateHistory& rates);
/// The bill of an open deal at `now`; never more than its escrow. A closed deal owes nothing.
Bill bill_at(const model::Deal& deal, const model::DealState& state, UnixTime now, const RateHistory& rates);
/// When it ends if nothing changes: its end, or the second in which its escrow is used up at the last known
/// rate. A closed deal: when it ended.
UnixTime ends_at(const model::Deal& deal, const model::DealState& state, const RateHistory& rates);

/// A spot bid freezes at least the price of this many seconds. Source: Market.SPOT_DEPOSIT_SECONDS.
inline constexpr Seconds spot_deposit{600};
using model::order_lifetime_max;
/// Least escrow of a bid (or of a deal at this price), SNM, rounded up. Errors: overflow beyond 96 bits,
/// unavailable without a rate.
Result<Tokens> escrow_needed(model::PricePerSecond price, model::Currency currency, Seconds duration,
                             const RateHistory& rates);

/// When a master asks the market for its money.
struct SettlementPolicy {
    Seconds period{3600};  ///< settle at most this often
    Tokens owed_min;       ///< and only if this much is owed; what it costs to ask
};
enum class SettlementAction : std::uint8_t { nothing, settle, close };
/// What to do about one deal of ours now: close what has ended, settle what is due. Pure.
SettlementAction decide(const model::Deal& deal, const model::DealState& state, UnixTime now,
                        const RateHistory& rates, const SettlementPolicy& policy);

}  // namespace sonm::market
