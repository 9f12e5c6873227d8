#pragma once

#include "sonm/services/unicorn_service.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sonm::unicorn {

using services::UnicornErrc;
using services::version_absent;
using services::Versioned;

inline constexpr std::size_t path_bytes_max = 1024;
inline constexpr std::size_t path_depth_max = 32;

/// The path as it is kept: "" for the root, else "/a/b" without a slash at the end. Names are any bytes but
/// control characters; not empty, `.` or `..`. Errors: bad_path.
Result<std::string> parse_path(std::string_view text);
/// The path above; the root is above itself.
std::string_view parent_of(std::string_view path);
std::string_view name_of(std::string_view path);
/// 0 for the root.
std::size_t depth_of(std::string_view path);
/// All paths above, nearest first, without the root.
std::vector<std::string> ancestors_of(std::string_view path);

}  // namespace sonm::unicorn
