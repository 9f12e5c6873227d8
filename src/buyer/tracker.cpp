#include "sonm/buyer/tracker.hpp"

namespace sonm::buyer {

Tracker::Tracker(model::Order bid) : order_(std::move(bid)), id_(model::order_id(order_)) {}

bool Tracker::concerns(const market::FactBody& body) const {
    if (auto* placed = std::get_if<market::OrderPlaced>(&body)) return placed->id == id_;
    if (auto* cancelled = std::get_if<market::OrderCancelled>(&body)) return cancelled->id == id_;
    if (auto* opened = std::get_if<market::DealOpened>(&body))
        return opened->deal.bid == id_ && !opened->bid_signed;
    if (auto* settled = std::get_if<market::DealSettled>(&body)) return settled->deal.bid == id_;
    if (auto* changed = std::get_if<market::DealChanged>(&body)) return changed->deal.bid == id_;
    if (auto* topped = std::get_if<market::DealToppedUp>(&body)) return topped->deal.bid == id_;
    if (auto* closed = std::get_if<market::DealClosed>(&body)) return closed->deal.bid == id_;
    return false;
}

void Tracker::apply(const market::Step& step) {
    if (step.rewind_to)
        std::erase_if(facts_, [&](const market::Fact& fact) { return fact.block > *step.rewind_to; });
    for (const auto& fact : step.facts)
        if (concerns(fact.body)) facts_.push_back(fact);
    head_time_ = step.head_time;
    live_ = step.live;
}

Known::Bid Tracker::bid() const {
    auto state = Known::Bid::absent;
    for (const auto& fact : facts_) {
        if (std::holds_alternative<market::OrderPlaced>(fact.body))
            state = Known::Bid::open;
        else if (std::holds_alternative<market::OrderCancelled>(fact.body))
            state = Known::Bid::cancelled;
        else
            state = Known::Bid::matched;
    }
    if (state == Known::Bid::open && head_time_ >= order_.expiry) return Known::Bid::expired;
    return state;
}

std::optional<Tracker::DealView> Tracker::deal() const {
    std::optional<DealView> view;
    for (const auto& fact : facts_) {
        if (auto* opened = std::get_if<market::DealOpened>(&fact.body))
            view = DealView{opened->deal, opened->state};
        if (auto* settled = std::get_if<market::DealSettled>(&fact.body))
            view = DealView{settled->deal, settled->state};
        if (auto* changed = std::get_if<market::DealChanged>(&fact.body))
            view = DealView{changed->deal, changed->state};
        if (auto* topped = std::get_if<market::DealToppedUp>(&fact.body))
            view = DealView{topped->deal, topped->state};
        if (auto* closed = std::get_if<market::DealClosed>(&fact.body))
            view = DealView{closed->deal, closed->state};
    }
    return view;
}

bool Tracker::deal_over() const {
    auto view = deal();
    if (!view) return false;
    if (view->state.status == model::DealStatus::closed) return true;
    if (view->deal.currency == model::Currency::usd && view->deal.end.value == 0)
        return false;  // needs the oracle: the worker says so
    return head_time_ >= model::ends_at(view->deal, view->state);
}

}  // namespace sonm::buyer
