#include "sonm/worker/blob_store.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/worker/file.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace sonm::worker {
namespace {

namespace fs = std::filesystem;

std::uint64_t size_or_zero(const fs::path& path) {
    std::error_code error;
    std::uint64_t size = fs::file_size(path, error);
    return error ? 0 : size;
}

fs::path part_of(fs::path file) { return file += ".part"; }

/// Hashes the whole file and forces it to the disk.
Result<crypto::Hash> seal(const fs::path& path) {
    SONM_TRY(File file, File::open(path, O_RDWR));
    crypto::Sha256 hash;
    Bytes buffer(256 * KiB);
    for (std::uint64_t at = 0;;) {
        SONM_TRY(std::size_t count, file.read_at(buffer, at));
        if (count == 0) break;
        hash.update(std::span(buffer).first(count));
        at += count;
    }
    SONM_CHECK(file.sync());
    return hash.finish();
}

/// Blobs of one deal, complete or not: each costs a file, however small.
constexpr std::size_t blobs_max = 10'000;

/// Ends an upload's claim on its file, however the upload ends.
struct Claim {
    std::map<fs::path, std::uint64_t>& claimed;
    fs::path path;
    Claim(std::map<fs::path, std::uint64_t>& all, fs::path one, std::uint64_t bytes)
        : claimed(all), path(std::move(one)) {
        claimed.emplace(path, bytes);
    }
    Claim(const Claim&) = delete;
    ~Claim() { claimed.erase(path); }
};

}  // namespace

fs::path BlobStore::file(DealId deal, const crypto::Hash& sha256) const {
    return folder_ / fmt::format("{}", deal) / to_hex(sha256.bytes);
}

services::BlobHeld BlobStore::held(DealId deal, const crypto::Hash& sha256) const {
    fs::path path = file(deal, sha256);
    std::error_code error;
    std::uint64_t size = fs::file_size(path, error);
    if (!error) return {size, true};
    return {size_or_zero(part_of(path)), false};
}

Result<fs::path> BlobStore::path(DealId deal, const crypto::Hash& sha256) const {
    fs::path path = file(deal, sha256);
    std::error_code error;
    if (!fs::is_regular_file(path, error))
        return fail(Errc::not_found, "blob {} of deal {} is not here: upload it first", sha256, deal);
    return path;
}

BlobStore::Held BlobStore::all_of(DealId deal) const {
    Held out;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_ / fmt::format("{}", deal), error)) {
        auto coming = uploading_.find(entry.path());
        out.bytes += coming == uploading_.end() ? size_or_zero(entry.path()) : coming->second;
        ++out.files;
    }
    return out;
}

Result<void> BlobStore::forget(DealId deal) {
    std::error_code error;
    fs::remove_all(folder_ / fmt::format("{}", deal), error);
    if (error) return fail(Errc::io, "removing the blobs of deal {}: {}", deal, error.message());
    return Result<void>();
}

Async<std::uint64_t> BlobStore::put(DealId deal, crypto::Hash sha256, std::uint64_t bytes,
                                    std::uint64_t offset, std::uint64_t room, Pieces next) {
    services::BlobHeld have = held(deal, sha256);
    if (have.complete) co_return have.bytes;
    fs::path target = file(deal, sha256), part = part_of(target);
    if (uploading_.contains(part))
        co_return fail(Errc::busy, "blob {} is being uploaded on another connection", sha256);
    if (offset != have.bytes) {
        co_return fail(Errc::conflict, "blob {}: {} bytes are here, the upload begins at {}", sha256,
                       have.bytes, offset);
    }
    if (offset > bytes)
        co_return fail(Errc::conflict, "blob {}: {} bytes are here already, {} are announced", sha256, offset,
                       bytes);
    Held all = all_of(deal);
    std::uint64_t others = all.bytes - have.bytes;
    if (all.files >= blobs_max)
        co_return fail(Errc::too_large, "deal {} has {} blobs, which is the limit", deal, all.files);
    if (bytes > room || others > room - bytes) {
        co_return fail(Errc::too_large,
                       "blob {} of {} bytes: deal {} holds {} bytes of blobs already and may hold {}", sha256,
                       bytes, deal, others, room);
    }
    SONM_CO_CHECK(make_folder(target.parent_path(), 0700));
    Claim claim(uploading_, part, bytes);
    auto writing = write(part, bytes, offset, std::move(next));
    SONM_CO_TRY(std::uint64_t stored, co_await std::move(writing));
    if (stored < bytes) co_return stored;

    auto work = [part] { return seal(part); };
    auto hashing = offload(std::move(work));
    SONM_CO_TRY(crypto::Hash found, co_await std::move(hashing));
    std::error_code error;
    if (found != sha256) {
        fs::remove(part, error);
        co_return fail(Errc::invalid, "the uploaded bytes have SHA-256 {}, not {}: upload again", found,
                       sha256);
    }
    fs::rename(part, target, error);
    if (error) co_return fail(Errc::io, "storing {}: {}", target.string(), error.message());
    co_return stored;
}

Async<std::uint64_t> BlobStore::write(fs::path part, std::uint64_t bytes, std::uint64_t offset, Pieces next) {
    SONM_CO_TRY(File file, File::open(part, O_WRONLY | O_CREAT, 0600));
    std::uint64_t at = offset;
    while (true) {
        auto reading = next();
        SONM_CO_TRY(std::optional<Bytes> piece, co_await std::move(reading));
        if (!piece) break;
        if (piece->size() > bytes - at)
            co_return fail(Errc::too_large, "more than the {} bytes that were announced", bytes);
        SONM_CO_CHECK(file.write_at(*piece, at));
        at += piece->size();
    }
    co_return at;
}

}  // namespace sonm::worker
