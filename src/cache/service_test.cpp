#include "sonm/cache/service.hpp"

#include "sonm/cache/cache.hpp"

#include <gtest/gtest.h>

namespace sonm::cache {
namespace {

#define SONM_CALL(name, ...)          \
    auto name##_task = (__VA_ARGS__); \
    auto name = co_await std::move(name##_task);

class CacheServiceTest : public ::testing::Test {
protected:
    template <class F>
    void with(F body) {
        auto main = [](CacheServiceTest& test, F talk) -> Task<void> {
            Executor executor = co_await asio::this_coro::executor;
            CacheService service(std::make_unique<LocalCache>(test.clock_, test.settings_), nullptr);
            auto inside = [&](TaskGroup& group) -> Task<void> {
                auto connection = rpc::connect_local(group, executor, service.handlers());
                services::CacheClient client(std::move(*connection));
                auto talking = talk(client);
                co_await std::move(talking);
            };
            auto all = scope(4, std::move(inside));
            co_await std::move(all);
        };
        run_test(main(*this, std::move(body)));
    }
    FakeClock clock_;
    LocalSettings settings_;
};
using Client = services::CacheClient;
constexpr std::optional<std::uint64_t> by_default;

TEST_F(CacheServiceTest, Value_IsThereUntilRemovedOrOver) {
    with([this](Client cache) -> Task<void> {
        SONM_CALL(none, cache.call<"get">("k"));
        EXPECT_FALSE(std::get<0>(*none));
        SONM_CALL(put, cache.call<"put">("k", to_bytes("v"), Ttl(5000)));
        EXPECT_TRUE(put);
        SONM_CALL(got, cache.call<"get">("k"));
        EXPECT_EQ(*got, std::tuple(true, to_bytes("v")));
        SONM_CALL(removed, cache.call<"remove">("k"));
        EXPECT_TRUE(*removed);
        SONM_CALL(again, cache.call<"remove">("k"));
        EXPECT_FALSE(*again);
        SONM_CALL(timed, cache.call<"put">("k", to_bytes("v"), Ttl(5000)));
        EXPECT_TRUE(timed);
        clock_.advance(Seconds(5));
        SONM_CALL(over, cache.call<"get">("k"));
        EXPECT_FALSE(std::get<0>(*over));
        SONM_CALL(stats, cache.call<"stats">());
        EXPECT_EQ(stats->hits, 1u);
        EXPECT_EQ(stats->misses, 2u);
        EXPECT_EQ(stats->expired, 1u);
    });
}

TEST_F(CacheServiceTest, DefaultTime_HoldsWhereNoneIsSaid) {
    settings_.ttl_default = Seconds(3);
    with([this](Client cache) -> Task<void> {
        SONM_CALL(first, cache.call<"put">("short", Bytes(), by_default));
        SONM_CALL(second, cache.call<"put">("long", Bytes(), Ttl(0)));
        SONM_CALL(third, cache.call<"put">("longest", Bytes(), Ttl(~0ull)));
        EXPECT_TRUE(first && second && third);
        clock_.advance(Seconds(1'000'000));
        SONM_CALL(gone, cache.call<"get">("short"));
        EXPECT_FALSE(std::get<0>(*gone));
        SONM_CALL(kept, cache.call<"get">("long"));
        EXPECT_TRUE(std::get<0>(*kept));
        SONM_CALL(longest, cache.call<"get">("longest"));
        EXPECT_TRUE(std::get<0>(*longest));
    });
}

TEST_F(CacheServiceTest, CompareAndPut_WritesOnlyOverWhatWasSeen) {
    with([](Client cache) -> Task<void> {
        SONM_CALL(first, cache.call<"compare_and_put">("k", 0u, to_bytes("1"), by_default));
        auto [stored, version] = *first;
        EXPECT_TRUE(stored);
        SONM_CALL(second, cache.call<"compare_and_put">("k", 0u, to_bytes("2"), by_default));
        EXPECT_EQ(*second, std::tuple(false, version));
        SONM_CALL(third, cache.call<"compare_and_put">("k", version, to_bytes("3"), by_default));
        EXPECT_TRUE(std::get<0>(*third));
        SONM_CALL(now, cache.call<"get_versioned">("k"));
        EXPECT_EQ(now->value, to_bytes("3"));
        EXPECT_EQ(now->version, std::get<1>(*third));
    });
}

TEST_F(CacheServiceTest, Increment_CountsAndRefusesWhatIsNoNumber) {
    with([this](Client cache) -> Task<void> {
        SONM_CALL(one, cache.call<"increment">("n", 5, Ttl(10'000)));
        EXPECT_EQ(*one, 5);
        clock_.advance(Seconds(9));
        SONM_CALL(two, cache.call<"increment">("n", -7, Ttl(10'000)));
        EXPECT_EQ(*two, -2);
        SONM_CALL(text, cache.call<"get">("n"));
        EXPECT_EQ(std::get<1>(*text), to_bytes("-2"));
        clock_.advance(Seconds(1));
        SONM_CALL(fresh, cache.call<"increment">("n", 1, by_default));
        EXPECT_EQ(*fresh, 1);
        SONM_CALL(most, cache.call<"increment">("n", std::numeric_limits<std::int64_t>::max(), by_default));
        EXPECT_TRUE(most.error().is(std::errc::result_out_of_range));
        SONM_CALL(put, cache.call<"put">("word", to_bytes("x"), by_default));
        EXPECT_TRUE(put);
        SONM_CALL(word, cache.call<"increment">("word", 1, by_default));
        EXPECT_TRUE(word.error().is(std::errc::invalid_argument));
    });
}

TEST_F(CacheServiceTest, KeysAndValuesOverTheirLimits_AreRefused) {
    settings_.value_bytes_max = 10;
    with([](Client cache) -> Task<void> {
        for (std::string bad : {std::string(), std::string(1025, 'k'), std::string(10 * MiB, 'k')}) {
            SONM_CALL(got, cache.call<"get">(bad));
            EXPECT_TRUE(got.error().is(std::errc::invalid_argument));
        }
        SONM_CALL(large, cache.call<"put">("k", Bytes(11), by_default));
        EXPECT_TRUE(large.error().is(std::errc::message_size));
        SONM_CALL(zeros, cache.call<"put">(std::string("a\0/..", 5), Bytes(10), by_default));
        EXPECT_TRUE(zeros);
    });
}

/// What the service says to changed arguments.
std::string reload(services::PlatformService& service, std::string_view text) {
    Result<void> done;
    auto take = [&](YamlReader& args) { done = service.reload(args); };
    EXPECT_TRUE(read_yaml(text, "args", take));
    return done ? "taken over" : done.error().context;
}

/// A service of these arguments for `talk(client, service)`.
template <class F>
void with_made(std::string_view args, const Clock& clock, F talk) {
    auto main = [&]() -> Task<void> {
        services::Environment environment;
        environment.executor = co_await asio::this_coro::executor;
        environment.clock = &clock;
        std::unique_ptr<services::PlatformService> service;
        auto make_it = [&](YamlReader& reader) { service = std::move(*make(environment, reader)); };
        EXPECT_TRUE(read_yaml(args, "args", make_it));
        auto inside = [&](TaskGroup& group) -> Task<void> {
            auto connection = rpc::connect_local(group, environment.executor, service->handlers());
            auto talking = talk(Client(std::move(*connection)), *service);
            co_await std::move(talking);
        };
        auto all = scope(4, std::move(inside));
        co_await std::move(all);
    };
    run_test(main());
}

TEST(CacheReload, LessMemory_ForgetsAtOnce_MoreKeepsWhatIsThere) {
    FakeClock clock;
    with_made("{memory_max: 1 MiB, value_max: 10 KiB}", clock,
              [](Client cache, services::PlatformService& service) -> Task<void> {
                  for (int i = 0; i < 60; ++i) {
                      SONM_CALL(put, cache.call<"put">(fmt::format("k{}", i), Bytes(10'000), by_default));
                      EXPECT_TRUE(put);
                  }
                  SONM_CALL(before, cache.call<"stats">());
                  EXPECT_EQ(before->entries, 60u);
                  EXPECT_EQ(reload(service, "{memory_max: 100 KiB, value_max: 10 KiB}"), "taken over");
                  SONM_CALL(after, cache.call<"stats">());
                  EXPECT_LE(after->bytes, 100 * KiB);
                  EXPECT_GE(after->entries, 8u);
                  EXPECT_EQ(after->bytes_max, 100 * KiB);
                  EXPECT_EQ(reload(service, "{memory_max: 1 MiB, value_max: 10 KiB}"), "taken over");
                  SONM_CALL(more, cache.call<"stats">());
                  EXPECT_EQ(more->entries, after->entries);
              });
}

TEST(CacheReload, LargestValue_AndUsualTime_HoldForValuesFromNowOn) {
    FakeClock clock;
    with_made("{value_max: 100 B}", clock,
              [&](Client cache, services::PlatformService& service) -> Task<void> {
                  SONM_CALL(large, cache.call<"put">("k", Bytes(200), by_default));
                  EXPECT_TRUE(large.error().is(std::errc::message_size));
                  EXPECT_EQ(reload(service, "{value_max: 1 KiB, ttl: 5 s}"), "taken over");
                  SONM_CALL(fits, cache.call<"put">("k", Bytes(200), by_default));
                  EXPECT_TRUE(fits);
                  clock.advance(Seconds(5));
                  SONM_CALL(over, cache.call<"get">("k"));
                  EXPECT_FALSE(std::get<0>(*over));
              });
}

TEST(CacheReload, AnotherPlace_NeedsARestart) {
    FakeClock clock;
    with_made("{value_max: 100 B}", clock, [](Client, services::PlatformService& service) -> Task<void> {
        EXPECT_EQ(reload(service, "{place: redis, refresh: 9 s, redis: {database: 3}}"),
                  "place, refresh, redis.database need a restart; everything else is taken over");
        auto take = [&](YamlReader& args) { (void)service.reload(args); };
        auto read = read_yaml("{refresh: 0 s}", "args", take);
        EXPECT_NE(read.error().message().find("refresh: at least 100 ms"), std::string::npos);
        co_return;
    });
}

}  // namespace
}  // namespace sonm::cache
