#include "sonm/cli/explain.hpp"

#include "sonm/market/explain.hpp"
#include "sonm/market/state.hpp"

namespace sonm::cli {

Explanation explain_order(const MarketView& view, const OrderEntry& entry) {
    Explanation out;
    if (entry.state != OrderState::open) {
        out.lines.push_back(fmt::format("It is {}: nothing can match it any more.", to_string(entry.state)));
        return out;
    }
    // Who stands behind the orders and what SNM costs follows from the same facts.
    market::MarketState state;
    market::Step all;
    all.facts = view.facts;
    all.head_block = view.head_block;
    all.head_time = view.head_time;
    if (auto applied = state.apply(all); !applied) {
        out.lines.push_back(applied.error().message());
        return out;
    }
    std::vector<market::CounterOrder> others;
    for (const auto& [id, other] : view.orders)
        if (other.state == OrderState::open) others.push_back({id, &other.order});
    auto explanation = market::explain(entry.order, others, state.context(view.head_time));
    out.matches = explanation.matching > 0;
    out.lines = market::to_lines(explanation, entry.order);
    return out;
}

}  // namespace sonm::cli
