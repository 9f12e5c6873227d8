#include "sonm/logging/segments.hpp"

#include "sonm/base/fs.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sonm::logging {
namespace {

class SegmentsTest : public ::testing::Test {
protected:
    SegmentsTest() { settings_.folder = folder_ / "log"; }
    void open() {
        segments_.reset();
        segments_ = std::make_unique<Segments>(settings_);
        auto opened = segments_->open();
        ASSERT_TRUE(opened) << opened.error().message();
        next_ = segments_->next_number();
    }
    EntryPtr entry(std::string message) {
        LogEntry entry;
        entry.number = next_++;
        entry.time_us = 1'700'000'000'000'000 + entry.number;
        entry.source = entry.number % 2 ? "odd" : "even";
        entry.message = std::move(message);
        return std::make_shared<const LogEntry>(std::move(entry));
    }
    void write(std::string message) {
        auto written = segments_->write({entry(std::move(message))});
        ASSERT_TRUE(written) << written.error().message();
    }
    std::string all(LogFilter filter = {}, std::uint64_t from = 0, std::uint64_t before = ~0ull) {
        SegmentReader reader(settings_.folder, filter, from, before);
        std::string out;
        for (steps_ = 0; !reader.ended(); ++steps_)
            for (const auto& entry : reader.next()) out += entry->message + " ";
        return out;
    }
    std::string last(std::uint64_t count, LogFilter filter = {}) {
        filter.last = count;
        std::string out;
        SegmentReader reader(settings_.folder, filter, 0, ~0ull);
        for (steps_ = 0; reader.look_back(MiB);) ++steps_;
        for (const auto& entry : reader.take_last()) out += entry->message + " ";
        return out;
    }
    TempDir folder_;
    SegmentSettings settings_;
    std::unique_ptr<Segments> segments_;
    std::uint64_t next_ = 1;
    int steps_ = 0;  ///< of the last all() or last()
};

TEST_F(SegmentsTest, EntriesOfFormerLives_AreFoundAndNumbersGoOn) {
    open();
    write("a");
    write("b");
    open();
    EXPECT_EQ(next_, 3u);
    write("c");
    EXPECT_EQ(all(), "a b c ");
    EXPECT_EQ(all({}, 2, 3), "b ");
    EXPECT_EQ(last(2), "b c ");
    EXPECT_EQ(list_segments(settings_.folder).size(), 1u);
}

TEST_F(SegmentsTest, LineCutOffByAKill_IsDroppedAndTheRestStays) {
    open();
    write("a");
    write("b");
    auto path = list_segments(settings_.folder).at(0).path;
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 5);
    open();
    EXPECT_EQ(next_, 2u);
    write("c");
    EXPECT_EQ(all(), "a c ");
    std::ofstream(path, std::ios::app) << "{\"n\":";
    EXPECT_EQ(all(), "a c ");
    std::ofstream(path, std::ios::trunc) << "nonsense\n\n";
    open();
    write("d");
    EXPECT_EQ(all(), "d ");
}

TEST_F(SegmentsTest, ManyEntries_StayWithinTheTotalAndTheNewestRemain) {
    settings_.segment_bytes_max = 10'000;
    settings_.total_bytes_max = 50'000;
    open();
    for (int i = 0; i < 1000; ++i) write(std::string(500, 'x') + std::to_string(i));
    std::uint64_t bytes = 0;
    for (const auto& segment : list_segments(settings_.folder)) bytes += segment.bytes;
    EXPECT_LE(bytes, 50'000u);
    EXPECT_GE(bytes, 30'000u);
    EXPECT_EQ(segments_->disk_bytes(), bytes);
    EXPECT_EQ(last(1), std::string(500, 'x') + "999 ");
    LogFilter odd;
    odd.source = "odd";
    EXPECT_EQ(last(2, odd), std::string(500, 'x') + "996 " + std::string(500, 'x') + "998 ");
}

TEST_F(SegmentsTest, OldFile_IsFollowedByANewOne) {
    settings_.segment_age_max = Seconds(0);
    open();
    write("a");
    write("b");
    EXPECT_EQ(list_segments(settings_.folder).size(), 2u);
    EXPECT_EQ(all(), "a b ");
    EXPECT_EQ(all({}, 2), "b ");
}

TEST_F(SegmentsTest, FilterThatFindsNothing_LooksThroughTheFilesInSteps) {
    settings_.segment_bytes_max = 2 * MiB;
    open();
    for (int i = 0; i < 100; ++i) write(std::string(60'000, 'x'));
    LogFilter nothing;
    nothing.text = "y";
    EXPECT_EQ(all(nothing), "");
    EXPECT_GE(steps_, 5);
    EXPECT_EQ(last(1, nothing), "");
    EXPECT_EQ(steps_, 3);
}

TEST_F(SegmentsTest, SecondProcess_IsRefused) {
    open();
    EXPECT_TRUE(Segments(settings_).open().error().is(Errc::busy));
}

}  // namespace
}  // namespace sonm::logging
