#include "sonm/cache/entries.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sonm::cache {
namespace {

const Time start{std::chrono::seconds(1000)};
constexpr Time never = Time::max();

std::string text(const Entries::Value* value) {
    return value ? std::string(as_text(value->bytes)) : "nothing";
}

TEST(CacheEntries, ValueIsThereUntilItsTimeIsOver) {
    Entries cache(MiB);
    cache.put("k", to_bytes("v"), start + std::chrono::seconds(5));
    EXPECT_EQ(text(cache.get("k", start + std::chrono::seconds(4))), "v");
    EXPECT_EQ(text(cache.get("k", start + std::chrono::seconds(5))), "nothing");
    EXPECT_EQ(cache.size(), 0u);
    EXPECT_EQ(cache.bytes(), 0u);
    EXPECT_EQ(cache.expired(), 1u);
    EXPECT_EQ(cache.hits(), 1u);
    EXPECT_EQ(cache.misses(), 1u);
}

TEST(CacheEntries, VersionRisesWithEveryWrite) {
    Entries cache(MiB);
    auto first = cache.put("a", to_bytes("1"), never);
    auto second = cache.put("a", to_bytes("2"), never);
    EXPECT_LT(first, second);
    EXPECT_EQ(cache.peek("a", start)->version, second);
    EXPECT_TRUE(cache.remove("a", start));
    EXPECT_FALSE(cache.remove("a", start));
    EXPECT_LT(second, cache.put("a", to_bytes("3"), never));
}

TEST(CacheEntries, BytesStayWithinTheBoundWhateverComes) {
    Entries cache(100'000);
    for (int i = 0; i < 10'000; ++i) {
        cache.put(fmt::format("k{}", i * 7919 % 3000), Bytes(std::size_t(i * 37 % 5000)), never);
        if (i % 3 == 0) cache.get(fmt::format("k{}", i % 3000), start);
        if (i % 11 == 0) cache.remove(fmt::format("k{}", i % 3000), start);
        ASSERT_LE(cache.bytes(), 100'000u);
    }
    EXPECT_GT(cache.bytes(), 80'000u);
    EXPECT_GT(cache.evicted(), 0u);
    cache.put("k1", Bytes(200'000), never);
    EXPECT_EQ(text(cache.get("k1", start)), "nothing");
}

TEST(CacheEntries, ScanOverManyKeys_DoesNotWashOutWhatIsInUse) {
    Entries cache(1'000'000);
    auto ask = [&](const std::string& key) {
        bool found = cache.get(key, start);
        if (!found) cache.put(key, Bytes(100), never);
        return found;
    };
    for (int round = 0; round < 5; ++round)
        for (int i = 0; i < 1000; ++i) ask(fmt::format("hot{}", i));
    for (int i = 0; i < 20'000; ++i) ask(fmt::format("scan{}", i));
    int there = 0;
    for (int i = 0; i < 1000; ++i) there += cache.peek(fmt::format("hot{}", i), start) != nullptr;
    EXPECT_GT(there, 950);
}

TEST(CacheEntries, KeyThatComesBackSoon_IsTakenAsOneInUse) {
    Entries cache(100'000);
    cache.put("again", Bytes(100), never);
    for (int i = 0; i < 100; ++i) cache.put(fmt::format("x{}", i), Bytes(1000), never);
    ASSERT_EQ(text(cache.get("again", start)), "nothing");
    cache.put("again", to_bytes("v"), never);
    for (int i = 0; i < 300; ++i) cache.put(fmt::format("y{}", i), Bytes(1000), never);
    EXPECT_EQ(text(cache.get("again", start)), "v");
}

TEST(CacheEntries, Sweep_FindsWhatIsOverWithoutBeingAsked) {
    Entries cache(MiB);
    for (int i = 0; i < 1000; ++i)
        cache.put(fmt::format("k{}", i), Bytes(10), i % 2 ? never : start + std::chrono::seconds(1));
    for (int i = 0; i < 200; ++i) cache.expire(50, start + std::chrono::seconds(2));
    EXPECT_EQ(cache.size(), 500u);
    EXPECT_EQ(cache.expired(), 500u);
}

}  // namespace
}  // namespace sonm::cache
