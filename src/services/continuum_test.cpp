#include "sonm/services/continuum.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace sonm::services {
namespace {

TEST(Continuum, the_published_vector_is_met_exactly) {
    auto ring = Continuum::make({{"app_v1", 75}, {"app_v2", 25}});
    ASSERT_TRUE(ring);
    auto points = ring->points();
    ASSERT_EQ(points.size(), 512u);
    EXPECT_EQ(points[0], Continuum::Point(10939163, "app_v2"));
    EXPECT_EQ(points[1], Continuum::Point(16578313, "app_v2"));
    EXPECT_EQ(points[2], Continuum::Point(18838917, "app_v1"));
    EXPECT_EQ(points.back(), Continuum::Point(4286865993u, "app_v1"));
    EXPECT_EQ(std::ranges::count(points, "app_v1", &Continuum::Point::second), 384);
    EXPECT_EQ(Continuum::hash("user-1"), 1273501179u);
    EXPECT_EQ(Continuum::hash("user-42"), 1333190963u);
    EXPECT_EQ(Continuum::hash(""), 997549406u);
    EXPECT_EQ(ring->pick("user-1"), "app_v1");
    EXPECT_EQ(ring->pick("user-42"), "app_v1");
}

TEST(Continuum, a_point_on_the_ring_belongs_to_the_next_one_and_the_last_to_the_first) {
    auto ring = Continuum::make({{"app_v1", 75}, {"app_v2", 25}});
    EXPECT_EQ(ring->at(16578313), "app_v1") << "strictly greater";
    EXPECT_EQ(ring->at(4286865993u), "app_v2");
    EXPECT_EQ(ring->at(0), "app_v2");
}

TEST(Continuum, callers_stay_where_they_were_when_a_service_comes) {
    auto before = Continuum::make({{"a", 1}, {"b", 1}, {"c", 1}});
    auto after = Continuum::make({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}});
    int moved = 0;
    for (int i = 0; i < 10'000; ++i) {
        std::string seed = fmt::format("user-{}", i);
        const std::string& now = after->pick(seed);
        if (now == before->pick(seed)) continue;
        ++moved;
        EXPECT_EQ(now, "d");
    }
    EXPECT_GT(moved, 1'500);
    EXPECT_LT(moved, 3'500);
}

TEST(Continuum, groups_without_weight_or_beyond_the_bounds_are_refused) {
    EXPECT_TRUE(Continuum::make({}).error().is(Errc::invalid));
    EXPECT_TRUE(Continuum::make({{"a", 0}, {"b", 0}}).error().is(Errc::invalid));
    EXPECT_TRUE(Continuum::make({{"", 1}}).error().is(Errc::invalid));
    EXPECT_TRUE(Continuum::make({{"a", ~std::uint64_t(0)}}).error().is(Errc::invalid));
    Shares many;
    for (int i = 0; i < 257; ++i) many.emplace(fmt::format("{}", i), 1);
    EXPECT_TRUE(Continuum::make(many).error().is(Errc::invalid));
    many.erase("0");
    EXPECT_EQ(Continuum::make(many)->size(), 256u * 64 * 4);
}

TEST(Continuum, a_service_of_weight_0_gets_nobody) {
    auto ring = Continuum::make({{"a", 1}, {"b", 0}});
    EXPECT_EQ(ring->size(), 512u);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(ring->pick(fmt::format("{}", i)), "a");
}

}  // namespace
}  // namespace sonm::services
