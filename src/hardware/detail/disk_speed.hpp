#pragma once

#include "sonm/base/result.hpp"

#include <chrono>
#include <filesystem>

namespace sonm::hardware::detail {

/// storage-rw: MB/s of writing a file to the disk and reading it again, in large pieces past the page cache
/// where the file system lets one: the harmonic mean of both. The file has no name, so a kill leaves nothing
/// behind. Blocks for about `span`, writes at most `bytes_max`. Errors: denied, no_space, not_found, io.
Result<double> disk_speed(const std::filesystem::path& folder, std::uint64_t bytes_max,
                          std::chrono::nanoseconds span);

}  // namespace sonm::hardware::detail
