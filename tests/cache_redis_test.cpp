#include "sonm/cache/redis_store.hpp"
#include "support/server_process.hpp"

#include <gtest/gtest.h>

namespace sonm::cache {
namespace {

#define SONM_CALL(name, ...)          \
    auto name##_task = (__VA_ARGS__); \
    auto name = co_await std::move(name##_task);

class RedisCache : public ::testing::Test {
protected:
    void SetUp() override {
        std::uint16_t port = test::free_port();
        std::vector<std::string> argv{"redis-server", "--port",    fmt::format("{}", port),
                                      "--bind",       "127.0.0.1", "--requirepass",
                                      "password",     "--save",    "",
                                      "--appendonly", "no"};
        auto started = test::ServerProcess::start(std::move(argv), port);
        if (!started && started.error().is(Errc::not_found))
            GTEST_SKIP() << "SKIPPED: redis-server is not installed (package redis-server)";
        ASSERT_TRUE(started) << started.error().message();
        server_ = std::move(*started);
        settings_.address = fmt::format("127.0.0.1:{}", port);
        settings_.password = "password";
        settings_.database = 3;
    }
    template <class F>
    void with(F body) {
        auto main = [](RedisCache& test, F talk) -> Task<void> {
            Executor executor = co_await asio::this_coro::executor;
            RedisStore store(executor, test.settings_, LocalSettings());
            auto talking = talk(store);
            co_await std::move(talking);
        };
        run_test(main(*this, std::move(body)));
    }
    std::unique_ptr<test::ServerProcess> server_;
    RedisSettings settings_;
    static inline const rpc::Context nobody;
};

TEST_F(RedisCache, Values_AreKeptSwappedCountedAndRemoved) {
    with([](RedisStore& store) -> Task<void> {
        std::string key("k\0\r\n\xff", 5);
        SONM_CALL(none, store.get(nobody, key));
        EXPECT_EQ(*none, CacheEntry());
        SONM_CALL(put, store.put(nobody, key, to_bytes(std::string("v\0\r\n", 4)), Ttl(60'000)));
        EXPECT_TRUE(put) << put.error().message();
        SONM_CALL(got, store.get(nobody, key));
        EXPECT_EQ(got->value, to_bytes(std::string("v\0\r\n", 4)));
        EXPECT_NE(got->version, 0u);
        SONM_CALL(taken, store.compare_and_put(nobody, key, 0, to_bytes("w"), Ttl()));
        EXPECT_EQ(*taken, std::tuple(false, got->version));
        SONM_CALL(swapped, store.compare_and_put(nobody, key, got->version, to_bytes("w"), Ttl(60'000)));
        EXPECT_TRUE(std::get<0>(*swapped));
        SONM_CALL(now, store.get(nobody, key));
        EXPECT_EQ(now->version, std::get<1>(*swapped));
        SONM_CALL(fresh, store.compare_and_put(nobody, "fresh", 0, to_bytes("1"), Ttl()));
        EXPECT_TRUE(std::get<0>(*fresh));
        SONM_CALL(removed, store.remove(nobody, key));
        EXPECT_TRUE(*removed);
        SONM_CALL(again, store.remove(nobody, key));
        EXPECT_FALSE(*again);
    });
}

TEST_F(RedisCache, Numbers_CountExactlyAndKeepTheirTime) {
    with([](RedisStore& store) -> Task<void> {
        SONM_CALL(one, store.increment(nobody, "n", 5, Ttl(150)));
        EXPECT_EQ(*one, 5);
        co_await sleep_for(Millis(100));
        SONM_CALL(two, store.increment(nobody, "n", -7, Ttl(10'000)));
        EXPECT_EQ(*two, -2);
        co_await sleep_for(Millis(100));
        SONM_CALL(over, store.get(nobody, "n"));
        EXPECT_FALSE(over->found);
        std::int64_t most = std::numeric_limits<std::int64_t>::max();
        SONM_CALL(large, store.increment(nobody, "m", most, Ttl()));
        EXPECT_EQ(*large, most);
        SONM_CALL(larger, store.increment(nobody, "m", 1, Ttl()));
        EXPECT_TRUE(larger.error().is(std::errc::result_out_of_range));
        SONM_CALL(put, store.put(nobody, "word", to_bytes("x"), Ttl()));
        EXPECT_TRUE(put);
        SONM_CALL(word, store.increment(nobody, "word", 1, Ttl()));
        EXPECT_TRUE(word.error().is(std::errc::invalid_argument)) << word.error().message();
    });
}

TEST_F(RedisCache, ServerThatDies_HasNothing_AndIsFoundAgain) {
    with([this](RedisStore& store) -> Task<void> {
        SONM_CALL(put, store.put(nobody, "k", to_bytes("v"), Ttl()));
        EXPECT_TRUE(put);
        server_->kill();
        SONM_CALL(got, store.get(nobody, "k"));
        EXPECT_FALSE(got->found);
        SONM_CALL(refused, store.put(nobody, "k", to_bytes("v"), Ttl()));
        EXPECT_TRUE(refused.error().is(std::errc::not_connected)) << refused.error().message();
        EXPECT_GT(store.failures(), 0u);
        EXPECT_TRUE(server_->restart());
        SONM_CALL(again, store.put(nobody, "k", to_bytes("v"), Ttl()));
        EXPECT_TRUE(again) << again.error().message();
    });
}

TEST_F(RedisCache, RaisedLimit_HoldsForOpenConnectionsToo) {
    settings_.connections_max = 1;
    with([](RedisStore& store) -> Task<void> {
        SONM_CALL(before, store.get(nobody, "k"));
        EXPECT_FALSE(before->found);
        LocalSettings raised;
        raised.value_bytes_max = 4 * MiB;
        store.limit(raised);
        Bytes value(3 * MiB, 'x');
        SONM_CALL(put, store.put(nobody, "k", value, Ttl(60'000)));
        EXPECT_TRUE(put) << put.error().message();
        SONM_CALL(got, store.get(nobody, "k"));
        EXPECT_EQ(got->value.size(), value.size());
    });
}

TEST_F(RedisCache, WrongPassword_IsSaid) {
    settings_.password = "wrong";
    with([](RedisStore& store) -> Task<void> {
        SONM_CALL(put, store.put(nobody, "k", to_bytes("v"), Ttl()));
        EXPECT_FALSE(put);
        EXPECT_NE(put.error().message().find("WRONGPASS"), std::string::npos) << put.error().message();
    });
}

}  // namespace
}  // namespace sonm::cache
