#pragma once

#include "sonm/worker/file.hpp"

#include <filesystem>
#include <optional>

namespace sonm::worker {

/// A piece of a task's output as it is kept.
struct LogPiece {
    bool is_stderr = false;
    std::uint64_t time_ns = 0;   ///< since 1970
    std::uint64_t position = 0;  ///< of its first byte: bytes of both streams printed before it
    Bytes bytes;
};

/// Writes what one task prints into files that outlive its container: at most `bytes_max`, oldest dropped
/// first, in two halves. A record is {u8 stream, u64 time, u32 length, bytes}, little-endian; the file's name
/// is the position of its first byte.
class TaskLog {
public:
    /// Goes on where an earlier process stopped: a record that was written in part is cut off. Errors:
    /// no_space, denied, io.
    static Result<TaskLog> open(std::filesystem::path folder, std::uint64_t bytes_max);
    TaskLog(TaskLog&&) = default;
    TaskLog& operator=(TaskLog&&) = default;

    /// Pieces of more than 64 KiB are stored as several.
    Result<void> append(bool is_stderr, std::uint64_t time_ns, BytesView bytes);
    /// Position after the last byte.
    std::uint64_t end() const { return end_; }
    /// Time of the last record; 0 if there is none.
    std::uint64_t last_time_ns() const { return last_time_ns_; }

private:
    TaskLog(std::filesystem::path folder, std::uint64_t half_max, File file)
        : folder_(std::move(folder)), half_max_(half_max), file_(std::move(file)) {}
    Result<void> roll();

    std::filesystem::path folder_;
    std::uint64_t half_max_;
    File file_;
    std::uint64_t file_bytes_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t last_time_ns_ = 0;
};

/// A part of a log's file in memory.
struct LogBlock {
    Bytes bytes;
    std::uint64_t begin = 0;  ///< where in the file
};

/// Reads a task's log while it grows. What is no longer kept is skipped.
class TaskLogReader {
public:
    TaskLogReader(std::filesystem::path folder, std::uint64_t from)
        : folder_(std::move(folder)), position_(from) {}
    /// The next piece that is there now; nothing at the end of what has been written so far. Errors: io,
    /// corrupt.
    Result<std::optional<LogPiece>> next();

private:
    Result<bool> open_file();

    std::filesystem::path folder_;
    std::uint64_t position_;
    std::optional<File> file_;
    LogBlock block_;
    std::uint64_t file_begin_ = 0;  ///< position of the open file's first byte
    std::uint64_t offset_ = 0;      ///< of the next record in the open file
    std::uint64_t at_ = 0;          ///< position of the next record
};

}  // namespace sonm::worker
