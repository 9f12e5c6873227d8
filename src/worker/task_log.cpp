#include "sonm/worker/task_log.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"

#include <fcntl.h>

#include <set>

namespace sonm::worker {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t head_bytes = 1 + 8 + 4;
constexpr std::size_t piece_bytes_max = 64 * KiB;

struct Head {
    bool is_stderr = false;
    std::uint64_t time_ns = 0;
    std::uint32_t length = 0;
};

void put(std::uint8_t* out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
}
std::uint64_t get(const std::uint8_t* in, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value |= std::uint64_t(in[i]) << (8 * i);
    return value;
}

struct Record {
    Head head;
    BytesView bytes;  ///< valid until the block is filled anew
};

/// The record at `offset`; nothing if less than a whole record is there. Through a block in memory: a task
/// that prints byte by byte makes hundreds of thousands of records.
Result<std::optional<Record>> record_at(const File& file, LogBlock& block, std::uint64_t offset) {
    for (bool fresh : {false, true}) {
        if (fresh) {
            block.begin = offset;
            block.bytes.resize(head_bytes + piece_bytes_max);
            SONM_TRY(std::size_t count, file.read_at(block.bytes, offset));
            block.bytes.resize(count);
        }
        if (offset < block.begin || offset + head_bytes > block.begin + block.bytes.size()) continue;
        BytesView there = BytesView(block.bytes).subspan(offset - block.begin);
        Head head{there[0] == 1, get(there.data() + 1, 8),
                  static_cast<std::uint32_t>(get(there.data() + 9, 4))};
        if (there[0] > 1 || head.length > piece_bytes_max)
            return fail(Errc::corrupt, "a task's log is damaged at byte {}", offset);
        if (there.size() >= head_bytes + head.length)
            return std::optional<Record>(Record{head, there.subspan(head_bytes, head.length)});
    }
    return std::optional<Record>();
}

/// First positions of the files that are there.
std::set<std::uint64_t> positions(const fs::path& folder) {
    std::set<std::uint64_t> out;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (auto position = parse_int<std::uint64_t>(entry.path().filename().string())) out.insert(*position);
    }
    return out;
}

fs::path file_of(const fs::path& folder, std::uint64_t position) {
    return folder / fmt::format("{}", position);
}

}  // namespace

Result<TaskLog> TaskLog::open(fs::path folder, std::uint64_t bytes_max) {
    SONM_CHECK(make_folder(folder, 0700));
    auto there = positions(folder);
    std::uint64_t begin = there.empty() ? 0 : *there.rbegin();
    SONM_TRY(File file, File::open(file_of(folder, begin), O_RDWR | O_CREAT));
    TaskLog log(std::move(folder), bytes_max / 2, std::move(file));
    log.end_ = begin;
    LogBlock block;
    while (true) {
        auto record = record_at(log.file_, block, log.file_bytes_);
        // What follows a damaged record cannot be found again; the log goes on in its place.
        if (!record || !*record) break;
        const Head& head = (*record)->head;
        log.file_bytes_ += head_bytes + head.length;
        log.end_ += head.length;
        log.last_time_ns_ = std::max(log.last_time_ns_, head.time_ns);
    }
    SONM_CHECK(log.file_.truncate(log.file_bytes_));
    return log;
}

Result<void> TaskLog::append(bool is_stderr, std::uint64_t time_ns, BytesView bytes) {
    while (!bytes.empty()) {
        BytesView piece = bytes.first(std::min(bytes.size(), piece_bytes_max));
        bytes = bytes.subspan(piece.size());
        if (file_bytes_ > 0 && file_bytes_ + head_bytes + piece.size() > half_max_) SONM_CHECK(roll());
        Bytes record(head_bytes);
        record[0] = is_stderr ? 1 : 0;
        put(record.data() + 1, time_ns, 8);
        put(record.data() + 9, piece.size(), 4);
        sonm::append(record, piece);
        SONM_CHECK(file_.write_at(record, file_bytes_));
        file_bytes_ += record.size();
        end_ += piece.size();
        last_time_ns_ = std::max(last_time_ns_, time_ns);
    }
    return Result<void>();
}

Result<void> TaskLog::roll() {
    SONM_TRY(File file, File::open(file_of(folder_, end_), O_RDWR | O_CREAT | O_TRUNC));
    file_ = std::move(file);
    file_bytes_ = 0;
    auto there = positions(folder_);
    while (there.size() > 2) {
        std::error_code error;
        fs::remove(file_of(folder_, *there.begin()), error);
        there.erase(there.begin());
    }
    return Result<void>();
}

Result<bool> TaskLogReader::open_file() {
    auto there = positions(folder_);
    // The file that holds `position_`, else the oldest that comes after it, else none.
    auto found = there.upper_bound(std::max(position_, at_));
    if (found != there.begin()) --found;
    if (found == there.end() || (file_ && *found <= file_begin_)) return false;
    SONM_TRY(File file, File::open(file_of(folder_, *found), O_RDONLY));
    file_.emplace(std::move(file));
    file_begin_ = at_ = *found;
    offset_ = 0;
    block_ = LogBlock();
    return true;
}

Result<std::optional<LogPiece>> TaskLogReader::next() {
    if (!file_) {
        SONM_TRY(bool opened, open_file());
        if (!opened) return std::optional<LogPiece>();
    }
    while (true) {
        SONM_TRY(std::optional<Record> record, record_at(*file_, block_, offset_));
        if (!record) {
            SONM_TRY(bool moved, open_file());
            if (!moved) return std::optional<LogPiece>();
            continue;
        }
        std::uint64_t begin = at_;
        offset_ += head_bytes + record->head.length;
        at_ += record->head.length;
        if (at_ <= position_) continue;
        std::uint64_t skip = position_ > begin ? position_ - begin : 0;
        position_ = at_;
        return std::optional<LogPiece>(LogPiece{record->head.is_stderr, record->head.time_ns, begin + skip,
                                                to_bytes(record->bytes.subspan(skip))});
    }
}

}  // namespace sonm::worker
