#pragma once

#include "sonm/base/async.hpp"
#include "sonm/model/ids.hpp"
#include "sonm/services/worker_service.hpp"

#include <filesystem>
#include <map>

namespace sonm::worker {

using model::DealId;

/// What consumers upload: image archives and inputs, named by their SHA-256. Each deal has a folder of its
/// own, so that one deal can neither fill another's share nor learn what another has, and all of it goes with
/// the deal. Survives a killed process: what is complete was checked. One executor.
class BlobStore {
public:
    explicit BlobStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    services::BlobHeld held(DealId deal, const crypto::Hash& sha256) const;
    /// Where a complete blob lies. Errors: not_found.
    Result<std::filesystem::path> path(DealId deal, const crypto::Hash& sha256) const;
    /// Everything of the deal, in the background of nobody: call it when nothing uses them any more.
    Result<void> forget(DealId deal);

    /// Gives the next piece of an upload; nothing at its end.
    using Pieces = std::function<Async<std::optional<Bytes>>()>;
    /// Takes in pieces from `offset` on until `bytes` are here, checks the hash, and makes the blob complete.
    /// If the pieces end early, what came is kept for a later upload. Returns the bytes held. Errors:
    /// conflict (offset is not where it stands, or beyond `bytes`), busy (somebody else uploads it),
    /// too_large (over `room` for all blobs of the deal, those on their way included; too many blobs; more
    /// bytes than said), invalid (another hash; what came is dropped), no_space.
    Async<std::uint64_t> put(DealId deal, crypto::Hash sha256, std::uint64_t bytes, std::uint64_t offset,
                             std::uint64_t room, Pieces next);

private:
    struct Held {
        std::uint64_t bytes = 0;  ///< what is being uploaded counts as whole
        std::size_t files = 0;
    };
    Held all_of(DealId deal) const;
    std::filesystem::path file(DealId deal, const crypto::Hash& sha256) const;
    Async<std::uint64_t> write(std::filesystem::path part, std::uint64_t bytes, std::uint64_t offset,
                               Pieces next);

    std::filesystem::path folder_;
    std::map<std::filesystem::path, std::uint64_t> uploading_;  ///< and how many bytes they will have
};

}  // namespace sonm::worker
