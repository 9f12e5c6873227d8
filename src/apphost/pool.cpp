#include "sonm/apphost/pool.hpp"

#include <algorithm>

namespace sonm::apphost {
namespace {

using services::AppWorkerErrc;
using Kind = Action::Kind;

/// One look at the pool: the counters that its rules share, and what came out.
class Look {
public:
    Look(const Pool& pool, const Profile& profile, Time now) : pool_(pool), profile_(profile), now_(now) {
        for (const PoolWorker& worker : pool.workers) {
            loads_.push_back(worker.load);
            bool current = worker.version == pool.version;
            // Those that are sealed count: what keeps them busy has to be done by others soon.
            bool serving = worker.state == WorkerState::active || worker.state == WorkerState::sealing;
            if (serving && worker.load > 0) ++busy_;
            if (worker.state == WorkerState::active) {
                ++(current ? active_ : active_old_);
            } else if (current && starting(worker)) {
                ++starting_;
            }
        }
        std::size_t target = pool.queue.size() / profile.threshold();
        if (pool.wished) target = *pool.wished;
        // Those that work are needed: a new version must not come with fewer workers than the old one had.
        if (!pool.wished) target = std::max(target, busy_);
        target_ = pool.stopping ? 0 : std::clamp<std::size_t>(target, 1, profile.pool_limit);
    }

    Decision take() {
        for (std::size_t i = 0; i < pool_.workers.size(); ++i) watch(pool_.workers[i]);
        time_out();
        replace_old();
        shrink();
        assign();
        expire();
        grow();
        return std::move(out_);
    }

private:
    static bool starting(const PoolWorker& worker) {
        return worker.state == WorkerState::spawning || worker.state == WorkerState::handshaking;
    }
    void act(Kind kind, WorkerNumber worker, CallNumber call = 0, AppWorkerErrc why = AppWorkerErrc::idle) {
        out_.actions.push_back(Action{kind, worker, call, why});
    }
    /// True if that moment has come; else somebody has to look again then.
    bool due(Time when) {
        if (when <= now_) return true;
        out_.wake = std::min(out_.wake, when);
        return false;
    }

    /// What one worker owes, whatever the others do.
    void watch(const PoolWorker& worker) {
        auto kill_if_late = [&](Time since, Millis limit, AppWorkerErrc why) {
            if (due(since + limit)) act(Kind::kill, worker.number, 0, why);
        };
        switch (worker.state) {
            case WorkerState::spawning:
                return kill_if_late(worker.since, profile_.spawn_timeout, AppWorkerErrc::spawn_timeout);
            case WorkerState::handshaking:
                return kill_if_late(worker.since, profile_.handshake_timeout,
                                    AppWorkerErrc::handshake_timeout);
            case WorkerState::terminating:
                return kill_if_late(worker.since, profile_.terminate_timeout,
                                    AppWorkerErrc::terminate_timeout);
            case WorkerState::sealing:
                if (worker.load == 0 || due(worker.since + profile_.seal_timeout))
                    return act(Kind::terminate, worker.number, 0,
                               worker.load == 0 ? AppWorkerErrc::idle : AppWorkerErrc::seal_timeout);
                [[fallthrough]];
            case WorkerState::active:
                return kill_if_late(worker.heard, profile_.heartbeat_timeout,
                                    AppWorkerErrc::heartbeat_timeout);
        }
    }

    void time_out() {
        for (const auto& [deadline, call] : pool_.running) {
            if (!due(deadline)) break;
            act(Kind::time_out, 0, call);
        }
    }

    /// One old worker goes for each new one that serves.
    void replace_old() {
        std::size_t keep = target_ > active_ ? target_ - active_ : 0;
        bool goes = pool_.stopping || (active_ > 0 && active_old_ > keep);
        if (goes) seal([&](const PoolWorker& w) { return w.version != pool_.version; }, active_old_ - keep);
        if (!pool_.stopping) return;
        seal([&](const PoolWorker& w) { return w.version == pool_.version; }, active_);
        for (const PoolWorker& worker : pool_.workers)
            if (starting(worker)) act(Kind::kill, worker.number, 0, AppWorkerErrc::shutting_down);
    }

