#include "sonm/logging/segments.hpp"

#include <fcntl.h>

namespace sonm::logging {
namespace {

/// About how much one call of next() looks through: others wait for the thread, and callers go away.
constexpr std::size_t step_bytes = MiB;

}  // namespace

/// The lines of one file, piece by piece.
class SegmentReader::Lines {
public:
    static std::shared_ptr<Lines> open(const std::filesystem::path& path) {
        // Gone meanwhile: its time was over.
        auto file = OpenFile::open(path, O_RDONLY);
        return file ? std::make_shared<Lines>(std::move(*file)) : nullptr;
    }
    explicit Lines(OpenFile file) : file_(std::move(file)) {}

    /// The next line without its end, valid until the next call. One that has no end yet is not given.
    std::optional<std::string_view> next() {
        while (true) {
            std::size_t end = buffer_.find('\n', begin_);
            if (end != buffer_.npos) {
                std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
                begin_ = end + 1;
                return line;
            }
            buffer_.erase(0, begin_);
            begin_ = 0;
            if (buffer_.size() > line_bytes_max) return std::nullopt;
            Bytes piece(MiB);
            auto count = file_.read_at(piece, offset_);
            if (!count || *count == 0) return std::nullopt;
            offset_ += *count;
            buffer_ += as_text(BytesView(piece).first(*count));
        }
    }

private:
    OpenFile file_;
    std::uint64_t offset_ = 0;
    std::string buffer_;
    std::size_t begin_ = 0;
};

SegmentReader::SegmentReader(std::filesystem::path folder, LogFilter filter, std::uint64_t from,
                             std::uint64_t before)
    : filter_(std::move(filter)),
      from_(from),
      before_(before),
      segments_(list_segments(folder)),
      unseen_files_(segments_.size()) {}

bool SegmentReader::is_in_range(std::size_t index) const {
    if (segments_[index].first_number >= before_) return false;
    if (segments_[index].changed_s + 1 < filter_.since_us / 1'000'000) return false;
    return index + 1 == segments_.size() || segments_[index + 1].first_number > from_;
}

EntryPtr SegmentReader::take(std::string_view line) {
    auto entry = reader_.read(line);
    if (!entry || entry->number < from_ || entry->number >= before_) return nullptr;
    ++seen_;
    if (!matches(filter_, *entry)) return nullptr;
    return std::make_shared<const LogEntry>(std::move(*entry));
}

std::vector<EntryPtr> SegmentReader::next() {
    std::vector<EntryPtr> found;
    for (std::size_t bytes = 0; bytes < step_bytes;) {
        if (!lines_) {
            while (index_ < segments_.size() && !is_in_range(index_)) ++index_;
            if (index_ == segments_.size()) break;
            lines_ = Lines::open(segments_[index_++].path);
            continue;
        }
        auto line = lines_->next();
        if (!line) {
            lines_.reset();
            continue;
        }
        bytes += line->size() + 1;
        if (EntryPtr entry = take(*line)) found.push_back(std::move(entry));
    }
    return found;
}

bool SegmentReader::look_back(std::size_t bytes_max) {
    while (unseen_files_ > 0 && !is_in_range(unseen_files_ - 1)) --unseen_files_;
    if (unseen_files_ == 0 || last_.size() >= filter_.last || last_bytes_ >= bytes_max) return false;
    auto lines = Lines::open(segments_[--unseen_files_].path);
    std::deque<EntryPtr> here;
    std::size_t bytes = 0;
    while (auto line = lines ? lines->next() : std::nullopt) {
        EntryPtr entry = take(*line);
        if (!entry) continue;
        bytes += cost_of(*entry);
        here.push_back(std::move(entry));
        while (here.size() > filter_.last - last_.size() ||
               (last_bytes_ + bytes > bytes_max && here.size() > 1)) {
            bytes -= cost_of(*here.front());
            here.pop_front();
        }
    }
    last_bytes_ += bytes;
    last_.insert(last_.begin(), here.begin(), here.end());
    return true;
}

}  // namespace sonm::logging
