#pragma once

#include "sonm/apphost/spawner.hpp"
#include "sonm/engine/file_handle.hpp"

#include <linux/filter.h>

#include <span>

namespace sonm::apphost {

/// What a new process is made from. Refers to what lives until start_child() returns.
struct ChildSpec {
    const SpawnSpec& spec;
    std::span<const sock_filter> filter;                  ///< empty = none
    std::span<const engine::FileHandle> group_entrances;  ///< "0" is written into each
    int output;                                           ///< for stdout and stderr
    bool limit_memory, limit_processes;                   ///< by resource limit: no control group does
};

/// Of the calling thread, all that it has: also root, and a user who was given some, are left without.
/// Nothing but system calls.
bool drop_capabilities();

/// Forks, takes every right away, and starts the program. Returns once that has worked or failed. Errors:
/// not_found (no such program or folder), denied, busy (no more processes), io: each says at which step.
Result<pid_t> start_child(const ChildSpec& spec);

}  // namespace sonm::apphost
