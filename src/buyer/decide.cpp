#include "sonm/buyer/decide.hpp"

namespace sonm::buyer {

std::string_view to_string(Step step) {
    switch (step) {
#define SONM_RUN_STEP_TEXT(identifier, text) \
    case Step::identifier: return text;
        SONM_RUN_STEPS(SONM_RUN_STEP_TEXT)
#undef SONM_RUN_STEP_TEXT
    }
    return "?";
}

Step decide(const Known& known) {
    using Bid = Known::Bid;
    // What may be on its way can only be taken back once it is there; placing again waits for the first one.
    if (known.bid == Bid::absent) return known.cancel_asked && !known.bid_sent ? Step::done : Step::place_bid;
    if (known.bid == Bid::cancelled) return Step::done;
    if (known.bid == Bid::expired) return Step::cancel_bid;  // expired money comes back by cancelling
    if (known.bid == Bid::open) return known.cancel_asked ? Step::cancel_bid : Step::wait_for_deal;

    // The bid is matched: there is a deal, or its event has not arrived yet.
    if (!known.deal) return Step::wait_for_deal;
    bool final = known.task && model::is_final(*known.task);
    bool closed = *known.deal == DealStatus::closed;
    bool settled = closed || known.deal_over;

    // A result may lie at the worker even after the end of the deal: try for it before giving up on it.
    if (known.result_saved) return closed ? Step::done : Step::close_deal;
    if (settled && !final) return closed ? Step::done : Step::close_deal;
    if (known.worker_lost) return closed ? Step::done : Step::close_deal;
    bool leave = known.cancel_asked && (!known.task || !known.worker_reachable) && !final;
    if (leave) return closed ? Step::done : Step::close_deal;
    if (!known.worker_reachable) return Step::connect;
    if (final) return Step::save_result;
    if (!known.task) return Step::start_task;
    return known.cancel_asked ? Step::stop_task : Step::follow_task;
}

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::succeeded: return "succeeded";
        case Outcome::task_failed: return "task failed";
        case Outcome::cancelled: return "cancelled";
        case Outcome::no_deal: return "no deal";
        case Outcome::worker_lost: return "worker out of reach";
        case Outcome::deal_ended: return "deal ended before the task";
    }
    return "?";
}

Outcome outcome(const Known& known, std::int32_t exit_code) {
    if (known.result_saved && known.task == TaskState::finished && exit_code == 0) return Outcome::succeeded;
    if (known.cancel_asked) return Outcome::cancelled;
    if (!known.deal) return Outcome::no_deal;
    if (known.result_saved && known.task && model::is_final(*known.task)) return Outcome::task_failed;
    return known.worker_lost ? Outcome::worker_lost : Outcome::deal_ended;
}

}  // namespace sonm::buyer
