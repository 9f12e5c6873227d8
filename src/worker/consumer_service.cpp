#include "sonm/worker/file.hpp"
#include "sonm/worker/task_log.hpp"
#include "sonm/worker/worker.hpp"

#include <fcntl.h>

/// What consumers ask over the network. Every answer depends on who has proven to be asking.
namespace sonm::worker {
namespace {

using model::TaskSpec;
using model::TaskStatus;
using services::BlobHeld;
using services::LogChunk;

constexpr std::size_t hashes_max = 1024;

/// The deal, if the peer is its consumer.
Result<const DealRecord*> deal_of(Worker& worker, const rpc::Context& who, DealId id) {
    const DealRecord* deal = worker.shop().deal(id);
    if (!deal) {
        return fail(Errc::not_found, "worker {} knows no open deal {}{}", worker.address(), id,
                    worker.shop().view().live() ? "" : " (it is still reading the chain)");
    }
    if (who.identity() != deal->deal.consumer) {
        return fail(Errc::denied, "deal {} is not yours: its consumer is {}, you are {}", id,
                    deal->deal.consumer,
                    who.identity() ? crypto::to_string(*who.identity()) : "nobody that was proven");
    }
    return deal;
}

/// The same, if the deal runs: nothing new is taken in for one that has ended.
Result<const DealRecord*> open_deal_of(Worker& worker, const rpc::Context& who, DealId id) {
    SONM_TRY(const DealRecord* deal, deal_of(worker, who, id));
    if (deal->missing_since)
        return fail(Errc::unavailable,
                    "deal {} has left the chain by a reorganisation: try again when it is back", id);
    // The same errors as a moment later, when the deal is forgotten.
    if (deal->state.status != model::DealStatus::open) return fail(Errc::not_found, "deal {} is closed", id);
    if (UnixTime end = worker.shop().ends_at(*deal); worker.now() >= end) {
        return fail(Errc::not_found, "deal {} has ended at {}", id, to_utc(end));
    }
    return deal;
}

Result<TaskEntry*> task_of(Worker& worker, const rpc::Context& who, const TaskId& id) {
    TaskEntry* task = worker.tasks().find(id);
    if (!task) return fail(Errc::not_found, "worker {} knows no task {:.40}", worker.address(), id.value);
    if (who.identity() != task->record.consumer)
        return fail(Errc::denied, "task {} belongs to another consumer", id);
    return task;
}

Result<std::vector<BlobHeld>> blob_has(Worker& worker, const rpc::Context& who, DealId id,
                                       const std::vector<crypto::Hash>& blobs) {
    SONM_CHECK(deal_of(worker, who, id).map([](const DealRecord*) {}));
    if (blobs.size() > hashes_max)
        return fail(Errc::too_large, "{} hashes at once, at most {}", blobs.size(), hashes_max);
    std::vector<BlobHeld> out;
    for (const crypto::Hash& blob : blobs) out.push_back(worker.blobs().held(id, blob));
    return out;
}

Async<std::optional<Bytes>> next_piece(std::shared_ptr<rpc::Source<Bytes>> in) {
    auto reading = in->next();
    co_return co_await std::move(reading);
}

Async<std::uint64_t> blob_put(Worker& worker, rpc::Context who, DealId id, crypto::Hash sha256,
                              std::uint64_t bytes, std::uint64_t offset, rpc::Source<Bytes> in) {
    SONM_CO_TRY(const DealRecord* deal, open_deal_of(worker, who, id));
    std::uint64_t room = std::min(deal->holds.storage_bytes, worker.config().limits.upload_bytes_max);
    auto shared = std::make_shared<rpc::Source<Bytes>>(std::move(in));
    BlobStore::Pieces pieces = [shared] { return next_piece(shared); };
    auto putting = worker.blobs().put(id, sha256, bytes, offset, room, std::move(pieces));
    co_return co_await std::move(putting);
}

Result<TaskStatus> start_task(Worker& worker, const rpc::Context& who, DealId id, const TaskId& task,
                              TaskSpec spec) {
    // One that is known is answered even if its deal has ended meanwhile: the caller may be asking again
    // after a lost answer.
    if (TaskEntry* known = worker.tasks().find(task);
        known && who.identity() == known->record.consumer && known->record.status.deal == id &&
        model::spec_hash(known->record.spec) == model::spec_hash(spec)) {
        return known->status();
    }
    SONM_TRY(const DealRecord* deal, open_deal_of(worker, who, id));
    auto need = [&](const crypto::Hash& blob, std::string_view what) -> Result<void> {
        if (worker.blobs().held(id, blob).complete) return Result<void>();
        return fail(Errc::unavailable, "{} (blob {}) is not here: upload it first", what, blob);
    };
    SONM_CHECK(model::validate(spec));
    if (spec.image.blob) SONM_CHECK(need(*spec.image.blob, "the image"));
    for (const model::InputFile& input : spec.inputs) SONM_CHECK(need(input.blob, input.path));
    SONM_TRY(TaskEntry * entry, worker.tasks().accept(*deal, task, std::move(spec)));
    return entry->status();
}

Result<std::vector<TaskStatus>> tasks(Worker& worker, const rpc::Context& who, DealId id) {
    std::vector<TaskStatus> out;
    // Those of a deal that is over already are still told to whom they belong.
    for (const TaskEntry* task : worker.tasks().of(id)) {
        if (who.identity() == task->record.consumer) out.push_back(task->status());
    }
    if (out.empty()) SONM_CHECK(deal_of(worker, who, id).map([](const DealRecord*) {}));
    return out;
}

Async<void> follow(Worker& worker, rpc::Context who, TaskId id, rpc::Sink<TaskStatus> out) {
    SONM_CO_TRY(TaskEntry * entry, task_of(worker, who, id));
    TaskUse task(*entry);
    std::optional<TaskStatus> told;
    while (true) {
        TaskStatus now = task->status();
        if (now != told) {
            told = now;
            auto writing = out.write(now);
            SONM_CO_CHECK(co_await std::move(writing));
        }
        // It may have changed while the reader was slow.
        if (task->status() != *told) continue;
        if (model::is_final(told->state)) co_return Result<void>();
        co_await task->changed.wait();
    }
}

Async<void> logs(Worker& worker, rpc::Context who, TaskId id, std::uint64_t from, bool keep_following,
                 rpc::Sink<LogChunk> out) {
    SONM_CO_TRY(TaskEntry * entry, task_of(worker, who, id));
    TaskUse task(*entry);
    TaskLogReader reader(worker.workspaces().log_folder(id), from);
    while (true) {
        // Asked before reading: what is printed between the two is read in the next round.
        bool ended = task->final();
        SONM_CO_TRY(std::optional<LogPiece> piece, reader.next());
        if (piece) {
            LogChunk chunk;
            chunk.is_stderr = piece->is_stderr;
            chunk.next = piece->position + piece->bytes.size();
            chunk.bytes = std::move(piece->bytes);
            auto writing = out.write(std::move(chunk));
            SONM_CO_CHECK(co_await std::move(writing));
            continue;
        }
        if (ended || !keep_following) co_return Result<void>();
        if (!task->final()) co_await task->changed.wait();
    }
}

Result<TaskStatus> stop(Worker& worker, const rpc::Context& who, const TaskId& id) {
    SONM_TRY(TaskEntry * task, task_of(worker, who, id));
    SONM_CHECK(worker.tasks().ask_stop(*task, "the consumer stopped it"));
    return task->status();
}

Result<void> must_be_final(const TaskEntry& task) {
    if (task.final()) return Result<void>();
    return fail(Errc::conflict, "task {} is {}: wait until it has ended", task.id(),
                model::to_string(task.record.status.state));
}

Async<void> pull(Worker& worker, rpc::Context who, TaskId id, std::uint64_t offset, rpc::Sink<Bytes> out) {
    SONM_CO_TRY(TaskEntry * entry, task_of(worker, who, id));
    TaskUse task(*entry);
    SONM_CO_CHECK(must_be_final(*task));
    if (task->record.outputs.is_zero()) co_return fail(Errc::not_found, "task {} has no outputs", id);
    if (offset > task->record.status.output_bytes) {
        co_return fail(Errc::invalid, "the outputs of task {} have {} bytes, not {}", id,
                       task->record.status.output_bytes, offset);
    }
    SONM_CO_TRY(File file, File::open(worker.workspaces().output_file(id), O_RDONLY));
    while (true) {
        Bytes piece(services::chunk_bytes_max);
        SONM_CO_TRY(std::size_t count, file.read_at(piece, offset));
        if (count == 0) co_return Result<void>();
        piece.resize(count);
        offset += count;
        auto writing = out.write(std::move(piece));
        SONM_CO_CHECK(co_await std::move(writing));
    }
}

Result<services::SignedReceipt> receipt(Worker& worker, const rpc::Context& who, const TaskId& id) {
    SONM_TRY(TaskEntry * task, task_of(worker, who, id));
    SONM_CHECK(must_be_final(*task));
    return *task->record.receipt;
}

}  // namespace

std::unique_ptr<rpc::ServiceBase> make_consumer_service(Worker& worker) {
    auto service = std::make_unique<rpc::Service<services::WorkerProtocol>>();
    Worker* w = &worker;
    using Who = rpc::Context;
    service->on<"info">([w](const Who&) { return Result<services::WorkerInfo>(w->info()); });
    service->on<"blob_has">([w](const Who& who, DealId deal, std::vector<crypto::Hash> blobs) {
        return blob_has(*w, who, deal, blobs);
    });
    service->on<"blob_put">([w](Who who, DealId deal, crypto::Hash sha256, std::uint64_t bytes,
                                std::uint64_t offset, rpc::Source<Bytes> in) {
        return blob_put(*w, std::move(who), deal, sha256, bytes, offset, std::move(in));
    });
    service->on<"start_task">([w](const Who& who, DealId deal, TaskId task, TaskSpec spec) {
        return start_task(*w, who, deal, task, std::move(spec));
    });
    service->on<"tasks">([w](const Who& who, DealId deal) { return tasks(*w, who, deal); });
    service->on<"status">([w](const Who& who, TaskId task) {
        return task_of(*w, who, task).map([](const TaskEntry* entry) { return entry->status(); });
    });
    service->on<"follow">([w](Who who, TaskId task, rpc::Sink<TaskStatus> out) {
        return follow(*w, std::move(who), std::move(task), std::move(out));
    });
    service->on<"logs">(
        [w](Who who, TaskId task, std::uint64_t from, bool keep_following, rpc::Sink<LogChunk> out) {
            return logs(*w, std::move(who), std::move(task), from, keep_following, std::move(out));
        });
    service->on<"stop">([w](const Who& who, TaskId task) { return stop(*w, who, task); });
    service->on<"pull">([w](Who who, TaskId task, std::uint64_t offset, rpc::Sink<Bytes> out) {
        return pull(*w, std::move(who), std::move(task), offset, std::move(out));
    });
    service->on<"receipt">([w](const Who& who, TaskId task) { return receipt(*w, who, task); });
    return service;
}

}  // namespace sonm::worker
