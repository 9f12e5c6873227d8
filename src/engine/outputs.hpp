#pragma once

#include "sonm/engine/engine.hpp"
#include "sonm/engine/work_folder.hpp"

/// What goes into a work folder and what comes out of it. The container may still be running, or have left
/// anything behind.
namespace sonm::engine {

struct FileLimits {
    std::uint64_t bytes_max = 1 * GiB;  ///< of all files together, holes of sparse files included
    std::uint64_t files_max = 100'000;
};

/// Writes `bytes` to `path` (relative) in the folder, in place of a file that was there; makes the folders on
/// the way. Errors: path_escapes, too_large, work_folder_full, and what `bytes` says. What was written in
/// part is removed.
Async<void> place(WorkFolder folder, std::string path, ByteSource bytes, std::uint64_t bytes_max,
                  bool executable = false);

/// Outputs as a tar stream. The same files give the same bytes: names are sorted, owners and times left out.
class Outputs : public ByteReader {
public:
    /// Symbolic links, sockets and the like below the named folders: left out.
    virtual const std::vector<std::string>& left_out() const = 0;
    virtual std::uint64_t bytes() const = 0;  ///< of all files
    virtual std::uint64_t files() const = 0;
};

/// Looks at all `paths` (relative; files or folders, "." for everything) and fails before the first byte if
/// they are not to be had. Errors: path_escapes (a named path is or goes through a symbolic link),
/// output_missing, output_too_large, denied (no file, no folder).
Async<std::unique_ptr<Outputs>> collect(WorkFolder folder, std::vector<std::string> paths, FileLimits limits);

struct Unpacked {
    std::vector<std::string> files;
    std::uint64_t bytes = 0;
    std::vector<std::string> left_out;  ///< links and devices
};
/// Unpacks a tar from somebody else into the folder `to`, which must exist. Files and folders only, nothing
/// outside of `to`, nothing through links that lie there. Errors: path_escapes, too_large, no_space, invalid
/// (damaged).
Async<Unpacked> unpack(std::filesystem::path tar_file, std::filesystem::path to, FileLimits limits);

}  // namespace sonm::engine
