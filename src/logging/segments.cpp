#include "sonm/logging/segments.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm::logging {

namespace fs = std::filesystem;

std::vector<Segment> list_segments(const fs::path& folder) {
    std::vector<Segment> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        fs::path path = entry.path();
        auto number = parse_int<std::uint64_t>(path.stem().native());
        struct stat about {};
        if (path.extension() != ".log" || !number || ::stat(path.c_str(), &about) != 0) continue;
        found.push_back(Segment{path, *number, static_cast<std::uint64_t>(about.st_size),
                                static_cast<std::uint64_t>(about.st_mtime)});
    }
    std::ranges::sort(found, {}, &Segment::first_number);
    return found;
}

Result<void> Segments::open() {
    SONM_CHECK(make_folder(settings_.folder, 0700));
    SONM_TRY(OpenFile lock, OpenFile::open(settings_.folder / "lock", O_RDWR | O_CREAT));
    SONM_CHECK(lock.lock());
    lock_ = std::move(lock);
    std::vector<Segment> segments = list_segments(settings_.folder);
    std::uint64_t bytes = 0;
    for (const Segment& segment : segments) bytes += segment.bytes;
    disk_bytes_ = bytes;
    if (segments.empty()) return {};
    next_number_ = segments.back().first_number;
    return take_up(segments.back().path);
}

/// Goes on where a former life ended, perhaps in the middle of a line.
Result<void> Segments::take_up(const fs::path& last) {
    SONM_TRY(OpenFile file, OpenFile::open(last, O_RDWR | O_APPEND));
    SONM_TRY(std::uint64_t bytes, file.size());
    std::uint64_t begin = bytes > line_bytes_max ? bytes - line_bytes_max : 0;
    Bytes tail(bytes - begin);
    SONM_TRY(std::size_t count, file.read_at(tail, begin));
    std::string_view text = as_text(BytesView(tail).first(count));
    std::size_t whole = text.rfind('\n') + 1;  // npos + 1 = 0
    if (whole < text.size()) {
        SONM_CHECK(file.truncate(begin + whole));
        disk_bytes_ -= text.size() - whole;
        text = text.substr(0, whole);
    }
    LineReader reader;
    while (!text.empty()) {
        std::string_view body = text.substr(0, text.size() - 1);
        std::size_t start = body.rfind('\n') + 1;
        auto entry = reader.read(body.substr(start));
        if (entry) {
            next_number_ = std::max(next_number_, entry->number + 1);
            current_since_us_ = entry->time_us;
            break;
        }
        text = text.substr(0, start);
    }
    current_bytes_ = begin + whole;
    current_path_ = last;
    current_ = std::move(file);
    return {};
}

Result<void> Segments::begin(const LogEntry& first) {
    fs::path path = settings_.folder / fmt::format("{:020}.log", first.number);
    SONM_TRY(OpenFile file, OpenFile::open(path, O_RDWR | O_APPEND | O_CREAT, 0600));
    SONM_CHECK(file.truncate(0));
    current_ = std::move(file);
    current_path_ = path;
    current_bytes_ = 0;
    current_since_us_ = first.time_us;
    return {};
}

void Segments::make_room(std::uint64_t now_us) {
    std::vector<Segment> segments = list_segments(settings_.folder);
    std::uint64_t bytes = 0;
    for (const Segment& segment : segments) bytes += segment.bytes;
    for (const Segment& segment : segments) {
        bool old = segment.changed_s + settings_.kept_for.value < now_us / 1'000'000;
        // The current one may still grow to its full size.
        bool many = bytes + settings_.segment_bytes_max > settings_.total_bytes_max;
        if (segment.path == current_path_ || (!old && !many)) break;
        ::unlink(segment.path.c_str());
        bytes -= segment.bytes;
    }
    disk_bytes_ = bytes;
}

Result<void> Segments::write(const std::vector<EntryPtr>& entries) {
    if (entries.empty()) return {};
    const LogEntry& first = *entries.front();
    bool old = first.time_us > current_since_us_ + settings_.segment_age_max.value * 1'000'000;
    if (!current_ || old || current_bytes_ >= settings_.segment_bytes_max) {
        SONM_CHECK(begin(first));
        make_room(first.time_us);
    }
    std::string lines;
    for (const EntryPtr& entry : entries) append_line(lines, *entry);
    if (auto done = current_->write_all(as_bytes(lines)); !done) {
        // Half a batch would be there twice when it is tried again.
        (void)current_->truncate(current_bytes_);
        return done;
    }
    current_bytes_ += lines.size();
    disk_bytes_ += lines.size();
    return {};
}

}  // namespace sonm::logging
