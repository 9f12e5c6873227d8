#pragma once

#include "sonm/cli/market_view.hpp"

namespace sonm::cli {

/// Why an order has no counterpart, as lines for people: the binding rule of the nearest candidates, and the
/// cheapest changes that would help.
struct Explanation {
    bool matches = false;
    std::vector<std::string> lines;
};
Explanation explain_order(const MarketView& view, const OrderEntry& entry);

}  // namespace sonm::cli
