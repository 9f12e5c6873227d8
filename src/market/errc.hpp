#pragma once

#include "sonm/base/errc.hpp"

namespace sonm::market {

#define SONM_MARKET_ERRORS(X)                                                    \
    X(balance_too_small, 1, "not enough SNM")                                    \
    X(not_the_author, 2, "the order belongs to somebody else")                   \
    X(order_exists, 3, "this very order was placed before")                      \
    X(order_not_open, 4, "the order is not in the book (any more)")              \
    X(price_is_zero, 5, "an order must have a price")                            \
    X(expiry_out_of_range, 6, "the order would expire too late, or has expired") \
    X(escrow_too_small, 7, "the bid comes with less money than it needs")        \
    X(orders_do_not_match, 8, "the orders do not match")                         \
    X(unknown_deal, 9, "no such deal")                                           \
    X(deal_ended, 10, "the deal has ended")                                      \
    X(not_a_party, 11, "only a party of the deal may do this")                   \
    X(closed_too_early, 12, "a supplier may close a deal only after its end")    \
    X(nothing_to_top_up, 13, "there is nothing to top up")                       \
    X(paused, 14, "the market takes no new orders and deals for now")            \
    X(history_too_short, 15, "the rewind goes further back than is remembered")  \
    X(refused, 16, "the market refused")

/// Why the market says no: the contract's errors that a user can run into, and one of the follower's own.
SONM_ERROR_ENUM(MarketErrc, "market", SONM_MARKET_ERRORS)

}  // namespace sonm::market

SONM_REGISTER_ERROR_ENUM(sonm::market::MarketErrc)
