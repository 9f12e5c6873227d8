#pragma once

#include "sonm/base/open_file.hpp"
#include "sonm/logging/output.hpp"

#include <atomic>

namespace sonm::logging {

struct SegmentSettings {
    std::filesystem::path folder;
    std::uint64_t segment_bytes_max = 16 * MiB;
    Seconds segment_age_max{86'400};
    std::uint64_t total_bytes_max = GiB;
    Seconds kept_for{30 * 86'400};
};

/// Entries in files of a folder, one line each: `<number of the first entry>.log`. A file is closed when it
/// is large or old enough, and the oldest ones go when all together are too large, or too old.
class Segments final : public Output {
public:
    explicit Segments(SegmentSettings settings) : settings_(std::move(settings)) {}

    /// Takes the folder and cuts off a line that was not finished. Errors: busy (another process has it),
    /// denied, io.
    Result<void> open();
    /// After open(): the number that the next entry gets.
    std::uint64_t next_number() const { return next_number_; }

    std::string_view name() const override { return "files"; }
    Result<void> write(const std::vector<EntryPtr>& entries) override;
    /// What the files take on the disk; from any thread.
    std::uint64_t disk_bytes() const { return disk_bytes_.load(std::memory_order_relaxed); }

private:
    Result<void> take_up(const std::filesystem::path& last);
    Result<void> begin(const LogEntry& first);
    void make_room(std::uint64_t now_us);

    SegmentSettings settings_;
    std::optional<OpenFile> lock_, current_;
    std::filesystem::path current_path_;
    std::uint64_t current_bytes_ = 0;
    std::uint64_t current_since_us_ = 0;
    std::uint64_t next_number_ = 1;
    std::atomic<std::uint64_t> disk_bytes_{0};
};

struct Segment {
    std::filesystem::path path;
    std::uint64_t first_number = 0;
    std::uint64_t bytes = 0;
    std::uint64_t changed_s = 0;  ///< seconds since 1970
};
/// Oldest first; what does not look like one is left out.
std::vector<Segment> list_segments(const std::filesystem::path& folder);

/// Reads what the segments hold of the entries [from, before) that match. Blocking; meanwhile they may be
/// written to and removed.
class SegmentReader {
public:
    SegmentReader(std::filesystem::path folder, LogFilter filter, std::uint64_t from, std::uint64_t before);

    /// The next ones of about a megabyte of lines, perhaps none; until ended().
    std::vector<EntryPtr> next();
    bool ended() const { return index_ == segments_.size() && !lines_; }
    /// Instead: looks for the newest ones, at most `filter.last` and about `bytes_max` of them, one file
    /// after the other from the newest on. False: there are no more.
    bool look_back(std::size_t bytes_max);
    /// What was found so, oldest first.
    std::vector<EntryPtr> take_last() const { return {last_.begin(), last_.end()}; }
    /// Entries of the range that were there, matching or not.
    std::uint64_t seen() const { return seen_; }

private:
    class Lines;
    bool is_in_range(std::size_t index) const;
    /// The entry of a line, if it is in the range and matches.
    EntryPtr take(std::string_view line);

    LogFilter filter_;
    std::uint64_t from_, before_;
    std::vector<Segment> segments_;
    std::size_t index_ = 0;
    std::shared_ptr<Lines> lines_;
    LineReader reader_;
    std::uint64_t seen_ = 0;
    std::deque<EntryPtr> last_;
    std::size_t last_bytes_ = 0, unseen_files_ = 0;  ///< of look_back()
};

}  // namespace sonm::logging
