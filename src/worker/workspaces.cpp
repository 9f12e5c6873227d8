#include "sonm/worker/workspaces.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/engine/outputs.hpp"
#include "sonm/engine/sources.hpp"
#include "sonm/worker/file.hpp"

#include <fcntl.h>

namespace sonm::worker {

namespace fs = std::filesystem;

Async<fs::path> Workspaces::make(const TaskRecord& task) {
    const std::string& name = task.status.id.value;
    auto removing = work_.remove(name);
    SONM_CO_CHECK(co_await std::move(removing));
    auto creating = work_.create(name, task.limits.storage_bytes);
    SONM_CO_TRY(engine::WorkFolder folder, co_await std::move(creating));
    for (const model::InputFile& input : task.spec.inputs) {
        SONM_CO_TRY(fs::path blob, blobs_.path(task.status.deal, input.blob));
        SONM_CO_TRY(engine::FileHandle file, engine::FileHandle::open(blob, O_RDONLY));
        auto bytes = engine::read_source(std::move(file));
        auto placing =
            engine::place(folder, input.path, std::move(bytes), input.bytes, (input.mode & 0111) != 0);
        SONM_CO_CHECK(co_await std::move(placing));
    }
    co_return folder.path;
}

Async<Workspaces::Outputs> Workspaces::collect(const TaskRecord& task) {
    auto adopting = work_.adopt(task.status.id.value);
    SONM_CO_TRY(engine::WorkFolder folder, co_await std::move(adopting));
    engine::FileLimits limits;
    limits.bytes_max = task.spec.output_bytes_max;
    auto opening = engine::collect(std::move(folder), task.spec.outputs, limits);
    SONM_CO_TRY(std::unique_ptr<engine::Outputs> archive, co_await std::move(opening));
    auto writing = write(std::move(archive), output_file(task.status.id));
    co_return co_await std::move(writing);
}

Async<Workspaces::Outputs> Workspaces::write(std::unique_ptr<engine::ByteReader> archive, fs::path target) {
    SONM_CO_CHECK(make_folder(target.parent_path(), 0700));
    fs::path part = target;
    part += ".part";
    SONM_CO_TRY(File file, File::open(part, O_WRONLY | O_CREAT | O_TRUNC));
    crypto::Sha256 hash;
    Outputs out;
    while (true) {
        auto reading = archive->read();
        SONM_CO_TRY(Bytes piece, co_await std::move(reading));
        if (piece.empty()) break;
        hash.update(piece);
        SONM_CO_CHECK(file.write_at(piece, out.bytes));
        out.bytes += piece.size();
    }
    SONM_CO_CHECK(file.sync());
    std::error_code error;
    fs::rename(part, target, error);
    if (error) co_return fail(Errc::io, "storing {}: {}", target.string(), error.message());
    out.sha256 = hash.finish();
    co_return out;
}

Async<void> Workspaces::remove(TaskId task) {
    auto removing = work_.remove(task.value);
    co_return co_await std::move(removing);
}

void Workspaces::forget(const TaskId& task) {
    std::error_code error;
    fs::remove_all(kept(task), error);
}

}  // namespace sonm::worker
