#pragma once

#include <map>
#include <set>

#include "sonm/engine/engine.hpp"
#include "sonm/worker/blob_store.hpp"
#include "sonm/worker/config.hpp"
#include "sonm/worker/signal.hpp"

namespace sonm::worker {

/// Gets the images of tasks onto this machine: an uploaded archive is loaded once for all tasks of its deal, whoever asks first.
/// One executor.
class Images {
public:
    /// The references outlive this.
    Images(const Executor& executor, engine::Engine& engine, BlobStore& blobs, const WorkerConfig& config)
        : engine_(engine), blobs_(blobs), config_(config), done_(executor) {}

    /// What an earlier process loaded.
    void remember(DealId deal, const crypto::Hash& blob, engine::ImageId image) { loaded_.insert_or_assign({deal, blob}, std::move(image)); }

    /// Errors: not_found (the blob was not uploaded), engine errors, denied (this worker does not pull).
    Async<engine::ImageInfo> ensure(DealId deal, model::ImageSource source, engine::ProgressFn progress);
    /// Removes what was loaded for this deal alone. Errors: engine_down.
    Async<void> release(DealId deal);

private:
    Async<engine::ImageInfo> load(DealId deal, model::ImageSource source, engine::ProgressFn progress);
    Async<engine::ImageInfo> pull(model::ImageSource source, engine::ProgressFn progress);
    engine::ImageLimits limits(std::uint64_t archive_bytes_max) const;

    using Key = std::pair<DealId, crypto::Hash>;
    engine::Engine& engine_;
    BlobStore& blobs_;
    const WorkerConfig& config_;
    std::map<Key, engine::ImageId> loaded_;
    std::set<Key> loading_;
    Signal done_;
};

/// The 32 bytes in "sha256:…"; zero if it has another form.
crypto::Hash hash_of(const engine::ImageId& image);
engine::ImageId image_id(const crypto::Hash& hash);

}  // namespace sonm::worker
