#include "sonm/base/log.hpp"
#include "sonm/services/receipt.hpp"
#include "sonm/worker/task_driver.hpp"

/// The end of a task: outputs, receipt, clearing up.
namespace sonm::worker {

using model::TaskState;

Async<void> TaskDriver::collect(TaskEntry& entry) {
    auto looking = tools_.engine.find(container_name(entry.id()));
    auto found = co_await std::move(looking);
    if (!found && !found.error().is(engine::EngineErrc::container_missing))
        co_return tl::unexpected<Error>(std::move(found.error()));
    if (found) {
        // What was printed in the last moment, or while nobody looked.
        auto draining = pump_logs(entry, found->id, false);
        co_await std::move(draining);
    }
    TaskRecord next = entry.record;
    TaskState state = next.stop ? TaskState::stopped : TaskState::finished;
    std::string reason = next.stop.value_or("");
    if (!next.spec.outputs.empty()) {
        auto gathering = tools_.workspaces.collect(entry.record);
        auto outputs = co_await std::move(gathering);
        if (outputs) {
            next.outputs = outputs->sha256;
            next.status.output_bytes = outputs->bytes;
        } else if (is_passing(outputs.error()) || (outputs.error().is(Errc::no_space) && !next.stop)) {
            // Our disk is full, not the task's: what was paid for waits for room until the deal ends.
            co_return tl::unexpected<Error>(std::move(outputs.error()));
        } else if (next.stop) {
            reason += "; no outputs: " + outputs.error().message();
        } else {
            state = TaskState::failed;
            reason = outputs.error().message();
        }
    }
    if (state == TaskState::finished && next.status.out_of_memory) {
        reason = fmt::format("ran out of its {} MiB of memory", next.limits.ram_bytes / MiB);
    }
    co_return finish(entry, std::move(next), state, std::move(reason));
}

Result<void> TaskDriver::finish(TaskEntry& entry, TaskRecord next, TaskState state, std::string reason) {
    next.status.state = state;
    next.status.reason = std::move(reason);
    // Also if it never came to fetching its image.
    next.spec.image.registry_user.clear();
    next.spec.image.registry_password.clear();
    if (next.status.ended_at.value == 0) next.status.ended_at = tools_.clock.now();
    model::Receipt receipt;
    receipt.deal = next.status.deal;
    receipt.task = next.status.id;
    receipt.worker = tools_.signer.address();
    receipt.spec = model::spec_hash(next.spec);
    receipt.image = next.image;
    receipt.inputs = model::inputs_root(next.spec.inputs);
    receipt.outputs = next.outputs;
    receipt.exit_code = next.status.exit_code;
    receipt.usage = next.status.usage;
    receipt.started_at = next.status.started_at;
    receipt.ended_at = next.status.ended_at;
    auto signature = tools_.signer.sign(model::receipt_digest(receipt, tools_.chain_id));
    next.receipt = services::SignedReceipt{receipt, signature};
    SONM_CHECK(tools_.table.commit(entry, std::move(next)));
    const model::TaskStatus& status = entry.record.status;
    SONM_LOG(info, "task {} of deal {}: {}{}{}, exit code {}", status.id, status.deal,
             to_string(status.state), status.reason.empty() ? "" : ": ", status.reason, status.exit_code);
    return Result<void>();
}

Result<void> TaskDriver::give_up(TaskEntry& entry, const Error& error) {
    return finish(entry, entry.record, TaskState::failed, error.message());
}

Async<void> TaskDriver::clean_up(TaskEntry& entry) {
    auto looking = tools_.engine.find(container_name(entry.id()));
    auto found = co_await std::move(looking);
    if (!found && !found.error().is(engine::EngineErrc::container_missing))
        co_return tl::unexpected<Error>(std::move(found.error()));
    // Another's container of the same name is not ours to touch.
    if (found && std::ranges::includes(found->labels, labels(entry.record))) {
        auto removing = tools_.engine.remove(found->id);
        SONM_CO_CHECK(co_await std::move(removing));
    }
    if (entry.record.spec.network) {
        auto listing = tools_.engine.list_networks(labels(entry.record));
        SONM_CO_TRY(std::vector<engine::NetworkId> networks, co_await std::move(listing));
        for (const engine::NetworkId& network : networks) {
            auto removing = tools_.engine.remove_network(network);
            SONM_CO_CHECK(co_await std::move(removing));
        }
    }
    auto removing = tools_.workspaces.remove(entry.id());
    SONM_CO_CHECK(co_await std::move(removing));
    TaskRecord next = entry.record;
    next.clean = true;
    co_return tools_.table.commit(entry, std::move(next));
}

}  // namespace sonm::worker
