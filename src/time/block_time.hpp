#pragma once

#include "sonm/base/result.hpp"

#include <string>
#include <string_view>

namespace sonm::time {

/// Asks a chain's node for its newest block, by JSON-RPC.
std::string block_question();
/// The time of that block in the answer, seconds since 1970. Errors: invalid.
Result<std::int64_t> parse_block_time(std::string_view answer);

inline constexpr std::size_t block_bytes_max = 1024 * 1024;

}  // namespace sonm::time
