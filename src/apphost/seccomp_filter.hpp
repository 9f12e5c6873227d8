#pragma once

#include "sonm/base/result.hpp"

#include <linux/filter.h>

#include <vector>

namespace sonm::apphost {

/// The engine room's seccomp profile (a list of what is allowed, in the JSON form of container engines) as a
/// program for the kernel: processes and containers get the same. Errors: invalid (the profile), unavailable
/// (no seccomp).
Result<std::vector<sock_filter>> make_seccomp_filter(std::string_view profile);

}  // namespace sonm::apphost
