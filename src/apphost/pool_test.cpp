#include "sonm/apphost/pool.hpp"

#include <gtest/gtest.h>

namespace sonm::apphost {
namespace {

using namespace std::chrono_literals;
using services::AppWorkerErrc;
using Kind = Action::Kind;

/// A pool that does what is decided, on a clock that stands still until told otherwise.
class Scripted {
public:
    Pool pool;
    Profile profile;
    Time now = Time(1'000'000s);

    Scripted() { profile.idle_timeout = 60s; }

    /// Workers that were spawned come up at once.
    std::vector<Action> step(bool come_up = true) {
        std::vector<Action> all;
        for (int round = 0; round < 100; ++round) {
            Decision decision = decide(pool, profile, now);
            wake = decision.wake;
            for (const Action& action : decision.actions) act(action, come_up);
            all.insert(all.end(), decision.actions.begin(), decision.actions.end());
            if (decision.actions.empty()) return all;
        }
        ADD_FAILURE() << "it never comes to rest";
        return all;
    }
    void call(std::chrono::seconds limit = 1000s) {
        pool.queue.push_back(QueuedCall{next_call_++, now, now + limit});
    }
    void calls(int count) {
        for (int i = 0; i < count; ++i) call();
    }
    void finish(WorkerNumber worker) {
        if (--pool.find(worker)->load == 0) pool.find(worker)->idle_since = now;
    }
    void alive() {
        for (PoolWorker& worker : pool.workers) worker.heard = now;
    }
    std::size_t count(WorkerState state) const {
        return static_cast<std::size_t>(std::count_if(pool.workers.begin(), pool.workers.end(),
                                                      [&](const PoolWorker& w) { return w.state == state; }));
    }
    Time wake;

private:
    void act(const Action& action, bool come_up) {
        PoolWorker* worker = pool.find(action.worker);
        auto drop_call = [&] {
            std::erase_if(pool.queue, [&](const QueuedCall& c) { return c.number == action.call; });
        };
        switch (action.kind) {
            case Kind::spawn: {
                PoolWorker fresh;
                fresh.number = next_worker_++;
                fresh.version = pool.version;
                fresh.state = come_up ? WorkerState::active : WorkerState::handshaking;
                fresh.since = fresh.heard = fresh.idle_since = now;
                pool.workers.push_back(fresh);
                return;
            }
            case Kind::assign:
                ASSERT_EQ(pool.queue.front().number, action.call) << "the oldest first";
                pool.queue.pop_front();
                ++worker->load;
                return;
            case Kind::expire: return drop_call();
            case Kind::time_out:
                return void(
                    std::erase_if(pool.running, [&](const auto& r) { return r.second == action.call; }));
            case Kind::seal: worker->state = WorkerState::sealing; break;
            case Kind::terminate: worker->state = WorkerState::terminating; break;
            case Kind::kill:
                return void(std::erase_if(pool.workers,
                                          [&](const PoolWorker& w) { return w.number == action.worker; }));
        }
        worker->since = now;
    }
    WorkerNumber next_worker_ = 1;
    CallNumber next_call_ = 1;
};

std::size_t count(const std::vector<Action>& actions, Kind kind) {
    return static_cast<std::size_t>(
        std::count_if(actions.begin(), actions.end(), [&](const Action& a) { return a.kind == kind; }));
}

TEST(Pool, an_application_without_calls_keeps_one_worker) {
    Scripted scripted;
    EXPECT_EQ(count(scripted.step(), Kind::spawn), 1u);
    EXPECT_EQ(scripted.pool.workers.size(), 1u);
    EXPECT_TRUE(scripted.step().empty());
}

TEST(Pool, a_growing_queue_brings_workers_up_to_the_limit) {
    Scripted scripted;
    scripted.profile.concurrency = 1;
    scripted.profile.pool_limit = 4;
    scripted.profile.queue_limit = 80;
    EXPECT_EQ(scripted.profile.threshold(), 10u);
    scripted.step();
    scripted.calls(31);
    scripted.step(false);
    EXPECT_EQ(scripted.pool.workers.size(), 3u);
    scripted.calls(40);
    scripted.step(false);
    EXPECT_EQ(scripted.pool.workers.size(), 4u) << "not beyond the limit";
}

TEST(Pool, workers_that_have_been_idle_long_enough_go) {
    Scripted scripted;
    scripted.profile.concurrency = 1;
    scripted.profile.grow_threshold = 1;
    scripted.calls(3);
    scripted.step();
    ASSERT_EQ(scripted.pool.workers.size(), 3u);
    for (WorkerNumber worker : {1, 2, 3}) scripted.finish(worker);
    EXPECT_TRUE(scripted.step().empty()) << "they may be needed again";
    scripted.now += 59s;
    scripted.alive();
    EXPECT_TRUE(scripted.step().empty());
    EXPECT_LE(scripted.wake, scripted.now + 1s);
    scripted.now += 1s;
    scripted.step();
    EXPECT_EQ(scripted.count(WorkerState::terminating), 2u);
    EXPECT_EQ(scripted.count(WorkerState::active), 1u);
}

TEST(Pool, calls_go_to_the_worker_with_least_to_do_below_its_concurrency) {
    Scripted scripted;
    scripted.profile.concurrency = 2;
    scripted.pool.wished = 2;
    scripted.step();
    scripted.calls(5);
    EXPECT_EQ(count(scripted.step(), Kind::assign), 4u);
    EXPECT_EQ(scripted.pool.workers[0].load, 2u);
    EXPECT_EQ(scripted.pool.workers[1].load, 2u);
    EXPECT_EQ(scripted.pool.queue.size(), 1u);
}

TEST(Pool, a_call_that_waited_until_its_deadline_expires_and_is_not_given_away) {
    Scripted scripted;
    scripted.call(5s);
    scripted.step(false);
    EXPECT_EQ(scripted.wake, scripted.now + 5s);
    scripted.now += 5s;
    auto actions = scripted.step();
    EXPECT_EQ(count(actions, Kind::expire), 1u);
    EXPECT_EQ(count(actions, Kind::assign), 0u);
}

TEST(Pool, a_call_that_runs_beyond_its_deadline_is_timed_out) {
    Scripted scripted;
    scripted.step();
    scripted.pool.running.emplace(scripted.now + 7s, 42);
    EXPECT_TRUE(scripted.step().empty());
    EXPECT_EQ(scripted.wake, scripted.now + 7s);
    scripted.now += 7s;
    auto actions = scripted.step();
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(actions[0].kind, Kind::time_out);
    EXPECT_EQ(actions[0].call, 42u);
}

TEST(Pool, a_worker_that_never_introduces_itself_is_killed) {
    Scripted scripted;
    scripted.step(false);
    scripted.now += 5s;
    auto actions = scripted.step(false);
    ASSERT_FALSE(actions.empty());
    EXPECT_EQ(actions[0].kind, Kind::kill);
    EXPECT_EQ(actions[0].why, AppWorkerErrc::handshake_timeout);
}

TEST(Pool, a_worker_that_falls_silent_is_killed) {
    Scripted scripted;
    scripted.step();
    scripted.now += 29s;
    EXPECT_TRUE(scripted.step().empty());
    scripted.now += 1s;
    auto actions = scripted.step();
    ASSERT_FALSE(actions.empty());
    EXPECT_EQ(actions[0].kind, Kind::kill);
    EXPECT_EQ(actions[0].why, AppWorkerErrc::heartbeat_timeout);
}

TEST(Pool, deaths_in_a_row_are_followed_by_longer_and_longer_waits) {
    EXPECT_EQ(spawn_delay(0), 0s);
    EXPECT_EQ(spawn_delay(1), 1s);
    EXPECT_EQ(spawn_delay(2), 2s);
    EXPECT_EQ(spawn_delay(6), 32s);
    EXPECT_EQ(spawn_delay(60), 32s);
    Scripted scripted;
    scripted.pool.failures = 3;
    scripted.pool.failed_at = scripted.now;
    scripted.profile.grow_threshold = 1;
    scripted.calls(5);
    EXPECT_TRUE(scripted.step(false).empty());
    EXPECT_EQ(scripted.wake, scripted.now + 4s);
    scripted.now += 4s;
    EXPECT_EQ(count(scripted.step(false), Kind::spawn), 1u)
        << "one at a time until it is known that they live";
}

TEST(Pool, a_new_version_replaces_workers_one_by_one_and_loses_no_call) {
    Scripted scripted;
    scripted.profile.concurrency = 1;
    scripted.profile.grow_threshold = 1;
    scripted.calls(3);
    scripted.step();
    ASSERT_EQ(scripted.count(WorkerState::active), 3u);
    ++scripted.pool.version;
    auto actions = scripted.step(false);
    EXPECT_EQ(count(actions, Kind::spawn), 1u);
    EXPECT_EQ(count(actions, Kind::seal), 0u) << "nobody goes before somebody has come";
    scripted.pool.workers.back().state = WorkerState::active;
    actions = scripted.step(false);
    EXPECT_EQ(count(actions, Kind::seal), 1u);
    EXPECT_EQ(count(actions, Kind::terminate), 0u) << "it still has its call";
    for (WorkerNumber worker : {1, 2, 3}) scripted.finish(worker);
    scripted.step();
    for (const PoolWorker& worker : scripted.pool.workers) {
        bool old = worker.version != scripted.pool.version;
        EXPECT_FALSE(old && worker.state == WorkerState::active);
    }
    EXPECT_EQ(scripted.count(WorkerState::active), 1u);
}

TEST(Pool, a_new_version_that_does_not_live_leaves_the_old_one_serving) {
    Scripted scripted;
    scripted.step();
    ++scripted.pool.version;
    scripted.step(false);
    scripted.pool.workers.pop_back();
    scripted.pool.failures = 1;
    scripted.pool.failed_at = scripted.now;
    scripted.call();
    auto actions = scripted.step(false);
    EXPECT_EQ(count(actions, Kind::assign), 1u);
    EXPECT_EQ(count(actions, Kind::seal), 0u);
}

TEST(Pool, an_operators_number_of_workers_holds_against_the_queue) {
    Scripted scripted;
    scripted.pool.wished = 3;
    scripted.step();
    EXPECT_EQ(scripted.pool.workers.size(), 3u);
    scripted.pool.wished = 1;
    scripted.step();
    EXPECT_EQ(scripted.count(WorkerState::active), 1u);
    scripted.pool.wished = 100;
    scripted.step();
    EXPECT_EQ(scripted.count(WorkerState::active), 10u) << "the pool's limit stays";
}

TEST(Pool, a_stop_lets_workers_finish_and_spawns_nobody) {
    Scripted scripted;
    scripted.call();
    scripted.step();
    scripted.pool.stopping = true;
    auto actions = scripted.step();
    EXPECT_EQ(count(actions, Kind::seal), 1u);
    EXPECT_EQ(count(actions, Kind::spawn), 0u);
    scripted.finish(1);
    EXPECT_EQ(count(scripted.step(), Kind::terminate), 1u);
    scripted.now += 10s;
    actions = scripted.step();
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(actions[0].why, AppWorkerErrc::terminate_timeout);
    EXPECT_TRUE(scripted.pool.workers.empty());
}

TEST(Pool, a_sealed_worker_whose_calls_take_too_long_is_told_to_end) {
    Scripted scripted;
    scripted.call(10'000s);
    scripted.step();
    scripted.pool.stopping = true;
    scripted.step();
    scripted.now += 60s;
    scripted.alive();
    auto actions = scripted.step();
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(actions[0].kind, Kind::terminate);
    EXPECT_EQ(actions[0].why, AppWorkerErrc::seal_timeout);
}

}  // namespace
}  // namespace sonm::apphost
