#pragma once

#include "sonm/base/bytes.hpp"

#include <filesystem>
#include <string>

namespace sonm {

/// Reads a whole file. Errors: not_found, denied, too_large (over `bytes_max`), invalid (a folder), io.
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t bytes_max);
/// The same as text.
Result<std::string> read_text(const std::filesystem::path& path, std::size_t bytes_max);

/// Replaces `path` by `bytes` as a whole or not at all, also across a power cut: writes a neighbour, syncs,
/// renames, syncs the folder. The old content stays intact on every error. `mode` is the new file's, whatever
/// the umask. Errors: no_space, denied, not_found (no such folder), io.
Result<void> write_atomically(const std::filesystem::path& path, BytesView bytes, unsigned mode = 0644);

/// Makes the folder and those above it; the last one gets `mode` if it is new. Errors: denied, exists (a file
/// is there), io.
Result<void> make_folder(const std::filesystem::path& path, unsigned mode = 0755);

/// A fresh folder below the system's temporary one, removed with all it holds at the end of its life. For
/// tests and for passing work. Aborts if it cannot be made.
class TempDir {
public:
    TempDir();
    TempDir(const TempDir&) = delete;
    ~TempDir();
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

}  // namespace sonm
