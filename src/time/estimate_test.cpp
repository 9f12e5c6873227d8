#include "sonm/time/estimate.hpp"

#include <gtest/gtest.h>

namespace sonm::time {
namespace {

TEST(Agreement, the_part_that_most_intervals_share_is_found) {
    // Source: the example in RFC 956 / Marzullo 1984: 8-12, 11-13, 10-12 share 11-12.
    std::vector<Interval> sources{{8, 12}, {11, 13}, {10, 12}};
    EXPECT_EQ(agree(sources).common, (Interval{11, 12}));
    EXPECT_EQ(agree(sources).count, 3u);
    sources = {{8, 12}, {11, 13}, {14, 15}};
    EXPECT_EQ(agree(sources).common, (Interval{11, 12}));
    EXPECT_EQ(agree(sources).count, 2u);
    sources = {{8, 9}, {8, 12}, {10, 12}};
    EXPECT_EQ(agree(sources).common, (Interval{8, 9})) << "the narrower of two equally good parts";
    sources = {{1, 2}, {2, 3}};
    EXPECT_EQ(agree(sources).common, (Interval{2, 2})) << "touching counts";
    EXPECT_EQ(agree({}).count, 0u);
}

TEST(Filter, the_offset_is_bounded_by_the_fastest_exchange) {
    Filter filter;
    // The other clock is 1000 ahead; 400 there and back.
    EXPECT_TRUE(filter.add({0, 1200, 1200, 400}, 0));
    // A slow and lopsided one: everything on the way back.
    EXPECT_TRUE(filter.add({10'000, 11'000, 11'000, 90'000}, 90'000));
    auto offset = filter.offset(90'000);
    ASSERT_TRUE(offset);
    EXPECT_LE(offset->low, 1000);
    EXPECT_GE(offset->high, 1000);
    EXPECT_LE(offset->high - offset->low, 2 * (200 + 2 + 9)) << "error of the fast one and its drift since";
    EXPECT_FALSE(filter.offset(90'000 + Filter::age_max + 1)) << "too old";
    EXPECT_FALSE(filter.add({100, 0, 0, 50}, 0)) << "an answer before the question";
    EXPECT_FALSE(filter.add({0, 0, 100, 50}, 0)) << "longer there than away";
    EXPECT_FALSE(filter.add({0, INT64_MAX, INT64_MAX, 50}, 0));
    EXPECT_FALSE(filter.add({0, INT64_MIN, INT64_MIN, 50}, 0));
}

TEST(Estimate, a_wrong_own_clock_is_outvoted) {
    std::vector<Interval> sources{{-100, 100}, {60'000'000, 60'000'400}, {59'999'900, 60'000'200}};
    Estimate estimated = estimate(sources);
    EXPECT_TRUE(estimated.agreed);
    EXPECT_EQ(estimated.offset, 60'000'100);
    EXPECT_EQ(estimated.error, 100);
    EXPECT_EQ(estimated.agrees, (std::vector<bool>{false, true, true}));
}

TEST(Estimate, a_lying_peer_is_outvoted) {
    std::vector<Interval> sources{{-500'000, 500'000}, {900, 1100}, {1'000, 1'200}, {-8'000'000, -7'000'000}};
    Estimate estimated = estimate(sources);
    EXPECT_TRUE(estimated.agreed);
    EXPECT_EQ(estimated.offset, 1050);
    EXPECT_EQ(estimated.agrees, (std::vector<bool>{true, true, true, false}));
}

TEST(Estimate, without_a_majority_the_own_clock_stays_and_the_error_covers_everybody) {
    std::vector<Interval> sources{{-500, 500}, {9'000, 10'000}};
    Estimate estimated = estimate(sources);
    EXPECT_FALSE(estimated.agreed);
    EXPECT_EQ(estimated.offset, 0);
    EXPECT_EQ(estimated.error, 10'000);
    std::vector<Interval> alone{{-500, 500}};
    EXPECT_FALSE(estimate(alone).agreed);
    EXPECT_EQ(estimate(alone).error, 500);
}

TEST(MonotoneReading, a_correction_to_the_past_stands_still_and_says_how_wrong_that_is) {
    MonotoneReading reading;
    EXPECT_EQ(reading.read(1000, 5).time, 1000);
    auto still = reading.read(900, 5);
    EXPECT_EQ(still.time, 1000);
    EXPECT_EQ(still.error, 105);
    EXPECT_EQ(reading.read(1001, 5).error, 5);
}

}  // namespace
}  // namespace sonm::time
