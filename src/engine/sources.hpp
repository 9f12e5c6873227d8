#pragma once

#include "sonm/engine/file_handle.hpp"

/// Makers of byte streams.
namespace sonm::engine {

/// The rest of a file in pieces of 64 KiB.
ByteSource read_source(FileHandle file);
/// Bytes in memory as one piece and the end: for small things and tests.
ByteSource bytes_source(Bytes bytes);
/// The same bytes as `source`, but `too_many` once there are more than `bytes_max`; tells `progress` how many
/// have passed.
ByteSource bounded(ByteSource source, std::uint64_t bytes_max, std::error_code too_many, ProgressFn progress,
                   std::string what);

}  // namespace sonm::engine
