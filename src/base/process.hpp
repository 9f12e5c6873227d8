#pragma once

#include "sonm/base/async.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace sonm {

/// A process that we started, named so that a pid which the system gave to somebody else meanwhile is not
/// mistaken for it.
struct ProcessId {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;  ///< field 22 of /proc/<pid>/stat
    bool operator==(const ProcessId&) const = default;
};

/// Starts `argv` detached from the terminal, in a session of its own, with stdin from /dev/null and output
/// appended to `log`. It outlives us. Errors: not_found (no such program), denied, io.
Result<ProcessId> spawn_daemon(const std::vector<std::string>& argv, const std::filesystem::path& log);
/// The name of a process that is there, or a zombie.
ProcessId identify(pid_t pid);
/// Whether that very process is still there (zombies are not).
bool is_alive(const ProcessId& process);
/// SIGTERM, then SIGKILL after `grace`; returns when it is gone. Errors: denied, timeout.
Async<void> stop_process(ProcessId process, Millis grace);

/// Kept in a file as "pid start_ticks"; a missing or malformed file reads as not_found.
Result<void> write_pid_file(const std::filesystem::path& path, const ProcessId& process);
Result<ProcessId> read_pid_file(const std::filesystem::path& path);

/// Full path of a program found through PATH. Errors: not_found.
Result<std::filesystem::path> find_program(const std::string& name);

}  // namespace sonm
