#pragma once

#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"

/// Archives of applications: tar, plain or through gzip, bzip2, xz or zstd. They come from strangers.
namespace sonm::apphost {

struct ArchiveLimits {
    std::uint64_t unpacked_bytes_max = 512 * MiB;
    std::size_t entries_max = 50'000;
};

/// Largest archive: one value of the storage, which travels in one frame of 16 MiB.
inline constexpr std::size_t archive_bytes_max = 15 * MiB;

/// Unpacks below `folder`, which is made and must be empty. Files, folders, hard links to files of the same
/// archive, and symbolic links that stay below the folder; nothing is ever written through a link. Owners,
/// times and set-id bits are not taken over: files are 0644 or 0755. Blocking. Errors: invalid (damaged, or
/// an entry that leaves the folder or is of another kind: says which), too_large, no_space, io. What was
/// unpacked before an error stays.
Result<void> unpack_archive(BytesView archive, const std::filesystem::path& folder,
                            ArchiveLimits limits = ArchiveLimits());

/// The files and links below `folder` as a gzipped tar with the same bytes each time. Blocking. Errors:
/// not_found, too_large (the archive would be over the limit), io.
Result<Bytes> pack_archive(const std::filesystem::path& folder);

}  // namespace sonm::apphost
