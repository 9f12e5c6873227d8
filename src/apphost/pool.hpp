#pragma once

#include "sonm/apphost/manifest.hpp"
#include "sonm/services/app_service.hpp"

#include <chrono>
#include <deque>
#include <set>

/// The pool of one application's workers as a pure function: what is, and the time, give what to do.
namespace sonm::apphost {

using Time = std::chrono::steady_clock::time_point;
using WorkerNumber = std::uint64_t;
using CallNumber = std::uint64_t;

enum class WorkerState : std::uint8_t { spawning, handshaking, active, sealing, terminating };
std::string_view to_string(WorkerState state);

struct PoolWorker {
    WorkerNumber number = 0;
    std::uint64_t version = 0;
    WorkerState state = WorkerState::spawning;
    Time since;            ///< of the state
    Time heard;            ///< last heartbeat
    Time idle_since;       ///< end of the last call
    std::size_t load = 0;  ///< calls
};

struct QueuedCall {
    CallNumber number = 0;
    Time queued;
    Time deadline;
};

/// What decide() looks at. Whoever acts keeps it up to date.
struct Pool {
    std::vector<PoolWorker> workers;
    std::deque<QueuedCall> queue;                   ///< oldest first
    std::set<std::pair<Time, CallNumber>> running;  ///< calls at workers, by deadline
    std::optional<std::size_t> wished;              ///< number of workers, set by an operator
    std::uint64_t version = 0;                      ///< what new workers run
    unsigned failures = 0;                          ///< deaths with an error in a row
    Time failed_at;
    bool stopping = false;

    PoolWorker* find(WorkerNumber number);
};

struct Action {
    enum class Kind : std::uint8_t {
        spawn,      ///< one worker of the pool's version
        assign,     ///< the oldest call of the queue, which is `call`, to `worker`
        expire,     ///< `call` has waited too long
        time_out,   ///< `call` has run too long
        seal,       ///< no more calls for `worker`
        terminate,  ///< ask `worker` to end
        kill        ///< end `worker`, for `why`
    };
    Kind kind;
    WorkerNumber worker = 0;
    CallNumber call = 0;
    services::AppWorkerErrc why = services::AppWorkerErrc::idle;
    bool operator==(const Action&) const = default;
};

struct Decision {
    std::vector<Action> actions;
    Time wake = Time::max();  ///< when to look again if nothing happens before
};

/// Pure. Rules: docs/apps.md, "Pools". Assignments take from the front of the queue, in order.
Decision decide(const Pool& pool, const Profile& profile, Time now);

/// How long after the last of so many deaths in a row the next worker is started: 1, 2, 4 .. 32 s.
std::chrono::seconds spawn_delay(unsigned failures);

}  // namespace sonm::apphost
