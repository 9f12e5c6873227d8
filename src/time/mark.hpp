#pragma once

#include "sonm/base/watchers.hpp"

#include <filesystem>
#include <limits>

namespace sonm::time {

/// How far readings may have come, kept in a file and written ahead: however a process ends, it has told no
/// time behind its mark, and the next life begins there. All in microseconds. One executor.
class Mark {
public:
    static constexpr std::int64_t ahead_us = 2'000'000;    ///< so far beyond the newest reading
    static constexpr std::int64_t refresh_us = 1'000'000;  ///< written again when no more than this is left

    Mark(const Executor& executor, std::filesystem::path file)
        : file_(std::move(file)), wake_(executor, 1), changed_(executor) {}

    /// Where earlier lives may have come to; nothing if there is no file. Errors: corrupt, those of
    /// read_text.
    Async<std::optional<std::int64_t>> load();
    /// Writes when it has to, until cancelled: once a second of readings at most.
    Task<void> run();
    /// Whether that reading may be told; if not, ask again after changed(). A disk that fails or is stuck
    /// holds nobody up: then every reading may be told, and the log says that the mark is behind.
    bool covers(std::int64_t reading);
    /// Waits until the mark has moved, or given up.
    Task<void> changed();
    /// Nothing ahead any more, from now on: the next life goes on exactly where this one has come to. Whoever
    /// asks afterwards waits for the disk each time.
    Task<void> settle();

    std::uint64_t written() const { return written_; }
    std::uint64_t failures() const { return failures_; }

private:
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min() / 2;
    void failed(std::string_view why);

    std::filesystem::path file_;
    std::int64_t newest_ = never, kept_ = never, ahead_ = ahead_us;
    bool failing_ = false;
    Channel<bool> wake_;
    Watchers changed_;
    std::uint64_t written_ = 0, failures_ = 0;
};

}  // namespace sonm::time
