#include "sonm/model/deal.hpp"

#include "sonm/base/errc.hpp"

namespace sonm::model {

std::string_view to_string(DealStatus status) {
    switch (status) {
        case DealStatus::unknown: return "unknown";
        case DealStatus::open: return "open";
        case DealStatus::closed: return "closed";
    }
    return "unknown";
}

Result<Tokens> cost(PricePerSecond price, Seconds span) {
    Result<U256> product = checked_mul(price.value, U256(span.value));
    if (!product || *product > amount_max) {
        return fail(Errc::overflow, "{} s at {} x 10^-18 a second is over 2^96 - 1", span, price);
    }
    return Tokens(*product);
}

UnixTime ends_at(const Deal& deal, const DealState& state) {
    if (state.status == DealStatus::closed) return state.settled_until;
    constexpr U256 time_max = (U256(1) << 40) - 1;
    U256 end = deal.end.value == 0 ? time_max : U256(deal.end.value);
    if (deal.currency == Currency::snm && deal.price.value != 0) {
        U256 used_up =
            U256(deal.start.value) + (state.escrow.value + deal.price.value - 1) / deal.price.value;
        end = std::min(end, used_up);
    }
    return UnixTime(static_cast<std::uint64_t>(std::min(end, time_max)));
}

}  // namespace sonm::model
