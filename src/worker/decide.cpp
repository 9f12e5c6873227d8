#include "sonm/worker/decide.hpp"

namespace sonm::worker {
namespace {

using model::DealStatus;

/// A deal's number may come back for another deal after a reorganisation; an order's id never does.
std::string brief(const OrderId& id) { return to_hex(BytesView(id.value.bytes).first(16)); }

struct Key {
    std::string operator()(const PlaceAsk& a) const {
        return fmt::format("place:{}:{}", a.plan, a.generation);
    }
    std::string operator()(const CancelAsk& a) const { return fmt::format("cancel:{}", brief(a.id)); }
    std::string operator()(const OpenDeal& a) const {
        return fmt::format("open:{}:{}", brief(a.ask_id), brief(a.bid_id));
    }
    std::string operator()(const SettleDeal& a) const {
        return fmt::format("settle:{}:{}:{}", a.deal.id, brief(a.deal.ask), a.settled_until);
    }
    std::string operator()(const CloseDeal& a) const {
        return fmt::format("close:{}:{}", a.deal.id, brief(a.deal.ask));
    }
    std::string operator()(const StopTasks& a) const { return fmt::format("stop:{}", a.deal); }
    std::string operator()(const ReleaseDeal& a) const { return fmt::format("release:{}", a.deal); }
    std::string operator()(const ForgetPlan& a) const { return fmt::format("forget:{}", a.plan); }
    std::string operator()(const PublishEndpoint& a) const {
        return fmt::format("endpoint:{}:{}", a.count, a.endpoint);
    }
};

bool is_ahead(const Listing& listing) {
    return listing.state == ListingState::intended || listing.state == ListingState::open;
}

/// One round of decisions; collects actions whose key is free.
class Round {
public:
    Round(const Picture& picture, UnixTime now, const Policy& policy)
        : picture_(picture), now_(now), policy_(policy) {}

    std::vector<Action> run() {
        for (const DealView& deal : picture_.deals) decide_deal(deal);
        if (!picture_.live) return std::move(actions_);
        for (const Order& order : picture_.strangers) add(CancelAsk{order, model::order_id(order)});
        if (!picture_.endpoint_wanted.empty() && picture_.endpoint_wanted != picture_.endpoint_known) {
            add(PublishEndpoint{picture_.endpoint_wanted, picture_.endpoint_count});
        }
        free_ = picture_.capacity;
        for (const DealView& deal : picture_.deals) take(deal.holds);
        // What is listed is promised: it counts before anything new is listed, and is withdrawn if it is not
        // there any more.
        for (const PlanView& plan : picture_.plans) {
            if (plan.listing && is_ahead(*plan.listing) && !take(plan.listing->resources))
                oversold_.insert(plan.id);
        }
        for (const PlanView& plan : picture_.plans) decide_plan(plan);
        return std::move(actions_);
    }

private:
    void add(Action action) {
        std::string key = key_of(action);
        if (!picture_.under_way.contains(key) && !picture_.waiting.contains(key))
            actions_.push_back(std::move(action));
    }

    /// Puts `resources` aside; false, and nothing is left, if they are not there.
    bool take(const Resources& resources) {
        auto rest = free_.minus(resources);
        free_ = rest ? *rest : Resources{};
        return bool(rest);
    }

    void decide_deal(const DealView& view) {
        const Deal& deal = view.deal;
        bool closed = view.state.status == DealStatus::closed;
        bool lost = view.missing_since && is_lost(view);
        UnixTime end = view.ends;
        bool over = closed || lost || now_ >= (picture_.live ? end : end + policy_.blind_wait);
        if (over && view.tasks_alive > 0) add(StopTasks{deal.id, reason(closed, lost)});
        if ((closed || lost) && view.tasks_alive == 0) add(ReleaseDeal{deal.id});
        if (closed || view.missing_since || !picture_.live) return;
        Seconds unsettled = now_ - view.state.settled_until;
        if (now_ >= end + policy_.end_margin ? unsettled >= policy_.end_retry
                                             : unsettled >= policy_.settle_period) {
            add(SettleDeal{deal, view.state.settled_until});
        }
        if (now_ < end && deal.end.value == 0 && unwanted(view)) add(CloseDeal{deal});
    }

