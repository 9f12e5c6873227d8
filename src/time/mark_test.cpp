#include "sonm/time/mark.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/time/time.hpp"

#include <gtest/gtest.h>

namespace sonm::time {
namespace {

constexpr std::int64_t second = 1'000'000, hour = 3'600 * second, begin = 1'700'000'000 * second;

/// A machine's clocks, set by hand.
class SetTicks final : public Ticks {
public:
    std::int64_t wall() const override { return at += pace; }
    std::int64_t steady() const override { return at; }
    mutable std::int64_t at = begin;
    std::int64_t pace = 0;  ///< how much later it is each time somebody looks
};

struct TimeLives : ::testing::Test {
    Config config() const {
        Config out;
        out.cluster = false;
        out.own_error_us = 1'000;
        out.mark = file;
        return out;
    }
    /// One life of the service: started, `body` on it, then killed unless `body` drains it.
    void live(std::function<Task<void>(Time&)> body) {
        auto life = [&](TaskGroup& group) -> Task<void> {
            Executor executor = co_await asio::this_coro::executor;
            Time time(executor, config(), nullptr, ticks);
            auto starting = time.start();
            EXPECT_TRUE(co_await std::move(starting));
            auto running = [&](TaskGroup& inner) -> Task<void> {
                inner.spawn(time.run());
                auto doing = body(time);
                co_await std::move(doing);
            };
            auto all = scope(1, std::move(running));
            co_await std::move(all);
            (void)group;
        };
        run_test(scope(1, std::move(life)));
    }
    Task<services::TimeReading> ask(Time& time) {
        auto telling = time.tell();
        auto reading = co_await std::move(telling);
        EXPECT_GE(mark(), reading->time_us) << "told before it was on the disk";
        co_return *reading;
    }
    std::int64_t mark() const {
        auto text = read_text(file, 64);
        return text ? *parse_int<std::int64_t>(std::string_view(*text).substr(0, text->size() - 1)) : 0;
    }
    static std::uint64_t metric(const Time& time, std::string_view name) {
        std::vector<services::Metric> all;
        time.measure(all);
        for (const auto& one : all)
            if (one.name == name) return static_cast<std::uint64_t>(one.value);
        return 999;
    }

    TempDir folder;
    std::filesystem::path file = folder / "mark";
    SetTicks ticks;
};

TEST_F(TimeLives, killed_and_started_with_an_earlier_clock__readings_do_not_go_back) {
    std::int64_t last = 0;
    live([&](Time& time) -> Task<void> {
        for (int i = 0; i < 5; ++i, ticks.at += 700'000) last = (co_await ask(time)).time_us;
    });
    EXPECT_EQ(last, begin + 4 * 700'000);
    ticks.at = begin - hour;
    live([&](Time& time) -> Task<void> {
        auto reading = co_await ask(time);
        EXPECT_GE(reading.time_us, last);
        EXPECT_LE(reading.time_us, last + Mark::ahead_us);
        EXPECT_GE(reading.error_us, static_cast<std::uint64_t>(hour)) << "and say how wrong that is";
        ticks.at = begin + hour;
        EXPECT_EQ((co_await ask(time)).time_us, begin + hour);
    });
}

TEST_F(TimeLives, stopped_in_peace__the_next_life_goes_on_where_it_ended) {
    std::int64_t last = 0;
    live([&](Time& time) -> Task<void> {
        last = (co_await ask(time)).time_us;
        auto draining = time.drain();
        EXPECT_TRUE(co_await std::move(draining));
    });
    EXPECT_EQ(mark(), last);
    ticks.at += 10;
    live([&](Time& time) -> Task<void> {
        auto reading = co_await ask(time);
        EXPECT_EQ(reading.time_us, last + 10) << "does not stand still";
        EXPECT_EQ(reading.error_us, 1'000u);
    });
}

TEST_F(TimeLives, asked_while_the_node_goes_down__answers_at_once_and_the_end_waits_for_nobody) {
    std::int64_t last = 0;
    live([&](Time& time) -> Task<void> {
        (void)co_await ask(time);
        ticks.pace = 10'000;
        auto without_pause = [&]() -> Task<void> {
            while (true) last = std::max(last, (co_await ask(time)).time_us);
        };
        auto asking = [&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 3; ++i) group.spawn(without_pause());
            auto draining = within(Millis(900), time.drain());
            EXPECT_TRUE(co_await std::move(draining));
            auto telling = within(Millis(900), time.tell());
            EXPECT_TRUE(co_await std::move(telling));
            auto status = within(Millis(900), time.tell_status());
            EXPECT_TRUE(co_await std::move(status));
        };
        auto all = scope(3, std::move(asking));
        co_await std::move(all);
    });
    EXPECT_GE(mark(), last);
    EXPECT_LE(mark(), last + second / 2) << "no further ahead than what was asked meanwhile";
}

TEST_F(TimeLives, many_readings__cost_one_write_a_second) {
    auto body = [&](TaskGroup& group) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        Mark mark(executor, file);
        group.spawn(mark.run());
        for (int i = 0; i < 1'000; ++i) {
            std::int64_t reading = begin + i * 10'000;  // ten seconds in all
            while (!mark.covers(reading)) {
                auto waiting = mark.changed();
                co_await std::move(waiting);
            }
        }
        EXPECT_GE(mark.written(), 5u);
        EXPECT_LE(mark.written(), 10u);
        EXPECT_EQ(mark.failures(), 0u);
        group.cancel();  // before the mark goes
        auto joining = group.join();
        co_await std::move(joining);
    };
    run_test(scope(1, std::move(body)));
}

TEST_F(TimeLives, a_disk_that_fails__holds_nobody_up_and_is_counted) {
    file = folder / "no such folder" / "mark";
    live([&](Time& time) -> Task<void> {
        auto telling = time.tell();
        EXPECT_EQ((co_await std::move(telling)).value().time_us, begin);
        EXPECT_EQ(metric(time, "mark_failures_total"), 1u);
        ticks.at += 5 * second;
        auto again = time.tell();
        EXPECT_EQ((co_await std::move(again)).value().time_us, begin + 5 * second);
    });
}

TEST_F(TimeLives, a_damaged_mark__does_not_keep_the_service_down) {
    EXPECT_TRUE(write_atomically(file, as_bytes("yesterday")));
    live([&](Time& time) -> Task<void> { EXPECT_EQ((co_await ask(time)).time_us, begin); });
}

std::string reload(Time& time, std::string_view text) {
    Result<void> done;
    auto take = [&](YamlReader& args) { done = time.reload(args); };
    EXPECT_TRUE(read_yaml(text, "args", take));
    return done ? "taken over" : done.error().context;
}

TEST_F(TimeLives, changed_arguments__are_taken_over_but_for_the_chain_and_the_service) {
    live([&](Time& time) -> Task<void> {
        EXPECT_EQ((co_await ask(time)).error_us, 1'000u);
        EXPECT_EQ(reload(time, "{own_error_ms: 250, cluster: false}"), "taken over");
        EXPECT_EQ((co_await ask(time)).error_us, 250'000u);
        EXPECT_EQ(reload(time, "{service: other, chain: 'http://192.0.2.1', chain_allow: [127.0.0.1]}"),
                  "service, chain, chain_allow need a restart; everything else is taken over");
    });
}

}  // namespace
}  // namespace sonm::time
