#pragma once

#include "sonm/cli/context.hpp"

#include <map>

namespace sonm::cli {

enum class OrderState { open, matched, cancelled, expired };
std::string_view to_string(OrderState state);

struct OrderEntry {
    model::OrderId id;
    model::Order order;
    Tokens escrow;
    OrderState state = OrderState::open;
    std::optional<model::DealId> deal;
};
struct DealEntry {
    model::Deal deal;
    model::DealState state;
    Tokens settled_before;  ///< paid under earlier terms
    bool over = false;      ///< its end has passed by the chain's clock
};

/// All orders and deals as of one moment, read from the facts. For commands that look once; daemons keep
/// market::OrderBook.
struct MarketView {
    std::map<model::OrderId, OrderEntry> orders;
    std::map<model::DealId, DealEntry> deals;
    std::vector<market::Fact> facts;
    std::uint64_t head_block = 0;
    UnixTime head_time;

    /// By its id or an unambiguous beginning of it (at least 4 digits). Errors: not_found, invalid.
    Result<OrderEntry> order(std::string_view text) const;
    Result<DealEntry> deal(std::string_view text) const;
};

/// Reads the market in and keeps it current while `group` lives; returns once history is complete.
/// Errors: timeout, naming how far it came.
Async<std::shared_ptr<const MarketView>> market_view(Context& context, TaskGroup& group,
                                                     market::Ledger& ledger);

}  // namespace sonm::cli
