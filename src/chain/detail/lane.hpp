#pragma once

#include "sonm/base/async.hpp"

#include <memory>
#include <string>

namespace sonm::chain::detail {

/// Lets one at a time pass: among the tasks of this process, and, with a lock file, among all processes. The
/// kernel gives the file's lock back when a process dies, however it dies.
class Lane {
public:
    Lane(Executor executor, std::string lock_path) : turn_(executor, 1), path_(std::move(lock_path)) {}
    Lane(const Lane&) = delete;

    /// Whoever has it is inside; leaves when destroyed.
    class Held {
    public:
        Held(Lane* lane, int file) : lane_(lane), file_(file) {}
        Held(Held&& other) noexcept
            : lane_(std::exchange(other.lane_, nullptr)), file_(std::exchange(other.file_, -1)) {}
        Held& operator=(Held&&) = delete;
        ~Held();

    private:
        Lane* lane_;
        int file_;
    };
    /// Waits for its turn. Errors: io, denied (the lock file).
    Async<Held> enter();

private:
    Channel<bool> turn_;  // holds one value while somebody is inside
    std::string path_;
};

}  // namespace sonm::chain::detail
