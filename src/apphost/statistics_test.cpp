#include "sonm/apphost/statistics.hpp"

#include <gtest/gtest.h>

namespace sonm::apphost {
namespace {

using namespace std::chrono_literals;

TEST(Statistics, a_steady_rate_is_found_and_fades_when_it_ends) {
    Time now(1000s);
    Meter meter(now);
    for (int i = 0; i < 600; ++i) {
        now += 100ms;
        meter.mark(now);
    }
    EXPECT_NEAR(meter.rates(now)[0], 10, 0.5);
    EXPECT_NEAR(meter.mean(now), 10, 0.1);
    EXPECT_LT(meter.rates(now + 300s)[0], 0.2);
    EXPECT_EQ(meter.count(), 600u);
}

TEST(Statistics, quantiles_are_those_of_the_last_durations) {
    Timings timings;
    EXPECT_EQ(timings.quantile_ms(0.5), 0);
    for (int i = 1; i <= 100; ++i) timings.add(std::chrono::milliseconds(i));
    EXPECT_NEAR(timings.quantile_ms(0.5), 50, 1);
    EXPECT_NEAR(timings.quantile_ms(0.99), 99, 1);
    EXPECT_NEAR(timings.mean_ms(), 50.5, 0.1);
}

TEST(Statistics, only_the_last_lines_of_an_output_are_kept_and_endless_ones_are_cut) {
    OutputTail tail(3);
    tail.add(as_bytes("one\ntw"));
    tail.add(as_bytes("o\nthree\nfour\nfi"));
    EXPECT_EQ(tail.lines(), (std::vector<std::string>{"two", "three", "four", "fi"}));
    Bytes endless(MiB, 'x');
    tail.add(endless);
    for (const std::string& line : tail.lines()) EXPECT_LE(line.size(), 4 * KiB);
    EXPECT_LE(tail.lines().size(), 4u);
}

}  // namespace
}  // namespace sonm::apphost
