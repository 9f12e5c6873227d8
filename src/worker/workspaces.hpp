#pragma once

#include "sonm/engine/engine.hpp"
#include "sonm/engine/work_folder.hpp"
#include "sonm/worker/blob_store.hpp"
#include "sonm/worker/journal.hpp"

namespace sonm::worker {

/// The files of tasks: a work folder of bounded size while a task lives, its log and outputs for as long as
/// they are kept. One executor.
class Workspaces {
public:
    /// `blobs` must outlive this.
    Workspaces(std::filesystem::path folder, BlobStore& blobs)
        : folder_(std::move(folder)), blobs_(blobs), work_(root(), engine::QuotaKind::none) {}

    /// Where work folders lie.
    std::filesystem::path root() const { return folder_ / "work"; }
    /// How they are bounded; before the first one is made.
    void set_quota(engine::QuotaKind kind) { work_ = engine::WorkFolders(root(), kind); }

    /// A fresh work folder with the task's inputs in it; one that was half made before is made anew. Errors:
    /// not_found (a blob), EngineErrc (path_escapes, work_folder_full, no_quota), no_space.
    Async<std::filesystem::path> make(const TaskRecord& task);

    struct Outputs {
        std::uint64_t bytes = 0;
        crypto::Hash sha256;
    };
    /// Packs the task's outputs into its output file. May be repeated. Errors: EngineErrc (path_escapes,
    /// output_missing, output_too_large), no_space.
    Async<Outputs> collect(const TaskRecord& task);
    /// Removes the work folder, if there is one.
    Async<void> remove(TaskId task);
    /// Removes everything else of the task.
    void forget(const TaskId& task);

    std::filesystem::path log_folder(const TaskId& task) const { return kept(task) / "log"; }
    std::filesystem::path output_file(const TaskId& task) const { return kept(task) / "output.tar"; }

private:
    std::filesystem::path kept(const TaskId& task) const { return folder_ / "kept" / task.value; }
    Async<Outputs> write(std::unique_ptr<engine::ByteReader> archive, std::filesystem::path file);

    std::filesystem::path folder_;
    BlobStore& blobs_;
    engine::WorkFolders work_;
};

}  // namespace sonm::worker
