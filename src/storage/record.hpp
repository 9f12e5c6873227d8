#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/base/errc.hpp"

#include <set>

/// A value as one file or object: its key, its tags and itself, so that all three change at once.
///
///     8  "SONMrec1"
///     4  length of the head, little-endian
///     .. head: MessagePack [key, [tags...], bytes of the value]
///     32 SHA-256 of everything before and of the value
///     .. value
namespace sonm::storage {

struct RecordHead {
    std::string key;
    std::set<std::string> tags;
    std::uint64_t value_bytes = 0;
    std::size_t head_bytes = 0;  ///< where the value begins
    bool operator==(const RecordHead&) const = default;
};

/// Longest head: a key and its tags, all of the greatest length.
inline constexpr std::size_t head_bytes_max = 128 * KiB;

Bytes encode_record(std::string_view key, const std::set<std::string>& tags, BytesView value);
/// The head in front of at least head_bytes_max bytes of a record, or all of it. Errors: corrupt.
Result<RecordHead> decode_head(BytesView record);
/// Checks the whole and leaves only the value in `record`. Errors: corrupt.
Result<RecordHead> decode_record(Bytes& record);

}  // namespace sonm::storage
