#pragma once

#include <string_view>

namespace sonm::engine {

/// The project's own seccomp profile, the JSON that the engine takes (src/engine/seccomp.json): a list of
/// what is allowed. 32-bit system calls have no rule and end the process.
std::string_view seccomp_profile();

}  // namespace sonm::engine
