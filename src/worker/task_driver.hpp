#pragma once

#include "sonm/crypto/key.hpp"
#include "sonm/engine/engine.hpp"
#include "sonm/worker/images.hpp"
#include "sonm/worker/task_table.hpp"
#include "sonm/worker/workspaces.hpp"

namespace sonm::worker {

/// Labels by which containers and networks of a worker are found again.
inline constexpr const char* label_worker = "sonm.worker";
inline constexpr const char* label_deal = "sonm.deal";
inline constexpr const char* label_task = "sonm.task";

/// What carrying out tasks needs. The references outlive the driver.
struct TaskTools {
    engine::Engine& engine;
    TaskTable& table;
    Images& images;
    Workspaces& workspaces;
    const crypto::Signer& signer;
    const Clock& clock;
    std::uint64_t chain_id = 0;
    const Limits& limits;
};

/// Brings one task from wherever the journal says it is to its end, and clears up after it. Each step may be
/// cut short at any point and begun again: containers have names that follow from the task, and what a step
/// would do is first looked for. One executor. May run for any number of tasks at the same time, once for
/// each.
class TaskDriver {
public:
    explicit TaskDriver(TaskTools tools) : tools_(tools) {}

    /// Until the task is final and nothing of it is left but its files. Goes on trying while the engine is
    /// down.
    Task<void> run(TaskEntry& entry);

    /// What the task's container is called. Follows from worker and task: creating it twice is noticed.
    std::string container_name(const TaskId& task) const;
    engine::Labels labels(const TaskRecord& record) const;

private:
    Async<void> advance(TaskEntry& entry);
    // Preparing: image, inputs, container, start.
    Async<void> prepare(TaskEntry& entry);
    Async<engine::ContainerId> ensure_container(TaskEntry& entry);
    Result<engine::ContainerSpec> container_spec(const TaskEntry& entry,
                                                 const std::filesystem::path& folder) const;
    Async<void> mark_running(TaskEntry& entry, engine::ContainerId container);
    // Running: wait, logs, metering, time limit, stop.
    Async<void> run_to_end(TaskEntry& entry);
    Async<engine::ExitReport> attend(TaskEntry& entry, engine::ContainerId container);
    Task<void> pump_logs(TaskEntry& entry, engine::ContainerId container, bool follow);
    Task<void> meter(TaskEntry& entry, engine::ContainerId container);
    Task<void> stop_when_asked(TaskEntry& entry, engine::ContainerId container);
    // The end: outputs, receipt, clearing up.
    Async<void> collect(TaskEntry& entry);
    Async<void> clean_up(TaskEntry& entry);
    Result<void> finish(TaskEntry& entry, TaskRecord next, model::TaskState state, std::string reason);
    Result<void> give_up(TaskEntry& entry, const Error& error);

    TaskTools tools_;
};

/// Whether trying again can help: the engine is down or busy.
bool is_passing(const Error& error);

}  // namespace sonm::worker
