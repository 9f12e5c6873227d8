#include "sonm/market/billing.hpp"

#include "sonm/base/errc.hpp"

namespace sonm::market {

using model::Currency;
using model::Deal;
using model::DealState;
using model::DealStatus;

namespace {

constexpr U256 wad = 1'000'000'000'000'000'000ULL;
constexpr U256 scale = wad * wad;
constexpr U256 time_max = (U256(1) << 40) - 1;
constexpr U256 total_max = (U256(1) << 128) - 1;

U256 divide_up(U256 a, U256 b) { return b == 0 ? u256_max : (a + b - 1) / b; }
UnixTime narrow(U256 time) { return UnixTime(static_cast<std::uint64_t>(std::min(time, time_max))); }
U256 inverse(model::Rate rate) { return rate.value == 0 ? U256(0) : scale / rate.value; }

U256 extrapolate(const RateHistory::Report& from, UnixTime time) {
    if (time <= from.since) return from.total;
    Seconds span = narrow(U256(time.value)) - from.since;
    return std::min(from.total + inverse(from.rate) * U256(span.value), total_max);
}

}  // namespace

void RateHistory::add(model::Rate rate, UnixTime since) {
    U256 total = reports_.empty() ? U256(0) : extrapolate(reports_.back(), since);
    reports_.push_back(Report{rate, since, total});
}

void RateHistory::undo() {
    if (!reports_.empty()) reports_.pop_back();
}

model::Rate RateHistory::latest() const { return reports_.empty() ? model::Rate{} : reports_.back().rate; }
UnixTime RateHistory::latest_since() const { return reports_.empty() ? UnixTime{} : reports_.back().since; }
U256 RateHistory::snm_per_usd() const { return inverse(latest()); }

model::RateTotal RateHistory::total_at(UnixTime time) const {
    if (reports_.empty()) return {};
    auto later = std::upper_bound(reports_.begin(), reports_.end(), time,
                                  [](UnixTime t, const Report& report) { return t < report.since; });
    const Report& from = later == reports_.begin() ? *later : *std::prev(later);
    return model::RateTotal(extrapolate(from, time));
}

UnixTime RateHistory::reached_at(U256 total) const {
    if (reports_.empty()) return narrow(time_max);
    auto later = std::upper_bound(reports_.begin() + 1, reports_.end(), total,
                                  [](const U256& t, const Report& report) { return t < report.total; });
    const Report& from = *std::prev(later);
    return narrow(U256(from.since.value) + divide_up(saturating_sub(total, from.total), inverse(from.rate)));
}

Tokens cost_at(const Deal& deal, UnixTime time, const RateHistory& rates) {
    if (deal.end.value != 0 && time > deal.end) time = deal.end;
    if (time <= deal.start) return {};
    if (deal.currency == Currency::snm) {
        Seconds span = narrow(U256(time.value)) - deal.start;
        return Tokens(deal.price.value * U256(span.value));
    }
    U256 total = rates.total_at(time).value;
    return Tokens(deal.price.value * saturating_sub(total, deal.rate_start.value) / wad);
}

Bill bill_at(const Deal& deal, const DealState& state, UnixTime now, const RateHistory& rates) {
    if (state.status != DealStatus::open) return Bill{Tokens{}, true};
    Tokens cost = cost_at(deal, now, rates);
    bool ended = cost >= state.escrow || (deal.end.value != 0 && now >= deal.end);
    U256 earned = std::min(cost.value, state.escrow.value);
    return Bill{Tokens(saturating_sub(earned, state.paid.value)), ended};
}

UnixTime ends_at(const Deal& deal, const DealState& state, const RateHistory& rates) {
    if (deal.currency == Currency::snm || state.status == DealStatus::closed)
        return model::ends_at(deal, state);
    U256 needed = deal.rate_start.value + divide_up(state.escrow.value * wad, deal.price.value);
    UnixTime used_up = rates.reached_at(needed);
    return deal.end.value != 0 ? std::min(used_up, deal.end) : used_up;
}

Result<Tokens> escrow_needed(model::PricePerSecond price, Currency currency, Seconds duration,
                             const RateHistory& rates) {
    SONM_TRY(Tokens total, model::cost(price, duration.value == 0 ? spot_deposit : duration));
    if (currency == Currency::snm) return total;
    if (rates.empty()) return fail(Errc::unavailable, "the market has no price of an SNM in USD yet");
    U256 snm = divide_up(total.value * rates.snm_per_usd(), wad);
    if (snm > model::amount_max) return fail(Errc::overflow, "the escrow is over 2^96 - 1 x 10^-18 SNM");
    return Tokens(snm);
}

SettlementAction decide(const Deal& deal, const DealState& state, UnixTime now, const RateHistory& rates,
                        const SettlementPolicy& policy) {
    if (state.status != DealStatus::open) return SettlementAction::nothing;
    Bill bill = bill_at(deal, state, now, rates);
    if (bill.ended) return SettlementAction::close;
    bool due = now - state.settled_until >= policy.period;
    return due && bill.owed.value > 0 && bill.owed >= policy.owed_min ? SettlementAction::settle
                                                                      : SettlementAction::nothing;
}

}  // namespace sonm::market
