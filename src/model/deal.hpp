#pragma once

#include "sonm/model/order.hpp"

namespace sonm::model {

enum class DealStatus : std::uint8_t { unknown = 0, open = 1, closed = 2 };
enum class BlacklistChoice : std::uint8_t { nobody = 0, counterparty = 1, master = 2 };

/// Two orders bound by the contract. Field for field the contract's `Deal`. Value type.
struct Deal {
    DealId id;
    OrderId ask, bid;
    Address supplier;  ///< the worker
    Address master;    ///< who is paid
    Address consumer;  ///< who pays
    PricePerSecond price;
    Currency currency = Currency::snm;
    UnixTime start;
    UnixTime end;  ///< 0 = spot
    RateTotal rate_start;
    bool operator==(const Deal&) const = default;
};

/// The part of a deal that moves.
struct DealState {
    DealStatus status = DealStatus::unknown;
    Tokens escrow, paid;
    UnixTime settled_until;  ///< closed: when the deal ended
    bool operator==(const DealState&) const = default;
};

std::string_view to_string(DealStatus);

/// price × span in 10^-18 of the currency. Errors: overflow beyond 96 bits.
Result<Tokens> cost(PricePerSecond price, Seconds span);
/// When an SNM deal ends if nothing changes: its end, or the second in which the escrow is used up. The
/// contract's rule, saturating.
UnixTime ends_at(const Deal& deal, const DealState& state);

}  // namespace sonm::model
