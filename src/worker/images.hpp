#pragma once

#include "sonm/engine/engine.hpp"
#include "sonm/worker/blob_store.hpp"
#include "sonm/worker/config.hpp"
#include "sonm/worker/signal.hpp"

#include <map>
#include <set>

namespace sonm::worker {

/// Gets the images of tasks onto this machine: an uploaded archive is loaded once for all tasks of its deal,
/// whoever asks first. What a deal's images unpack to is bounded for all of them together, and goes with the
/// deal; what was here before stays. One executor.
class Images {
public:
    /// The references outlive this.
    Images(const Executor& executor, engine::Engine& engine, BlobStore& blobs, const WorkerConfig& config)
        : engine_(engine), blobs_(blobs), config_(config), done_(executor) {}

    /// How an image that was fetched from a registry came here.
    struct Origin {
        bool fetched = false;  ///< for a deal, and goes with it
        bool guarded = false;  ///< with that deal's credentials: not another's to use
    };
    /// Of an image that `ensure` gave to this deal.
    Origin origin(DealId deal, const engine::ImageId& image) const;

    /// What an earlier process loaded.
    void remember(DealId deal, const crypto::Hash& blob, engine::ImageId image) {
        loaded_[Key(deal, blob)].id = std::move(image);
    }
    /// What an earlier process fetched.
    void remember(DealId deal, engine::ImageId image, Origin origin);

    /// Errors: not_found (the blob was not uploaded), engine errors, denied (this worker does not pull).
    Async<engine::ImageInfo> ensure(DealId deal, model::ImageSource source, engine::ProgressFn progress);
    /// Removes what was loaded or fetched for this deal alone. Errors: engine_down.
    Async<void> release(DealId deal);

private:
    Async<engine::ImageInfo> load(DealId deal, model::ImageSource source, engine::ProgressFn progress);
    Async<engine::ImageInfo> pull(DealId deal, model::ImageSource source, engine::ProgressFn progress);
    engine::ImageLimits limits(DealId deal, std::uint64_t archive_bytes_max) const;

    using Key =
        std::pair<DealId, crypto::Hash>;  ///< an uploaded archive, or the id of an image that was fetched
    struct Loaded {
        engine::ImageId id;
        std::uint64_t unpacked_bytes = 0;  ///< 0 if an earlier process loaded it
        bool guarded = false;
    };
    void keep(const Key& key, const engine::ImageInfo& image, bool guarded = false);
    /// Whether the deal may use an image that is here without asking its registry.
    bool is_free(DealId deal, const engine::ImageId& image) const;

    engine::Engine& engine_;
    BlobStore& blobs_;
    const WorkerConfig& config_;
    std::map<Key, Loaded> loaded_;
    std::set<Key> loading_;
    Signal done_;
};

/// The 32 bytes in "sha256:…"; zero if it has another form.
crypto::Hash hash_of(const engine::ImageId& image);
engine::ImageId image_id(const crypto::Hash& hash);

}  // namespace sonm::worker
