#include "sonm/logging/fine_clock.hpp"
#include "sonm/logging/levels.hpp"
#include "sonm/logging/ring.hpp"

#include <gtest/gtest.h>

namespace sonm::logging {
namespace {

LogEntry entry_of(std::string message, LogPriority priority = LogPriority::info,
                  std::string source = "app/x") {
    LogEntry entry;
    entry.number = 7;
    entry.time_us = 1'700'000'000'123'456;
    entry.priority = priority;
    entry.source = std::move(source);
    entry.message = std::move(message);
    return entry;
}

TEST(Line, EveryKindOfAttribute_ComesBackAsItWas) {
    LogEntry entry = entry_of("two\nlines \"quoted\" \\ \x01 ключ");
    entry.attributes = {{"text", "v"},  {"int", std::int64_t(-5)}, {"real", 2.0},
                        {"flag", true}, {"text", "again"},         {"big", std::int64_t(1) << 62}};
    std::string line;
    append_line(line, entry);
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
    EXPECT_NE(line.find("\"time\":\"2023-11-14T22:13:20.123456Z\""), line.npos) << line;
    auto back = LineReader().read(line);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, entry);
}

TEST(Line, BytesThatAreNoUtf8_AreMarkedAndDoNotSpoilTheLine) {
    LogEntry entry = entry_of("a\xff\xc3(\xed\xa0\x80 z\xf0\x9f\x98\x80");
    entry.attributes = {{"\xfe", "\xfe"}, {"nan", std::nan("")}};
    std::string line;
    append_line(line, entry);
    auto back = LineReader().read(line);
    ASSERT_TRUE(back) << line;
    EXPECT_TRUE(back->message.starts_with("a\ufffd\ufffd(") && back->message.ends_with("z😀"))
        << back->message;
}

TEST(Line, ForeignLines_AreRefused) {
    for (const char* bad :
         {"", "{", "[]", "{}", R"({"n":1,"us":1,"level":"odd","source":"","message":""})",
          R"({"n":-1,"us":1,"level":"info","source":"","message":""})",
          R"({"n":1,"us":1,"level":"info","source":"","message":"","attributes":[["a"]]})",
          R"({"n":1,"us":1,"level":"info","source":"","message":"","attributes":[["a",{}]]})"})
        EXPECT_FALSE(LineReader().read(bad)) << bad;
}

TEST(Filter, EveryConditionMustHold) {
    LogEntry entry = entry_of("disk is full", LogPriority::warning);
    entry.attributes = {{"disk", "sda"}, {"free", std::int64_t(0)}};
    LogFilter filter;
    EXPECT_TRUE(matches(filter, entry));
    filter.source = "app/*";
    filter.priority = LogPriority::warning;
    filter.text = "is f";
    filter.attributes = {{"free", std::int64_t(0)}};
    filter.since_us = entry.time_us;
    filter.until_us = entry.time_us + 1;
    EXPECT_TRUE(matches(filter, entry));
    auto without = [&](auto change) {
        LogFilter other = filter;
        change(other);
        return matches(other, entry);
    };
    EXPECT_FALSE(without([](LogFilter& f) { f.source = "app"; }));
    EXPECT_FALSE(without([](LogFilter& f) { f.priority = LogPriority::error; }));
    EXPECT_FALSE(without([](LogFilter& f) { f.text = "empty"; }));
    EXPECT_FALSE(without([](LogFilter& f) { f.attributes = {{"free", false}}; }));
    EXPECT_FALSE(without([](LogFilter& f) { ++f.since_us; }));
    EXPECT_FALSE(without([](LogFilter& f) { --f.until_us; }));
}

TEST(Levels, LongestRuleThatFits_Holds) {
    Levels levels;
    levels.general = LogPriority::info;
    levels.sources = {{"app/*", LogPriority::error}, {"app/echo", LogPriority::debug}};
    EXPECT_FALSE(levels.keeps("core", LogPriority::debug));
    EXPECT_TRUE(levels.keeps("core", LogPriority::info));
    EXPECT_FALSE(levels.keeps("app/x", LogPriority::warning));
    EXPECT_TRUE(levels.keeps("app/echo", LogPriority::debug));
    EXPECT_EQ(levels.least(), LogPriority::debug);
}

TEST(Limits, TooLongEntry_IsCutAndSaysSo) {
    LogEntry entry = entry_of(std::string(1'000'000, 'm'), LogPriority::info, std::string(1000, 's'));
    entry.attributes.assign(1000, {std::string(10'000, 'n'), std::string(10'000, 'v')});
    EXPECT_TRUE(cut_to_limits(entry));
    EXPECT_EQ(entry.message.size(), message_bytes_max);
    EXPECT_TRUE(entry.message.ends_with("... (1000000 bytes)"));
    EXPECT_EQ(entry.source.size(), source_bytes_max);
    EXPECT_EQ(entry.attributes.size(), attributes_max);
    EXPECT_EQ(std::get<std::string>(entry.attributes[0].second).size(), attribute_bytes_max);
    EXPECT_FALSE(cut_to_limits(entry));
}

TEST(RingTest, SlowReader_LearnsHowMuchItMissed) {
    asio::io_context context;
    Ring ring(context.get_executor(), 10'000, 1);
    for (int i = 0; i < 100; ++i) ring.push(entry_of(std::string(1000, 'x')));
    EXPECT_LE(ring.bytes(), 10'000u);
    auto batch = ring.take(1, 1);
    EXPECT_EQ(batch.missed, ring.first() - 1);
    EXPECT_EQ(batch.entries.size(), 1u);
    EXPECT_EQ(batch.entries[0]->number, ring.first());
    EXPECT_EQ(ring.take(batch.next, MiB).next, 101u);
    EXPECT_TRUE(ring.take(101, MiB).entries.empty());
}

/// Steady time that can stand between two seconds.
struct StepClock final : Clock {
    UnixTime now() const override { return UnixTime(second); }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(std::chrono::microseconds(steady_us));
    }
    std::uint64_t second = 1000;
    std::int64_t steady_us = 5'700'000;
};

TEST(FineClockTest, Fractions_FollowTheSteadyClockInsideTheSecond) {
    StepClock clock;
    FineClock fine(clock);
    EXPECT_EQ(fine.now_us(), 1'000'000'000u);
    clock.steady_us += 400'000;
    EXPECT_EQ(fine.now_us(), 1'000'400'000u);
    // The second changed before a whole one was counted: it is counted from here.
    clock.second = 1001;
    clock.steady_us += 200'000;
    EXPECT_EQ(fine.now_us(), 1'001'000'000u);
    clock.steady_us += 999'999;
    EXPECT_EQ(fine.now_us(), 1'001'999'999u);
    clock.steady_us += 500'000;
    EXPECT_EQ(fine.now_us(), 1'001'999'999u);
    clock.second = 900;
    EXPECT_EQ(fine.now_us(), 900'000'000u);
}

}  // namespace
}  // namespace sonm::logging
