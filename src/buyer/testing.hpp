#pragma once

#include "sonm/base/bytes.hpp"

#include <archive.h>
#include <archive_entry.h>

/// What this room's tests share.
namespace sonm::buyer::testing {

/// A tar archive with one entry, as a worker would send it; a link's content is its target.
inline Bytes tar_of(const std::string& name, const std::string& content, unsigned type = AE_IFREG) {
    Bytes out(1 * MiB);
    std::size_t used = 0;
    ::archive* tar = archive_write_new();
    archive_write_set_format_pax_restricted(tar);
    archive_write_open_memory(tar, out.data(), out.size(), &used);
    ::archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0644);
    if (type == AE_IFLNK)
        archive_entry_set_symlink(entry, content.c_str());
    else
        archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_write_header(tar, entry);
    if (type == AE_IFREG) archive_write_data(tar, content.data(), content.size());
    archive_entry_free(entry);
    archive_write_close(tar);
    archive_write_free(tar);
    out.resize(used);
    return out;
}

}  // namespace sonm::buyer::testing
