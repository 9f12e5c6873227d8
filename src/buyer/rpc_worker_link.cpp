#include "sonm/buyer/rpc_worker_link.hpp"

#include <fstream>

namespace sonm::buyer {
namespace {

using services::BlobHeld;
using services::WorkerClient;

class RpcWorkerLink final : public WorkerLink {
public:
    explicit RpcWorkerLink(rpc::Connection connection) : client_(std::move(connection)) {}

    Async<bool> has_blob(DealId deal, crypto::Hash sha256) override {
        SONM_CO_TRY(BlobHeld held, co_await ask(deal, sha256));
        co_return held.complete;
    }

    Async<void> put_blob(DealId deal, crypto::Hash sha256, std::filesystem::path path,
                         std::function<void(std::uint64_t)> sent) override {
        std::error_code error;
        std::uint64_t bytes = std::filesystem::file_size(path, error);
        std::ifstream file(path, std::ios::binary);
        if (error || !file) co_return fail(Errc::not_found, "no file {}", path.string());
        SONM_CO_TRY(BlobHeld held, co_await ask(deal, sha256));
        std::uint64_t offset = std::min(held.bytes, bytes);
        file.seekg(static_cast<std::streamoff>(offset));
        SONM_CO_TRY(auto upload, client_.stream<"blob_put">(deal, sha256, bytes, offset));
        while (offset < bytes) {
            Bytes piece(std::min<std::uint64_t>(services::chunk_bytes_max, bytes - offset));
            file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
            if (!file)
                co_return fail(Errc::io, "reading {}: it changed while it was being sent", path.string());
            offset += piece.size();
            SONM_CO_CHECK(co_await upload.write(std::move(piece)));
            sent(offset);
        }
        SONM_CO_TRY(std::uint64_t stored, co_await upload.reply());
        if (stored != bytes)
            co_return fail(Errc::conflict, "the worker stored {} of {} bytes of {}", stored, bytes,
                           path.string());
        co_return Result<void>();
    }

    Async<model::TaskStatus> start(DealId deal, TaskId task, model::TaskSpec spec) override {
        co_return co_await client_.call<"start_task">(deal, task, spec);
    }
    Async<model::TaskStatus> status(TaskId task) override { co_return co_await client_.call<"status">(task); }
    Async<std::vector<model::TaskStatus>> tasks(DealId deal) override {
        co_return co_await client_.call<"tasks">(deal);
    }

    Async<void> follow(TaskId task, std::function<void(const model::TaskStatus&)> changed) override {
        SONM_CO_TRY(auto states, client_.stream<"follow">(task));
        while (true) {
            SONM_CO_TRY(auto state, co_await states.next());
            if (!state) co_return Result<void>();
            changed(*state);
        }
    }

    Async<void> logs(TaskId task, std::uint64_t from, bool keep_following,
                     std::function<void(const LogChunk&)> chunk) override {
        SONM_CO_TRY(auto pieces, client_.stream<"logs">(task, from, keep_following));
        while (true) {
            SONM_CO_TRY(auto piece, co_await pieces.next());
            if (!piece) co_return Result<void>();
            chunk(*piece);
        }
    }

    Async<void> stop(TaskId task) override {
        SONM_CO_CHECK(co_await client_.call<"stop">(task));
        co_return Result<void>();
    }

    Async<void> pull(TaskId task, std::function<Result<void>(BytesView)> sink) override {
        SONM_CO_TRY(auto pieces, client_.stream<"pull">(task, std::uint64_t(0)));
        while (true) {
            SONM_CO_TRY(auto piece, co_await pieces.next());
            if (!piece) co_return Result<void>();
            SONM_CO_CHECK(sink(*piece));
        }
    }

    Async<SignedReceipt> receipt(TaskId task) override { co_return co_await client_.call<"receipt">(task); }

private:
    Async<BlobHeld> ask(DealId deal, crypto::Hash sha256) {
        std::vector<crypto::Hash> hashes(1, sha256);
        SONM_CO_TRY(auto held, co_await client_.call<"blob_has">(deal, hashes));
        if (held.size() != 1)
            co_return fail(Errc::invalid, "the worker answered about {} blobs instead of one", held.size());
        co_return held.front();
    }

    WorkerClient client_;
};

}  // namespace

Async<std::unique_ptr<WorkerLink>> RpcWorkerLinks::connect(Address worker, std::string endpoint) {
    rpc::ConnectOptions options;
    options.signer = &signer_;
    options.clock = &clock_;
    options.expect = worker;
    SONM_CO_TRY(auto connection, co_await rpc::connect(group_, endpoint, "worker", options));
    std::unique_ptr<WorkerLink> link = std::make_unique<RpcWorkerLink>(std::move(connection));
    co_return std::move(link);
}

}  // namespace sonm::buyer
