#include "sonm/logging/service.hpp"

#include "sonm/base/fs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace sonm::logging {
namespace {

using services::LoggingClient;

#define SONM_CALL(name, ...)          \
    auto name##_task = (__VA_ARGS__); \
    auto name = co_await std::move(name##_task);

/// A disk that fails when told to.
struct FakeDisk final : Output {
    std::string_view name() const override { return "fake"; }
    Result<void> write(const std::vector<EntryPtr>& entries) override {
        if (full) return fail(Errc::no_space, "disk full");
        for (const auto& entry : entries) *written += entry->message + "|";
        return {};
    }
    explicit FakeDisk(std::string* to) : written(to) {}
    std::string* written;
    std::atomic<bool> full{false};
};

class LoggingServiceTest : public ::testing::Test {
protected:
    LoggingServiceTest() { settings_.retry = Millis(1); }
    /// Runs `body(client, service)` beside the service.
    template <class F>
    void with(F body, std::vector<std::unique_ptr<Output>> more = {}) {
        auto main = [](LoggingServiceTest& test, F talk,
                       std::vector<std::unique_ptr<Output>> outputs) -> Task<void> {
            Executor executor = co_await asio::this_coro::executor;
            LoggingService service(executor, test.clock_, test.settings_, std::move(outputs));
            auto starting = service.start();
            auto started = co_await std::move(starting);
            EXPECT_TRUE(started) << started.error().message();
            auto inside = [&](TaskGroup& group) -> Task<void> {
                group.spawn(service.run());
                auto connection = rpc::connect_local(group, executor, service.handlers());
                LoggingClient client(std::move(*connection));
                auto talking = talk(client, service);
                co_await std::move(talking);
                SONM_CALL(drained, service.drain());
                EXPECT_TRUE(drained);
                test.metrics_.clear();
                service.measure(test.metrics_);
            };
            auto all = scope(8, std::move(inside));
            co_await std::move(all);
        };
        run_test(main(*this, std::move(body), std::move(more)));
    }
    double metric(std::string_view name, std::string_view label = {}) const {
        for (const auto& metric : metrics_)
            if (metric.name == name && (label.empty() || metric.labels.at(0).second == label))
                return metric.value;
        return -1;
    }
    void keep_files() {
        SegmentSettings files;
        files.folder = folder_ / "log";
        settings_.files = files;
    }
    TempDir folder_;
    FakeClock clock_;
    Settings settings_;
    std::vector<services::Metric> metrics_;
};

/// The messages that a query gives until its end, or `count` of them.
Async<std::string> ask(LoggingClient client, LogFilter filter, int count = 1'000'000) {
    SONM_CO_TRY(rpc::Source<LogEntry> entries, client.stream<"query">(std::move(filter)));
    std::string out;
    while (count-- > 0) {
        auto waiting = entries.next();
        SONM_CO_TRY(std::optional<LogEntry> entry, co_await std::move(waiting));
        if (!entry) break;
        out += entry->message + "|";
    }
    co_return out;
}
Result<void> say(LoggingClient client, std::int64_t priority, std::string source, std::string message) {
    return client.notify<"emit">(priority, std::move(source), std::move(message), std::nullopt);
}

TEST_F(LoggingServiceTest, Entries_AreFoundBySourceLevelAndAttribute_AfterARestartToo) {
    keep_files();
    with([](LoggingClient client, LoggingService&) -> Task<void> {
        EXPECT_TRUE(say(client, 1, "app/a", "one"));
        EXPECT_TRUE(say(client, 3, "app/b", "two"));
        LogAttributes attributes{{"user", std::int64_t(7)}};
        EXPECT_TRUE(client.notify<"emit">(0, "app/a", "three", attributes));
        LogFilter every, of_a, urgent, of_user;
        of_a.source = "app/a";
        urgent.priority = LogPriority::warning;
        of_user.attributes = attributes;
        SONM_CALL(all, ask(client, every));
        EXPECT_EQ(all.value(), "one|two|three|");
        SONM_CALL(a, ask(client, of_a));
        EXPECT_EQ(a.value(), "one|three|");
        SONM_CALL(errors, ask(client, urgent));
        EXPECT_EQ(errors.value(), "two|");
        SONM_CALL(user, ask(client, of_user));
        EXPECT_EQ(user.value(), "three|");
    });
    with([](LoggingClient client, LoggingService&) -> Task<void> {
        EXPECT_TRUE(say(client, 1, "app/a", "four"));
        LogFilter last;
        last.last = 2;
        SONM_CALL(newest, ask(client, last));
        EXPECT_EQ(newest.value(), "three|four|");
        SONM_CALL(all, ask(client, LogFilter()));
        EXPECT_EQ(all.value(), "one|two|three|four|");
    });
    EXPECT_EQ(metric("entries_total", "info"), 1);
    EXPECT_GT(metric("disk_bytes"), 0);
}

TEST_F(LoggingServiceTest, FollowingQuery_GetsWhatComesLater) {
    with([](LoggingClient client, LoggingService&) -> Task<void> {
        EXPECT_TRUE(say(client, 1, "a", "old"));
        LogFilter filter;
        filter.follow = true;
        filter.last = 1;
        auto opened = client.stream<"query">(filter);
        auto next = opened->next();
        auto old = co_await std::move(next);
        EXPECT_EQ((*old)->message, "old");
        for (std::string message : {"new 1", "new 2"}) {
            EXPECT_TRUE(say(client, 1, "a", message));
            auto waiting = opened->next();
            auto entry = co_await std::move(waiting);
            EXPECT_EQ((*entry)->message, message);
        }
    });
}

TEST_F(LoggingServiceTest, Verbosity_IsWhatAnySourceKeeps_AndHoldsForEmits) {
    settings_.levels.general = LogPriority::warning;
    with([](LoggingClient client, LoggingService&) -> Task<void> {
        SONM_CALL(first, client.call<"verbosity">());
        EXPECT_EQ(first.value(), 2);
        EXPECT_TRUE(say(client, 1, "a", "no"));
        SONM_CALL(set, client.call<"set_verbosity">(1));
        EXPECT_TRUE(set);
        EXPECT_TRUE(say(client, 1, "a", "yes"));
        std::optional<std::int64_t> debug(0);
        SONM_CALL(own, client.call<"set_source_verbosity">("app/*", debug));
        EXPECT_TRUE(own);
        SONM_CALL(least, client.call<"verbosity">());
        EXPECT_EQ(least.value(), 0);
        EXPECT_TRUE(say(client, 0, "app/x", "debug"));
        EXPECT_TRUE(say(client, 0, "other", "no"));
        SONM_CALL(all, ask(client, LogFilter()));
        EXPECT_EQ(all.value(), "yes|debug|");
        SONM_CALL(levels, client.call<"levels">());
        EXPECT_EQ(std::get<1>(levels.value()).at("app/*"), 0);
        EXPECT_TRUE(say(client, 99, "app/x", "above"));
        EXPECT_TRUE(say(client, -5, "app/x", "below"));
        SONM_CALL(odd, ask(client, LogFilter()));
        EXPECT_EQ(odd.value(), "yes|debug|above|below|");
    });
    EXPECT_EQ(metric("below_level_total"), 2);
}

TEST_F(LoggingServiceTest, FullDisk_HoldsNobodyUp_AndWhatIsMissingIsSaid) {
    std::string written;
    auto disk = std::make_unique<FakeDisk>(&written);
    FakeDisk& fake = *disk;
    fake.full = true;
    settings_.memory_bytes_max = 100'000;
    std::vector<std::unique_ptr<Output>> outputs;
    outputs.push_back(std::move(disk));
    with(
        [&](LoggingClient client, LoggingService& service) -> Task<void> {
            for (int i = 0; i < 1000; ++i) EXPECT_TRUE(say(client, 1, "a", fmt::format("{:01000}", i)));
            SONM_CALL(still, client.call<"verbosity">());
            EXPECT_TRUE(still);
            LogFilter last;
            last.last = 1;
            SONM_CALL(newest, ask(client, last));
            EXPECT_EQ(newest.value(), fmt::format("{:01000}|", 999));
            auto failing = [&] {
                std::vector<services::Metric> now;
                service.measure(now);
                return std::ranges::any_of(now,
                                           [](const auto& m) { return m.name == "failing" && m.value == 1; });
            };
            while (!failing()) co_await sleep_for(Millis(1));
            fake.full = false;
            while (failing()) co_await sleep_for(Millis(1));
        },
        std::move(outputs));
    EXPECT_NE(written.find("entries are missing here"), written.npos);
    EXPECT_TRUE(written.ends_with(fmt::format("{:01000}|", 999)));
    EXPECT_GT(metric("missed_total"), 800);
    EXPECT_EQ(metric("behind"), 0);
}

TEST_F(LoggingServiceTest, ReaderThatIsBehindMemory_GoesOnFromFiles) {
    keep_files();
    settings_.memory_bytes_max = 20'000;
    with([](LoggingClient client, LoggingService& service) -> Task<void> {
        LogFilter filter;
        filter.follow = true;
        auto opened = client.stream<"query">(filter);
        for (int round = 0; round < 20; ++round) {
            for (int i = 0; i < 10; ++i)
                EXPECT_TRUE(say(client, 1, "a", fmt::format("{:0900}", round * 10 + i)));
            SONM_CALL(flushed, client.call<"verbosity">());
            EXPECT_TRUE(flushed);
            auto behind = [&] {
                std::vector<services::Metric> now;
                service.measure(now);
                return std::ranges::any_of(now,
                                           [](const auto& m) { return m.name == "behind" && m.value > 0; });
            };
            while (behind()) co_await sleep_for(Millis(1));
        }
        for (int i = 0; i < 200; ++i) {
            auto waiting = opened->next();
            auto entry = co_await std::move(waiting);
            EXPECT_EQ((*entry)->message, fmt::format("{:0900}", i));
        }
    });
    EXPECT_EQ(metric("query_missed_total"), 0);
}

TEST_F(LoggingServiceTest, WithOperators_OthersMayEmitButNotReadOrSet) {
    settings_.operators.insert(crypto::Address{});
    with([](LoggingClient client, LoggingService&) -> Task<void> {
        EXPECT_TRUE(say(client, 1, "a", "x"));
        SONM_CALL(all, ask(client, LogFilter()));
        EXPECT_TRUE(all.error().is(std::errc::permission_denied)) << all.error().message();
        SONM_CALL(set, client.call<"set_verbosity">(1));
        EXPECT_TRUE(set.error().is(std::errc::permission_denied));
        SONM_CALL(asked, client.call<"verbosity">());
        EXPECT_TRUE(asked);
    });
}

TEST_F(LoggingServiceTest, ChangedArguments_LevelsOperatorsAndQueriesAreTakenOver_FilesNeedARestart) {
    settings_.folder = folder_.path();
    keep_files();
    with([](LoggingClient client, LoggingService& service) -> Task<void> {
        auto reload = [&](std::string_view text) {
            Result<void> done;
            auto take = [&](YamlReader& args) { done = service.reload(args); };
            EXPECT_TRUE(read_yaml(text, "args", take));
            return done ? std::string("taken over") : done.error().context;
        };
        EXPECT_EQ(reload("{verbosity: warning}"), "taken over");
        EXPECT_TRUE(say(client, 1, "a", "unimportant"));
        EXPECT_TRUE(say(client, 3, "a", "urgent"));
        SONM_CALL(all, ask(client, LogFilter()));
        EXPECT_EQ(all.value(), "urgent|");
        EXPECT_EQ(reload("{queries_max: 0}"), "taken over");
        SONM_CALL(none, ask(client, LogFilter()));
        EXPECT_FALSE(none);
        EXPECT_EQ(reload("{operators: [0x5B38Da6a701c568545dCfcB03FcB875f56beddC4]}"), "taken over");
        SONM_CALL(refused, ask(client, LogFilter()));
        EXPECT_TRUE(refused.error().is(std::errc::permission_denied)) << refused.error().message();
        EXPECT_EQ(reload("{path: /elsewhere, keep: 1 d, journald: /run/x}"),
                  "path, keep, journald need a restart; everything else is taken over");
    });
}

/// Counts the turns of the event loop.
Task<void> count_turns(std::uint64_t& turns) {
    while (true) {
        auto turn = asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        co_await std::move(turn);
        ++turns;
    }
}
Async<std::uint64_t> turns_while(LoggingClient client, LogFilter filter) {
    std::uint64_t turns = 0;
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(count_turns(turns));
        SONM_CALL(found, ask(client, filter));
        EXPECT_EQ(found.value(), "");
    };
    auto both = scope(2, std::move(body));
    co_await std::move(both);
    co_return turns;
}

TEST_F(LoggingServiceTest, QueryThatFindsNothing_LeavesTheOthersTheirTurns) {
    with([](LoggingClient client, LoggingService&) -> Task<void> {
        for (int i = 0; i < 200; ++i) {
            EXPECT_TRUE(say(client, 2, "x", std::string(60'000, 'a')));
            if (i % 16 == 0) co_await sleep_for(Millis(1));
        }
        LogFilter filter;
        filter.text = std::string(512, 'a') + "b";
        SONM_CALL(all, turns_while(client, filter));
        EXPECT_GE(all.value(), 40u) << "one turn for each quarter of a megabyte";
    });
}

TEST_F(LoggingServiceTest, HugeFilter_IsRefused) {
    with([](LoggingClient client, LoggingService&) -> Task<void> {
        LogFilter text;
        text.text = std::string(2'000, 'a');
        SONM_CALL(long_text, ask(client, text));
        EXPECT_THAT(long_text.error().message(), ::testing::HasSubstr("a text of 2000 bytes"));
        LogFilter many;
        many.attributes.resize(65, {"a", std::int64_t(1)});
        SONM_CALL(attributes, ask(client, many));
        EXPECT_THAT(attributes.error().message(), ::testing::HasSubstr("65 attributes"));
    });
}

}  // namespace
}  // namespace sonm::logging
