#include "sonm/cli/explain.hpp"

#include "sonm/cli/describe.hpp"
#include "sonm/market/explain.hpp"
#include "sonm/market/state.hpp"

namespace sonm::cli {

Explanation explain_order(const MarketView& view, const OrderEntry& entry) {
    Explanation out;
    if (entry.state != OrderState::open) {
        out.lines.push_back(fmt::format("It is {}: nothing can match it any more.", to_string(entry.state)));
        return out;
    }
    market::Step step;
    step.facts = view.facts;
    step.head_block = view.head_block;
    step.head_time = view.head_time;
    market::MarketState state;
    if (auto done = state.apply(step); !done) {
        out.lines.push_back(done.error().message());
        return out;
    }
    std::vector<market::CounterOrder> others;
    state.book().for_each([&](const market::OpenOrder& open) { others.push_back(market::CounterOrder{open.id, &open.order}); });
    market::Explanation why = market::explain(entry.order, others, state.context(view.head_time));
    out.matches = why.matching != 0;
    out.lines = market::to_lines(why, entry.order);
    return out;
}

}  // namespace sonm::cli
