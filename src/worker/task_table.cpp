#include "sonm/worker/task_table.hpp"

namespace sonm::worker {
namespace {

/// What a task may leave behind.
std::uint64_t output_of(const model::TaskSpec& spec) {
    return spec.outputs.empty() ? 0 : spec.output_bytes_max;
}

}  // namespace

model::TaskStatus TaskEntry::status() const {
    model::TaskStatus out = record.status;
    out.progress_done = progress_done;
    out.progress_total = progress_total;
    return out;
}

TaskTable::TaskTable(const Executor& executor, Journal& journal, const Clock& clock, const Limits& limits)
    : executor_(executor), journal_(journal), clock_(clock), limits_(limits), accepted_(executor) {}

Result<void> TaskTable::load() {
    SONM_TRY(std::vector<TaskRecord> records, journal_.tasks());
    for (TaskRecord& record : records) {
        tasks_.push_back(std::make_unique<TaskEntry>(executor_, std::move(record)));
        by_id_.emplace(tasks_.back()->id(), tasks_.back().get());
    }
    return Result<void>();
}

Result<TaskEntry*> TaskTable::accept(const DealRecord& deal, const TaskId& id, model::TaskSpec spec) {
    SONM_CHECK(model::parse_task_id(id.value).map([](const TaskId&) {}));
    if (TaskEntry* known = find(id)) {
        if (known->record.consumer != deal.deal.consumer)
            return fail(Errc::denied, "task {} belongs to somebody else", id);
        if (known->record.status.deal != deal.deal.id) {
            return fail(Errc::conflict, "task {} is in deal {}, not in deal {}: choose another id", id,
                        known->record.status.deal, deal.deal.id);
        }
        if (model::spec_hash(known->record.spec) != model::spec_hash(spec)) {
            return fail(Errc::conflict, "task {} was started with another spec: choose another id", id);
        }
        return known;
    }
    SONM_CHECK(model::validate(spec));
    if (spec.output_bytes_max > limits_.output_bytes_max) {
        return fail(Errc::too_large, "task {}: output_bytes_max is {}, this worker keeps at most {}", id,
                    spec.output_bytes_max, limits_.output_bytes_max);
    }
    if (spec.network && !deal.netflags.covers(model::netflag_outbound)) {
        return fail(Errc::denied, "task {} wants the network, which deal {} did not buy (netflag outbound)",
                    id, deal.deal.id);
    }
    TaskRecord record;
    record.limits = spec.limits.value_or(deal.holds);
    if (!record.limits.gpus.empty())
        return fail(Errc::invalid, "task {}: graphics cards cannot be given to tasks yet", id);
    SONM_CHECK(check_room(deal, record.limits, output_of(spec)));
    record.status.id = id;
    record.status.deal = deal.deal.id;
    record.status.accepted_at = clock_.now();
    record.consumer = deal.deal.consumer;
    record.bid = deal.deal.bid;
    record.spec = std::move(spec);
    SONM_CHECK(journal_.save(record));
    tasks_.push_back(std::make_unique<TaskEntry>(executor_, std::move(record)));
    TaskEntry* entry = tasks_.back().get();
    by_id_.emplace(id, entry);
    accepted_.notify();
    return entry;
}

Result<void> TaskTable::check_room(const DealRecord& deal, const Resources& wanted,
                                   std::uint64_t output_bytes_max) const {
    Resources free = deal.holds;
    std::size_t alive = 0, all = 0;
    std::uint64_t outputs_left = limits_.outputs_kept_bytes_max;
    for (const TaskEntry* task : of(deal.deal.id)) {
        ++all;
        std::uint64_t output =
            task->final() ? task->record.status.output_bytes : output_of(task->record.spec);
        outputs_left -= std::min(outputs_left, output);
        if (task->final()) continue;
        ++alive;
        if (auto rest = free.minus(task->record.limits))
            free = *rest;
        else
            free = Resources();
    }
    if (alive >= limits_.tasks_max)
        return fail(Errc::busy, "deal {} has {} tasks, which is this worker's limit", deal.deal.id, alive);
    if (all >= limits_.tasks_kept_max) {
        return fail(Errc::busy, "deal {} has had {} tasks, which is this worker's limit: open another deal",
                    deal.deal.id, all);
    }
    if (output_bytes_max > outputs_left) {
        return fail(Errc::too_large,
                    "the outputs of deal {} may take {} bytes more, the task's up to {}: give it a lower "
                    "output_bytes_max, or open another deal",
                    deal.deal.id, outputs_left, output_bytes_max);
    }
    if (!deal.holds.covers(wanted)) {
        return fail(Errc::too_large, "the task wants {}, deal {} bought {}", model::to_string(wanted),
                    deal.deal.id, model::to_string(deal.holds));
    }
    if (!free.covers(wanted)) {
        return fail(Errc::busy,
                    "the task wants {}, beside the {} other tasks of deal {} there are {}: wait for one to "
                    "end, or give limits",
                    model::to_string(wanted), alive, deal.deal.id, model::to_string(free));
    }
    return Result<void>();
}

TaskEntry* TaskTable::find(const TaskId& id) const {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

std::vector<TaskEntry*> TaskTable::of(DealId deal) const {
    std::vector<TaskEntry*> out;
    for (const auto& task : tasks_) {
        if (task->record.status.deal == deal) out.push_back(task.get());
    }
    return out;
}

std::vector<TaskEntry*> TaskTable::all() const {
    std::vector<TaskEntry*> out;
    for (const auto& task : tasks_) out.push_back(task.get());
    return out;
}

std::size_t TaskTable::alive(DealId deal) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(of(deal), [](const TaskEntry* task) { return !task->record.clean; }));
}

Result<void> TaskTable::commit(TaskEntry& entry, TaskRecord next) {
    SONM_CHECK(journal_.save(next));
    entry.record = std::move(next);
    entry.changed.notify();
    return Result<void>();
}

Result<void> TaskTable::ask_stop(TaskEntry& entry, std::string reason) {
    if (entry.final() || entry.record.stop) return Result<void>();
    TaskRecord next = entry.record;
    next.stop = std::move(reason);
    return commit(entry, std::move(next));
}

std::vector<TaskId> TaskTable::forget_old(const std::function<bool(const TaskRecord&)>& held) {
    std::vector<TaskId> gone;
    UnixTime now = clock_.now();
    auto is_old = [&](const std::unique_ptr<TaskEntry>& task) {
        if (!task->record.clean || task->users > 0 || now < task->record.status.ended_at + limits_.keep)
            return false;
        if (held(task->record) || !journal_.forget(task->id())) return false;
        gone.push_back(task->id());
        by_id_.erase(task->id());
        return true;
    };
    std::erase_if(tasks_, is_old);
    return gone;
}

}  // namespace sonm::worker
