#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/worker/config.hpp"
#include "sonm/worker/journal.hpp"
#include "sonm/worker/signal.hpp"

#include <map>
#include <memory>

namespace sonm::worker {

/// One task in memory: what the journal says, and what needs no journal.
struct TaskEntry {
    TaskEntry(const Executor& executor, TaskRecord from) : record(std::move(from)), changed(executor) {}
    TaskRecord record;
    std::uint64_t progress_done = 0, progress_total = 0;
    Signal changed;         ///< after each change of any of these
    std::size_t users = 0;  ///< who holds a reference across a wait; it is not forgotten meanwhile

    const TaskId& id() const { return record.status.id; }
    bool final() const { return model::is_final(record.status.state); }
    /// With the progress of the moment.
    model::TaskStatus status() const;
};

/// Keeps an entry from being forgotten while a coroutine refers to it.
class TaskUse {
public:
    explicit TaskUse(TaskEntry& entry) : entry_(&entry) { ++entry_->users; }
    TaskUse(TaskUse&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
    ~TaskUse() {
        if (entry_) --entry_->users;
    }
    TaskEntry& operator*() const { return *entry_; }
    TaskEntry* operator->() const { return entry_; }

private:
    TaskEntry* entry_;
};

/// All tasks of this worker. Every transition is in the journal before anything is done about it. One
/// executor.
class TaskTable {
public:
    /// The references outlive this.
    TaskTable(const Executor& executor, Journal& journal, const Clock& clock, const Limits& limits);

    /// Reads the journal; once, before anything else.
    Result<void> load();

    /// Takes a task in, or finds the one with this id. The spec is checked and its limits filled in from what
    /// the deal holds. Errors: conflict (this id with another spec or in another deal), busy (does not fit
    /// beside the others), too_large (more than the deal bought, or may keep), denied (the id is somebody
    /// else's), those of model::validate.
    Result<TaskEntry*> accept(const DealRecord& deal, const TaskId& id, model::TaskSpec spec);
    /// nullptr if there is none.
    TaskEntry* find(const TaskId& id) const;
    /// Oldest first.
    std::vector<TaskEntry*> of(DealId deal) const;
    std::vector<TaskEntry*> all() const;
    /// Tasks that are not final, or of which something is still to be cleared away.
    std::size_t alive(DealId deal) const;

    /// Makes `next` the task's record. Errors: the journal's; then nothing has changed.
    Result<void> commit(TaskEntry& entry, TaskRecord next);
    /// Asks a task to end; the first reason stays. Final ones are left alone.
    Result<void> ask_stop(TaskEntry& entry, std::string reason);
    /// Forgets clean tasks of which `keep` has passed since their end, unless their deal is `held` still: the
    /// same id asked for again would run again. Returns their ids.
    std::vector<TaskId> forget_old(const std::function<bool(const TaskRecord&)>& held);

    /// Notified when a task is taken in.
    Signal& accepted() { return accepted_; }

private:
    Result<void> check_room(const DealRecord& deal, const Resources& wanted,
                            std::uint64_t output_bytes_max) const;

    Executor executor_;
    Journal& journal_;
    const Clock& clock_;
    const Limits& limits_;
    std::vector<std::unique_ptr<TaskEntry>> tasks_;  ///< oldest first
    std::map<TaskId, TaskEntry*> by_id_;
    Signal accepted_;
};

}  // namespace sonm::worker