    void shrink() {
        if (pool_.stopping || active_ <= target_) return;
        auto dispensable = [&](const PoolWorker& w) {
            if (w.version != pool_.version) return false;
            return pool_.wished.has_value() || (w.load == 0 && due(w.idle_since + profile_.idle_timeout));
        };
        seal(dispensable, active_ - target_);
    }

    /// Seals up to `count` active workers that fit, those with least to do first.
    template <class Fits>
    void seal(Fits fits, std::size_t count) {
        std::vector<const PoolWorker*> fitting;
        for (const PoolWorker& worker : pool_.workers)
            if (worker.state == WorkerState::active && fits(worker)) fitting.push_back(&worker);
        std::stable_sort(fitting.begin(), fitting.end(),
                         [](const PoolWorker* a, const PoolWorker* b) { return a->load < b->load; });
        fitting.resize(std::min(fitting.size(), count));
        for (const PoolWorker* worker : fitting) {
            act(Kind::seal, worker->number);
            sealed_.insert(worker->number);
        }
    }

    void assign() {
        while (assigned_ < pool_.queue.size()) {
            const QueuedCall& call = pool_.queue[assigned_];
            if (call.deadline <= now_) break;  // expire() takes it first
            std::size_t best = pool_.workers.size();
            for (std::size_t i = 0; i < pool_.workers.size(); ++i) {
                const PoolWorker& worker = pool_.workers[i];
                if (worker.state != WorkerState::active || loads_[i] >= profile_.concurrency) continue;
                if (!sealed_.empty() && sealed_.contains(worker.number)) continue;
                if (best == pool_.workers.size() || loads_[i] < loads_[best]) best = i;
            }
            if (best == pool_.workers.size()) break;
            ++loads_[best];
            ++assigned_;
            act(Kind::assign, pool_.workers[best].number, call.number);
        }
    }

    void expire() {
        for (std::size_t i = assigned_; i < pool_.queue.size(); ++i)
            if (due(pool_.queue[i].deadline)) act(Kind::expire, 0, pool_.queue[i].number);
    }

    void grow() {
        std::size_t have = active_ + starting_;
        if (have >= target_) return;
        std::size_t missing = target_ - have;
        // One at a time while it is not known that workers of this kind live.
        bool careful = pool_.failures > 0 || active_old_ > 0;
        if (careful) missing = starting_ > 0 ? 0 : 1;
        if (missing == 0) return;
        if (pool_.failures > 0 && !due(pool_.failed_at + spawn_delay(pool_.failures))) return;
        for (std::size_t i = 0; i < missing; ++i) act(Kind::spawn, 0);
    }

    const Pool& pool_;
    const Profile& profile_;
    Time now_;
    Decision out_;
    std::vector<std::size_t> loads_;
    std::set<WorkerNumber> sealed_;
    std::size_t active_ = 0, active_old_ = 0, starting_ = 0, busy_ = 0, target_ = 0, assigned_ = 0;
};

}  // namespace

std::string_view to_string(WorkerState state) {
    switch (state) {
        case WorkerState::spawning: return "spawning";
        case WorkerState::handshaking: return "handshaking";
        case WorkerState::active: return "active";
        case WorkerState::sealing: return "sealing";
        case WorkerState::terminating: return "terminating";
    }
    return "";
}

PoolWorker* Pool::find(WorkerNumber number) {
    auto found =
        std::find_if(workers.begin(), workers.end(), [&](const PoolWorker& w) { return w.number == number; });
    return found == workers.end() ? nullptr : &*found;
}

std::chrono::seconds spawn_delay(unsigned failures) {
    if (failures == 0) return std::chrono::seconds(0);
    return std::chrono::seconds(1U << std::min(failures - 1, 5U));
}

Decision decide(const Pool& pool, const Profile& profile, Time now) {
    return Look(pool, profile, now).take();
}

}  // namespace sonm::apphost
