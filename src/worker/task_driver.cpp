#include "sonm/worker/task_driver.hpp"

#include "sonm/base/log.hpp"

namespace sonm::worker {
namespace {

using model::TaskState;

Task<void> keep(Async<void> work, std::optional<Result<void>>& outcome, Signal& changed) {
    outcome.emplace(co_await std::move(work));
    changed.notify();
}

Task<void> watch(TaskGroup& group, TaskEntry& entry, Async<void> work, std::optional<Result<void>>& outcome) {
    group.spawn(keep(std::move(work), outcome, entry.changed));
    while (!outcome && !entry.record.stop) co_await entry.changed.wait();
}

/// Runs `work`; cuts it short, without an error, once the task is asked to end.
Async<void> unless_stopped(TaskEntry& entry, Async<void> work) {
    std::optional<Result<void>> outcome;
    auto body = [&](TaskGroup& group) { return watch(group, entry, std::move(work), outcome); };
    auto running = scope(1, std::move(body));
    co_await std::move(running);
    co_return outcome.value_or(Result<void>());
}

constexpr Millis pause_min{200}, pause_max{10'000};

}  // namespace

bool is_passing(const Error& error) {
    return error.is(engine::EngineErrc::engine_down) || error.is(Errc::timeout) || error.is(Errc::closed) ||
           error.is(Errc::busy) || error.is(Errc::unavailable);
}

Task<void> TaskDriver::run(TaskEntry& entry) {
    TaskUse use(entry);
    Millis pause = pause_min;
    while (!entry.record.clean) {
        TaskState before = entry.record.status.state;
        auto step = advance(entry);
        Result<void> done = co_await std::move(step);
        // Clearing up is tried for ever: what is left behind takes room that is to be sold again. And a
        // container that runs is not given up for an answer of the engine that means nothing to us.
        bool hopeless = !done && !is_passing(done.error()) && !entry.final();
        if (hopeless && before == TaskState::collecting) hopeless = !done.error().is(Errc::no_space);
        if (hopeless && before == TaskState::running)
            hopeless = done.error().is(Errc::not_found) || done.error().is(Errc::conflict);
        if (hopeless) done = give_up(entry, done.error());
        if (done) {
            pause = pause_min;
            continue;
        }
        if (pause == pause_min)
            SONM_LOG(warn, "task {} ({}): {}; trying again", entry.id(), to_string(before),
                     done.error().message());
        (void)co_await wait_for(entry.changed, pause);
        pause = std::min(pause * 2, pause_max);
    }
}

Async<void> TaskDriver::advance(TaskEntry& entry) {
    if (entry.record.stop && entry.record.status.state <= TaskState::preparing) {
        co_return finish(entry, entry.record, TaskState::stopped, *entry.record.stop);
    }
    switch (entry.record.status.state) {
        case TaskState::accepted: {
            TaskRecord next = entry.record;
            next.status.state = TaskState::preparing;
            co_return tools_.table.commit(entry, std::move(next));
        }
        case TaskState::preparing: {
            auto work = prepare(entry);
            auto step = unless_stopped(entry, std::move(work));
            co_return co_await std::move(step);
        }
        case TaskState::running: {
            auto step = run_to_end(entry);
            co_return co_await std::move(step);
        }
        case TaskState::collecting: {
            auto step = collect(entry);
            co_return co_await std::move(step);
        }
        default: {
            auto step = clean_up(entry);
            co_return co_await std::move(step);
        }
    }
}

std::string TaskDriver::container_name(const TaskId& task) const {
    return fmt::format("sonm-{}-{}", to_hex(BytesView(tools_.signer.address().bytes).first(4)), task);
}

engine::Labels TaskDriver::labels(const TaskRecord& record) const {
    return {{label_worker, crypto::to_string(tools_.signer.address())},
            {label_deal, fmt::format("{}", record.status.deal)},
            {label_task, record.status.id.value}};
}

Async<void> TaskDriver::prepare(TaskEntry& entry) {
    auto ensuring = ensure_container(entry);
    SONM_CO_TRY(engine::ContainerId container, co_await std::move(ensuring));
    auto inspecting = tools_.engine.inspect(container);
    SONM_CO_TRY(engine::ContainerInfo info, co_await std::move(inspecting));
    // Only one that never ran is started: a process before us may have come further than the journal.
    if (info.state == engine::ContainerState::created) {
        auto starting = tools_.engine.start(container);
        SONM_CO_CHECK(co_await std::move(starting));
    }
    auto marking = mark_running(entry, container);
    co_return co_await std::move(marking);
}

Async<engine::ContainerId> TaskDriver::ensure_container(TaskEntry& entry) {
    auto looking = tools_.engine.find(container_name(entry.id()));
    auto found = co_await std::move(looking);
    if (found) {
        if (found->labels != labels(entry.record) &&
            !std::ranges::includes(found->labels, labels(entry.record))) {
            co_return fail(Errc::conflict, "a container called {} exists that is not ours: remove it",
                           found->name);
        }
        co_return found->id;
    }
    if (!found.error().is(engine::EngineErrc::container_missing))
        co_return tl::unexpected<Error>(std::move(found.error()));

    auto progress = [&entry](const engine::Progress& step) {
        entry.progress_done = step.bytes;
        entry.progress_total = step.total;
        entry.changed.notify();
    };
    auto getting =
        tools_.images.ensure(entry.record.status.deal, entry.record.spec.image, std::move(progress));
    SONM_CO_TRY(engine::ImageInfo image, co_await std::move(getting));
    TaskRecord next = entry.record;
    next.image = hash_of(image.id);
    Images::Origin origin = tools_.images.origin(entry.record.status.deal, image.id);
    next.image_fetched = origin.fetched;
    next.image_guarded = origin.guarded;
    next.spec.image.registry_user.clear();
    next.spec.image.registry_password.clear();
    SONM_CO_CHECK(tools_.table.commit(entry, std::move(next)));

    auto making = tools_.workspaces.make(entry.record);
    SONM_CO_TRY(std::filesystem::path folder, co_await std::move(making));
    SONM_CO_TRY(engine::ContainerSpec spec, container_spec(entry, folder));
    if (entry.record.spec.network) {
        auto connecting = tools_.engine.create_network(container_name(entry.id()), labels(entry.record));
        SONM_CO_TRY(engine::NetworkId network, co_await std::move(connecting));
        spec.network = std::move(network);
    }
    auto creating = tools_.engine.create(std::move(spec));
    co_return co_await std::move(creating);
}

Result<engine::ContainerSpec> TaskDriver::container_spec(const TaskEntry& entry,
                                                         const std::filesystem::path& folder) const {
    const model::TaskSpec& task = entry.record.spec;
    const Resources& limits = entry.record.limits;
    engine::ContainerSpec out;
    out.name = container_name(entry.id());
    out.image = image_id(entry.record.image).value;
    out.entrypoint = task.entrypoint;
    out.command = task.command;
    out.work_dir = task.working_dir;
    out.user = task.user;
    out.env = task.environment;
    out.labels = labels(entry.record);
    engine::Mount work;
    work.source = folder.string();
    work.target = task.working_dir;
    out.mounts.push_back(std::move(work));
    out.limits.cpu_millicores = limits.cpu_millicores;
    out.limits.memory_bytes_max = limits.ram_bytes;
    out.limits.processes_max = tools_.limits.processes_max;
    out.limits.log_bytes_max = tools_.limits.log_bytes_max;
    out.stop_grace = task.stop_grace;
    return out;
}

Async<void> TaskDriver::mark_running(TaskEntry& entry, engine::ContainerId container) {
    auto inspecting = tools_.engine.inspect(container);
    SONM_CO_TRY(engine::ContainerInfo info, co_await std::move(inspecting));
    TaskRecord next = entry.record;
    next.status.state = TaskState::running;
    next.status.started_at = info.started.value != 0 ? info.started : tools_.clock.now();
    entry.progress_done = entry.progress_total = 0;
    SONM_LOG(info, "task {} of deal {} runs", entry.id(), entry.record.status.deal);
    co_return tools_.table.commit(entry, std::move(next));
}

}  // namespace sonm::worker
