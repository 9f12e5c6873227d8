#pragma once

#include "sonm/model/task.hpp"

#include <optional>
#include <string>
#include <variant>

namespace sonm::buyer {

using model::DealStatus;
using model::TaskState;

/// What a run has got to do next is decided from what is known about it; nothing here is remembered that a
/// fact or the worker can tell. So a run that was interrupted anywhere goes on where it was.
struct Known {
    enum class Bid { absent, open, matched, cancelled, expired };
    Bid bid = Bid::absent;
    bool bid_sent = false;           ///< it may be on its way to the chain, though no fact says so yet
    std::optional<DealStatus> deal;  ///< nothing while the bid is not matched
    bool deal_over = false;          ///< its end has passed, whether or not anybody has closed it
    bool worker_reachable = false;   ///< a proven connection to the deal's supplier stands
    bool worker_lost = false;        ///< out of reach for longer than the run's patience
    std::optional<TaskState> task;   ///< nothing while the worker does not know the task
    bool result_saved = false;       ///< outputs (if any) and receipt lie on our disk
    bool cancel_asked = false;       ///< the user wants out
};

/// X(identifier, "what it does, for progress lines")
#define SONM_RUN_STEPS(X)                                        \
    X(place_bid, "placing the bid")                              \
    X(wait_for_deal, "waiting for a supplier")                   \
    X(cancel_bid, "taking the bid back")                         \
    X(connect, "connecting to the worker")                       \
    X(start_task, "sending image and inputs, starting the task") \
    X(follow_task, "running")                                    \
    X(stop_task, "stopping the task")                            \
    X(save_result, "fetching the result")                        \
    X(close_deal, "closing the deal")                            \
    X(done, "done")
#define SONM_RUN_STEP_ENUMERATOR(identifier, text) identifier,
enum class Step { SONM_RUN_STEPS(SONM_RUN_STEP_ENUMERATOR) };
#undef SONM_RUN_STEP_ENUMERATOR
std::string_view to_string(Step);

/// The next step. Pure. `done` is final: the money is back or paid, and what could be fetched was fetched.
Step decide(const Known& known);

/// How a run that is done ended.
enum class Outcome { succeeded, task_failed, cancelled, no_deal, deal_ended, worker_lost };
std::string_view to_string(Outcome);
/// Only for runs at Step::done.
Outcome outcome(const Known& known, std::int32_t exit_code);

}  // namespace sonm::buyer