    /// The chain often comes back with the same transactions in other blocks; not if the ask is in another
    /// deal by now.
    bool is_lost(const DealView& view) const {
        auto replaces = [&](const DealView& other) {
            return !other.missing_since && other.deal.ask == view.deal.ask;
        };
        return std::ranges::any_of(picture_.deals, replaces) ||
               (now_ - *view.missing_since >= policy_.missing_wait &&
                picture_.head_block >= view.missing_head + policy_.missing_blocks);
    }

    static std::string reason(bool closed, bool lost) {
        if (lost) return "the deal is no longer on the chain";
        return closed ? "the deal was closed" : "the deal has ended";
    }

    bool unwanted(const DealView& view) const {
        if (!view.plan) return true;
        auto plan = std::ranges::find(picture_.plans, *view.plan, &PlanView::id);
        return plan != picture_.plans.end() && plan->removing && plan->end_spot;
    }

    bool has_deal(const PlanView& plan) const {
        return std::ranges::any_of(picture_.deals,
                                   [&](const DealView& deal) { return deal.plan == plan.id; });
    }

    void decide_plan(const PlanView& plan) {
        bool may_sell = !plan.removing && !picture_.draining && !picture_.engine_down_since;
        bool withdrawn =
            plan.removing || picture_.draining || plan.outdated || oversold_.contains(plan.id) ||
            (picture_.engine_down_since && now_ - *picture_.engine_down_since >= policy_.engine_wait);
        if (plan.listing && is_ahead(*plan.listing)) {
            const Listing& ask = *plan.listing;
            if (now_ >= ask.order.expiry) return;  // the view turns it into `gone`
            if (ask.state == ListingState::intended) {
                // It may be on its way already, so it is never dropped: first it is placed, then cancelled.
                return add(PlaceAsk{plan.id, ask.generation});
            }
            if (withdrawn) return add(CancelAsk{ask.order, ask.id});
            if (may_sell) open_best(plan.id, ask);
            return;
        }
        if (has_deal(plan)) return;
        if (plan.removing) return add(ForgetPlan{plan.id});
        if (!may_sell || !free_.covers(plan.resources)) return;
        take(plan.resources);
        add(PlaceAsk{plan.id, plan.listing ? plan.listing->generation + 1 : 1});
    }

    /// One attempt for an ask at a time; a bid that failed a moment ago makes room for the next best. While a
    /// deal of the plan is missing, only that very deal is opened again: its tasks still run.
    void open_best(const PlanId& plan, const Listing& ask) {
        auto held = std::ranges::find(picture_.deals, std::optional(plan), &DealView::plan);
        for (const Match& match : picture_.matches) {
            if (match.plan != plan || now_ >= match.bid.expiry) continue;
            OpenDeal action{ask.order, match.bid, ask.id, model::order_id(match.bid)};
            if (held != picture_.deals.end() &&
                (held->deal.ask != action.ask_id || held->deal.bid != action.bid_id))
                continue;
            std::string key = key_of(action);
            if (picture_.under_way.contains(key)) return;
            if (taken_.contains(action.bid_id) || picture_.waiting.contains(key)) continue;
            taken_.insert(action.bid_id);
            actions_.push_back(std::move(action));
            return;
        }
    }

    const Picture& picture_;
    UnixTime now_;
    const Policy& policy_;
    Resources free_;
    std::set<PlanId> oversold_;
    std::set<OrderId> taken_;  ///< bids for which a deal is opened in this round
    std::vector<Action> actions_;
};

}  // namespace

std::string key_of(const Action& action) { return std::visit(Key(), action); }

std::vector<Action> decide(const Picture& picture, UnixTime now, const Policy& policy) {
    return Round(picture, now, policy).run();
}

}  // namespace sonm::worker
