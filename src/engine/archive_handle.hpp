#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string>

/// Owners of libarchive's handles.
namespace sonm::engine {

struct ArchiveReadFree {
    void operator()(archive* handle) const { archive_read_free(handle); }
};
struct ArchiveWriteFree {
    void operator()(archive* handle) const { archive_write_free(handle); }
};
struct ArchiveEntryFree {
    void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using ArchiveReadHandle = std::unique_ptr<archive, ArchiveReadFree>;
using ArchiveWriteHandle = std::unique_ptr<archive, ArchiveWriteFree>;
using ArchiveEntryHandle = std::unique_ptr<archive_entry, ArchiveEntryFree>;

/// A reader for tar; `compressed`: also through gzip, bzip2, xz or zstd. No other format is enabled.
inline ArchiveReadHandle make_tar_reader(bool compressed) {
    ArchiveReadHandle reader(archive_read_new());
    archive_read_support_format_tar(reader.get());
    if (compressed) {
        archive_read_support_filter_gzip(reader.get());
        archive_read_support_filter_bzip2(reader.get());
        archive_read_support_filter_xz(reader.get());
        archive_read_support_filter_zstd(reader.get());
    }
    return reader;
}

/// What libarchive says went wrong.
inline std::string archive_words(archive* handle) {
    const char* words = archive_error_string(handle);
    return words ? words : "damaged";
}

}  // namespace sonm::engine
