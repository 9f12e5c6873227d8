#include "sonm/worker/task_log.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"

#include <fstream>

namespace sonm::worker {
namespace {

std::string read_all(const std::filesystem::path& folder, std::uint64_t from) {
    TaskLogReader reader(folder, from);
    std::string out;
    while (true) {
        auto piece = reader.next();
        EXPECT_TRUE(piece) << piece.error().message();
        if (!piece || !*piece) return out;
        out += as_text((*piece)->bytes);
    }
}

TEST(TaskLog, pieces_of_both_streams__come_back_in_order) {
    TempDir folder;
    auto log = TaskLog::open(folder / "log", 1 * MiB);
    ASSERT_TRUE(log);
    ASSERT_TRUE(log->append(false, 10, as_bytes("one ")));
    ASSERT_TRUE(log->append(true, 11, as_bytes("two ")));
    ASSERT_TRUE(log->append(false, 12, as_bytes("three")));
    TaskLogReader reader(folder / "log", 0);
    EXPECT_FALSE((*reader.next())->is_stderr);
    auto second = *reader.next();
    EXPECT_TRUE(second->is_stderr);
    EXPECT_EQ(second->position, 4u);
    EXPECT_EQ(read_all(folder / "log", 0), "one two three");
}

TEST(TaskLog, reading_from_the_middle_of_a_piece__gives_the_rest) {
    TempDir folder;
    auto log = TaskLog::open(folder / "log", 1 * MiB);
    ASSERT_TRUE(log->append(false, 1, as_bytes("abcdef")));
    EXPECT_EQ(read_all(folder / "log", 4), "ef");
    EXPECT_EQ(read_all(folder / "log", 6), "");
    EXPECT_EQ(read_all(folder / "log", 99), "");
}

TEST(TaskLog, output_without_end__keeps_the_newest_within_the_bound) {
    TempDir folder;
    auto log = TaskLog::open(folder / "log", 64 * KiB);
    std::string line(1000, 'x');
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(log->append(false, i, as_bytes(line)));
    EXPECT_EQ(log->end(), 1'000'000u);
    std::uint64_t kept = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "log")) kept += entry.file_size();
    EXPECT_LE(kept, 64 * KiB);
    std::string rest = read_all(folder / "log", 0);
    EXPECT_GT(rest.size(), 20'000u);
    EXPECT_EQ(rest.size() % 1000, 0u);
}

/// Read calls of this process so far; nothing where the system does not count them.
std::optional<std::uint64_t> reads_so_far() {
    std::ifstream file("/proc/self/io");
    for (std::string name, value; file >> name >> value;) {
        auto count = parse_int<std::uint64_t>(value);
        if (name == "syscr:" && count) return *count;
    }
    return std::nullopt;
}

TEST(TaskLog, output_byte_by_byte__is_read_to_its_end_with_few_calls) {
    constexpr std::uint64_t count = 20'000;
    TempDir folder;
    {
        // As append writes them, but at once.
        Bytes records;
        for (std::uint64_t i = 0; i < count; ++i)
            append(records,
                   Bytes{0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, static_cast<std::uint8_t>('a' + i % 26)});
        ASSERT_TRUE(make_folder(folder / "log"));
        std::ofstream(folder / "log/0", std::ios::binary) << as_text(records);
    }
    auto before = reads_so_far();
    auto log = TaskLog::open(folder / "log", 8 * MiB);
    ASSERT_TRUE(log);
    EXPECT_EQ(log->end(), count);
    ASSERT_TRUE(log->append(false, 10, as_bytes(std::string(64 * KiB, 'x'))));
    EXPECT_EQ(read_all(folder / "log", count - 1).substr(0, 3),
              std::string(1, char('a' + (count - 1) % 26)) + "xx");
    if (auto after = reads_so_far(); before && after) EXPECT_LT(*after - *before, 100u);
    std::string all = read_all(folder / "log", 0);
    ASSERT_EQ(all.size(), count + 64 * KiB);
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_EQ(all[i], char('a' + i % 26)) << i;
}

TEST(TaskLog, process_killed_in_the_middle_of_a_record__goes_on_after_the_last_whole_one) {
    TempDir folder;
    {
        auto log = TaskLog::open(folder / "log", 1 * MiB);
        ASSERT_TRUE(log->append(false, 7, as_bytes("whole")));
    }
    std::ofstream(folder / "log/0", std::ios::app | std::ios::binary) << std::string("\0\1\2\3", 4);
    auto log = TaskLog::open(folder / "log", 1 * MiB);
    ASSERT_TRUE(log);
    EXPECT_EQ(log->end(), 5u);
    EXPECT_EQ(log->last_time_ns(), 7u);
    ASSERT_TRUE(log->append(false, 8, as_bytes(" again")));
    EXPECT_EQ(read_all(folder / "log", 0), "whole again");
}

TEST(TaskLog, reader_at_the_end__sees_what_is_written_later_also_in_the_next_file) {
    TempDir folder;
    auto log = TaskLog::open(folder / "log", 200);
    TaskLogReader reader(folder / "log", 0);
    ASSERT_TRUE(log->append(false, 1, as_bytes("first")));
    EXPECT_EQ(as_text((*reader.next())->bytes), "first");
    EXPECT_FALSE(*reader.next());
    ASSERT_TRUE(log->append(false, 2, as_bytes(std::string(90, 'a'))));
    EXPECT_EQ((*reader.next())->bytes.size(), 90u);
    EXPECT_FALSE(*reader.next());
}

}  // namespace
}  // namespace sonm::worker
