#pragma once

#include "sonm/engine/errc.hpp"
#include "sonm/engine/file_handle.hpp"

/// Files below a folder that a stranger's program has written: nothing here follows a symbolic link or leaves
/// the folder, whatever changes meanwhile (openat2 with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS,
/// RESOLVE_NO_XDEV). Blocking.
namespace sonm::engine {

/// A relative path without "." and "..", cleaned. "." itself is allowed only if `whole`. Errors:
/// path_escapes.
Result<std::string> clean_relative(std::string_view path, bool whole);

/// Errors: denied, not_found.
Result<FileHandle> open_folder(const std::filesystem::path& path);
/// `path` below `folder`, with flags of open(2). Errors: path_escapes (a link on the way, another file
/// system), not_found, exists, no_space.
Result<FileHandle> open_beneath(const FileHandle& folder, const std::string& path, int flags,
                                unsigned mode = 0);
/// Makes the folders on the way to `path`, and gives the one that it is to lie in.
Result<FileHandle> make_parents(const FileHandle& folder, const std::string& path);
/// A new empty file in place of whatever was there (not a folder). Mode 0666 or 0777, whatever the umask.
Result<FileHandle> create_beneath(const FileHandle& folder, const std::string& path, bool executable);

}  // namespace sonm::engine
