#include "sonm/cli/market_view.hpp"

#include "sonm/base/units.hpp"

namespace sonm::cli {
namespace {

/// Everything follows from the facts, so that after a rewind it is simply made anew.
void rebuild(MarketView& view) {
    view.orders.clear();
    view.deals.clear();
    auto set_deal = [&](const model::Deal& deal, const model::DealState& state) {
        DealEntry entry{deal, state, view.deals[deal.id].settled_before, false};
        entry.over = state.status == model::DealStatus::closed ||
                     (deal.currency == model::Currency::snm && view.head_time >= model::ends_at(deal, state));
        view.deals[deal.id] = std::move(entry);
    };
    for (const auto& fact : view.facts) {
        if (auto* placed = std::get_if<market::OrderPlaced>(&fact.body)) {
            OrderEntry entry{placed->id, placed->order, placed->escrow, OrderState::open, std::nullopt};
            if (view.head_time >= placed->order.expiry) entry.state = OrderState::expired;
            view.orders[placed->id] = std::move(entry);
        } else if (auto* cancelled = std::get_if<market::OrderCancelled>(&fact.body)) {
            if (auto found = view.orders.find(cancelled->id); found != view.orders.end())
                found->second.state = OrderState::cancelled;
        } else if (auto* opened = std::get_if<market::DealOpened>(&fact.body)) {
            auto match = [&](const model::OrderId& id) {
                auto found = view.orders.find(id);
                if (found == view.orders.end()) return;
                found->second.state = OrderState::matched;
                found->second.deal = opened->deal.id;
            };
            if (!opened->ask_signed) match(opened->deal.ask);
            if (!opened->bid_signed) match(opened->deal.bid);
            set_deal(opened->deal, opened->state);
        } else if (auto* settled = std::get_if<market::DealSettled>(&fact.body)) {
            set_deal(settled->deal, settled->state);
        } else if (auto* changed = std::get_if<market::DealChanged>(&fact.body)) {
            Tokens& before = view.deals[changed->deal.id].settled_before;
            auto settled = view.deals[changed->deal.id].state.paid.value + changed->settled.value;
            before = Tokens(before.value + settled);
            set_deal(changed->deal, changed->state);
        } else if (auto* topped = std::get_if<market::DealToppedUp>(&fact.body)) {
            set_deal(topped->deal, topped->state);
        } else if (auto* closed = std::get_if<market::DealClosed>(&fact.body)) {
            set_deal(closed->deal, closed->state);
        }
    }
}

struct Follower {
    explicit Follower(const Executor& executor) : changed(executor, asio::steady_timer::time_point::max()) {}
    std::shared_ptr<MarketView> view = std::make_shared<MarketView>();
    bool live = false;
    asio::steady_timer changed;

    void apply(const market::Step& step) {
        if (step.rewind_to)
            std::erase_if(view->facts,
                          [&](const market::Fact& fact) { return fact.block > *step.rewind_to; });
        view->facts.insert(view->facts.end(), step.facts.begin(), step.facts.end());
        view->head_block = step.head_block;
        view->head_time = step.head_time;
        live = live || step.live;
        if (!live) return;
        rebuild(*view);
        changed.cancel();
    }
};

Async<void> until_live(std::shared_ptr<Follower> follower) {
    while (!follower->live) {
        (void)co_await follower->changed.async_wait(as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw asio::system_error(asio::error::operation_aborted);
    }
    co_return Result<void>();
}

Task<void> keep_following(market::Ledger& ledger, std::shared_ptr<Follower> follower) {
    auto on_step = [follower](const market::Step& step) { follower->apply(step); };
    co_await ledger.follow(0, on_step);
}

}  // namespace

std::string_view to_string(OrderState state) {
    switch (state) {
        case OrderState::open: return "open";
        case OrderState::matched: return "matched";
        case OrderState::cancelled: return "cancelled";
        case OrderState::expired: return "expired";
    }
    return "?";
}

Result<OrderEntry> MarketView::order(std::string_view text) const {
    std::string_view digits = text.starts_with("0x") ? text.substr(2) : text;
    if (digits.size() < 4 || digits.size() > 64 ||
        digits.find_first_not_of("0123456789abcdef") != std::string_view::npos)
        return fail(Errc::invalid, "'{}' is not the id of an order: 0x and hex digits, at least 4",
                    text.substr(0, 80));
    const OrderEntry* found = nullptr;
    for (const auto& [id, entry] : orders) {
        if (!to_hex(id.value.bytes).starts_with(digits)) continue;
        if (found) return fail(Errc::invalid, "'{}' begins the ids of several orders", text);
        found = &entry;
    }
    if (!found) return fail(Errc::not_found, "no order {}: see `sonm order ls --all`", text);
    return *found;
}

Result<DealEntry> MarketView::deal(std::string_view text) const {
    auto number = parse_int<std::uint64_t>(text);
    if (!number) return fail(Errc::invalid, "'{}' is not the number of a deal", text.substr(0, 80));
    auto found = deals.find(model::DealId(*number));
    if (found == deals.end()) return fail(Errc::not_found, "no deal {}: see `sonm deal ls --all`", text);
    return found->second;
}

Async<std::shared_ptr<const MarketView>> market_view(Context& context, TaskGroup& group,
                                                     market::Ledger& ledger) {
    auto follower = std::make_shared<Follower>(context.executor());
    if (!group.spawn(keep_following(ledger, follower))) co_return fail(Errc::busy, "too many followers");
    auto waiting = until_live(follower);
    auto ready = co_await within(std::chrono::seconds(120), std::move(waiting));
    if (!ready)
        co_return wrap(ready.error(), "reading the market's history (block {} so far)",
                       follower->view->head_block);
    std::shared_ptr<const MarketView> view = follower->view;
    co_return std::move(view);
}

}  // namespace sonm::cli
