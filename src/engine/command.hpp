#pragma once

#include "sonm/base/async.hpp"

#include <string>
#include <vector>

namespace sonm::engine {

/// Runs a program of this machine to its end and gives what it printed (both outputs, at most 64 KiB), for
/// what has no API: mkfs, mount, firewall rules. No shell, stdin is /dev/null, and after `limit` it is
/// killed. Errors: not_found (no such program), io (exit code other than 0: with its words), timeout.
Async<std::string> run_command(std::vector<std::string> argv, Millis limit);

}  // namespace sonm::engine
