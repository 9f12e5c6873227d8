#include "sonm/worker/market_view.hpp"

#include "sonm/services/worker_service.hpp"

namespace sonm::worker {
namespace {

template <class... F>
struct Overload : F... {
    using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

}  // namespace

void MarketView::apply(const market::Step& step) {
    if (step.rewind_to) {
        bool dropped = false;
        while (!facts_.empty() && facts_.back().block > *step.rewind_to) {
            facts_.pop_back();
            dropped = true;
        }
        if (dropped) rebuild();
    }
    for (const market::Fact& fact : step.facts) {
        if (!concerns_us(fact.body)) continue;
        facts_.push_back(fact);
        take(fact);
    }
    head_block_ = step.head_block;
    head_time_ = step.head_time;
    live_ = step.live;
}

bool MarketView::concerns_us(const market::FactBody& body) const {
    return std::visit(Overload{
                          [&](const market::OrderPlaced& f) {
                              return f.order.author == self_ && f.order.side == model::Side::ask;
                          },
                          [&](const market::OrderCancelled& f) { return asks_.contains(f.id); },
                          [&](const market::DealOpened& f) { return f.deal.supplier == self_; },
                          [&](const market::DealSettled& f) { return f.deal.supplier == self_; },
                          [&](const market::DealChanged& f) { return f.deal.supplier == self_; },
                          [&](const market::DealToppedUp& f) { return f.deal.supplier == self_; },
                          [&](const market::DealClosed& f) { return f.deal.supplier == self_; },
                          [&](const market::AttributeSet& f) {
                              return f.account == self_ && f.key == services::endpoint_attribute();
                          },
                          [](const auto&) { return false; },
                      },
                      body);
}

void MarketView::take(const market::Fact& fact) {
    auto deal = [&](const Deal& deal, const DealState& state) {
        deals_.insert_or_assign(deal.id, DealFact{deal, state});
    };
    auto mark = [&](const OrderId& id, ListingState state) {
        if (auto ask = asks_.find(id); ask != asks_.end()) ask->second.state = state;
    };
    std::visit(Overload{
                   [&](const market::OrderPlaced& f) {
                       asks_.insert_or_assign(f.id, Ask{f.id, f.order, ListingState::open});
                   },
                   [&](const market::OrderCancelled& f) { mark(f.id, ListingState::gone); },
                   [&](const market::DealOpened& f) {
                       deal(f.deal, f.state);
                       if (!f.ask_signed) mark(f.deal.ask, ListingState::matched);
                   },
                   [&](const market::DealSettled& f) { deal(f.deal, f.state); },
                   [&](const market::DealChanged& f) { deal(f.deal, f.state); },
                   [&](const market::DealToppedUp& f) { deal(f.deal, f.state); },
                   [&](const market::DealClosed& f) { deal(f.deal, f.state); },
                   [&](const market::AttributeSet& f) {
                       endpoint_ = f.value;
                       ++endpoint_count_;
                   },
                   [](const auto&) {},
               },
               fact.body);
}

void MarketView::rebuild() {
    asks_.clear();
    deals_.clear();
    endpoint_.clear();
    endpoint_count_ = 0;
    for (const market::Fact& fact : facts_) take(fact);
}

void MarketView::prune(std::uint64_t blocks) {
    if (head_block_ < blocks) return;
    std::uint64_t before = head_block_ - blocks;
    // Of each noun the newest fact decides whether it is over, and how long already.
    std::map<OrderId, std::uint64_t> asks_over;
    std::map<DealId, std::uint64_t> deals_over;
    for (const market::Fact& fact : facts_) {
        if (auto* f = std::get_if<market::OrderCancelled>(&fact.body)) asks_over[f->id] = fact.block;
        if (auto* f = std::get_if<market::DealOpened>(&fact.body); f && !f->ask_signed)
            asks_over[f->deal.ask] = fact.block;
        if (auto* f = std::get_if<market::DealClosed>(&fact.body)) deals_over[f->deal.id] = fact.block;
    }
    auto ask_gone = [&](const OrderId& id) { return asks_over.contains(id) && asks_over[id] < before; };
    auto deal_gone = [&](const DealId& id) { return deals_over.contains(id) && deals_over[id] < before; };
    auto gone = [&](const market::Fact& fact) {
        return std::visit(Overload{
                              [&](const market::OrderPlaced& f) { return ask_gone(f.id); },
                              [&](const market::OrderCancelled& f) { return ask_gone(f.id); },
                              [&](const market::DealOpened& f) { return deal_gone(f.deal.id); },
                              [&](const market::DealSettled& f) { return deal_gone(f.deal.id); },
                              [&](const market::DealChanged& f) { return deal_gone(f.deal.id); },
                              [&](const market::DealToppedUp& f) { return deal_gone(f.deal.id); },
                              [&](const market::DealClosed& f) { return deal_gone(f.deal.id); },
                              [](const auto&) { return false; },
                          },
                          fact.body);
    };
    if (std::erase_if(facts_, gone) > 0) rebuild();
}

}  // namespace sonm::worker
