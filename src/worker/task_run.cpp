#include "sonm/base/log.hpp"
#include "sonm/base/units.hpp"
#include "sonm/worker/task_driver.hpp"
#include "sonm/worker/task_log.hpp"

/// A task while its container runs.
namespace sonm::worker {
namespace {

using model::TaskState;

constexpr Millis sample_first{100}, sample_max{5'000}, retry_pause{1'000};
constexpr Seconds journal_usage_every{30};
/// How long the log may lag behind the container's end before the rest is fetched later.
constexpr Millis log_tail_max{2'000};

/// Counters only grow; an engine that restarted may have lost the highest.
void add_sample(model::Usage& usage, const engine::Usage& sample) {
    auto raise = [](std::uint64_t& to, std::uint64_t value) { to = std::max(to, value); };
    raise(usage.cpu_ms, sample.cpu_ns / 1'000'000);
    raise(usage.memory_peak_bytes, std::max(sample.memory_bytes, sample.memory_bytes_peak));
    raise(usage.net_rx_bytes, sample.network_bytes_in);
    raise(usage.net_tx_bytes, sample.network_bytes_out);
    raise(usage.block_read_bytes, sample.disk_bytes_read);
    raise(usage.block_write_bytes, sample.disk_bytes_written);
}

Task<void> wait_for_exit(engine::Engine& engine, engine::ContainerId container,
                         std::optional<Result<engine::ExitReport>>& exit, Signal& changed) {
    auto waiting = engine.wait(std::move(container));
    exit.emplace(co_await std::move(waiting));
    changed.notify();
}

Task<void> then_notify(Task<void> work, bool& done, Signal& changed) {
    co_await std::move(work);
    done = true;
    changed.notify();
}

Async<void> until(Signal& changed, const bool& done) {
    while (!done) co_await changed.wait();
    co_return Result<void>();
}

}  // namespace

Async<void> TaskDriver::run_to_end(TaskEntry& entry) {
    auto looking = tools_.engine.find(container_name(entry.id()));
    auto found = co_await std::move(looking);
    if (!found && found.error().is(engine::EngineErrc::container_missing)) {
        co_return fail(Errc::not_found,
                       "its container vanished: removed by somebody, or lost with the engine's data");
    }
    if (!found) co_return tl::unexpected<Error>(std::move(found.error()));
    auto attending = attend(entry, found->id);
    SONM_CO_TRY(engine::ExitReport exit, co_await std::move(attending));
    TaskRecord next = entry.record;
    next.status.state = TaskState::collecting;
    next.status.exit_code = exit.exit_code;
    next.status.out_of_memory = exit.oom_killed;
    if (exit.started.value != 0) next.status.started_at = exit.started;
    next.status.ended_at = exit.finished.value != 0 ? exit.finished : tools_.clock.now();
    if (exit.usage) add_sample(next.status.usage, *exit.usage);
    next.status.usage.wall_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(exit.ran.count(), 0));
    co_return tools_.table.commit(entry, std::move(next));
}

Async<engine::ExitReport> TaskDriver::attend(TaskEntry& entry, engine::ContainerId container) {
    std::optional<Result<engine::ExitReport>> exit;
    bool pumped = false;
    auto watch = [&](TaskGroup& group) -> Task<void> {
        group.spawn(wait_for_exit(tools_.engine, container, exit, entry.changed));
        group.spawn(then_notify(pump_logs(entry, container, true), pumped, entry.changed));
        group.spawn(meter(entry, container));
        group.spawn(stop_when_asked(entry, container));
        while (!exit) co_await entry.changed.wait();
        auto waiting = until(entry.changed, pumped);
        if (*exit) (void)co_await within(log_tail_max, std::move(waiting));
    };
    auto running = scope(4, std::move(watch));
    co_await std::move(running);
    if (!*exit) co_return tl::unexpected<Error>(std::move(exit->error()));
    co_return **exit;
}

Task<void> TaskDriver::pump_logs(TaskEntry& entry, engine::ContainerId container, bool follow) {
    auto log = TaskLog::open(tools_.workspaces.log_folder(entry.id()), tools_.limits.log_bytes_max);
    while (log) {
        engine::LogQuery query;
        query.follow = follow;
        query.since_ns = log->last_time_ns();
        auto opening = tools_.engine.logs(container, std::move(query));
        auto stream = co_await std::move(opening);
        Result<void> stored;
        while (stream && stored) {
            auto reading = (*stream)->next();
            auto piece = co_await std::move(reading);
            if (!piece) break;
            if (!*piece) co_return;
            bool is_stderr = (*piece)->channel == engine::LogChannel::err;
            stored = log->append(is_stderr, std::max((*piece)->time_ns, log->last_time_ns()), (*piece)->text);
            entry.changed.notify();
        }
        if (!stored) {
            SONM_LOG(error, "task {}: its log is cut off: {}", entry.id(), stored.error().message());
            co_return;
        }
        if (!follow || (!stream && stream.error().is(engine::EngineErrc::container_missing))) co_return;
        (void)co_await wait_for(entry.changed, retry_pause);
    }
    SONM_LOG(error, "task {}: no log is kept: {}", entry.id(), log.error().message());
}

Task<void> TaskDriver::meter(TaskEntry& entry, engine::ContainerId container) {
    Signal never(co_await asio::this_coro::executor);
    Millis pause = sample_first;
    UnixTime journaled = tools_.clock.now();
    while (true) {
        auto sampling = tools_.engine.usage(container);
        auto sample = co_await std::move(sampling);
        if (sample) {
            add_sample(entry.record.status.usage, *sample);
            entry.changed.notify();
        }
        if (tools_.clock.now() - journaled >= journal_usage_every) {
            journaled = tools_.clock.now();
            (void)tools_.table.commit(entry, entry.record);
        }
        (void)co_await wait_for(never, pause);
        pause = std::min(pause * 2, sample_max);
    }
}

Task<void> TaskDriver::stop_when_asked(TaskEntry& entry, engine::ContainerId container) {
    const model::TaskSpec& spec = entry.record.spec;
    Seconds grace = spec.stop_grace;
    UnixTime deadline = spec.time_limit.value == 0 ? UnixTime(~std::uint64_t(0))
                                                   : entry.record.status.started_at + spec.time_limit;
    while (!entry.record.stop) {
        UnixTime now = tools_.clock.now();
        if (now >= deadline) {
            // If it cannot be written down now, it is tried again at the next round.
            (void)tools_.table.ask_stop(
                entry, fmt::format("its time limit of {} has passed", print_span(spec.time_limit)));
        }
        if (entry.record.stop) break;
        auto wait = std::chrono::seconds(std::clamp<std::uint64_t>((deadline - now).value, 1, 3'600));
        (void)co_await wait_for(entry.changed, wait);
    }
    SONM_LOG(info, "task {}: stopping, {}", entry.id(), *entry.record.stop);
    Signal never(co_await asio::this_coro::executor);
    while (true) {
        auto stopping = tools_.engine.stop(container, grace);
        auto stopped = co_await std::move(stopping);
        if (stopped || stopped.error().is(engine::EngineErrc::container_missing)) co_return;
        (void)co_await wait_for(never, retry_pause);
    }
}

}  // namespace sonm::worker
