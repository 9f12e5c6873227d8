#include "sonm/rpc/rpc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// What travels beside the arguments: headers, the caller's time limit, signs of life.
namespace sonm::rpc {
namespace {

struct Heads : Protocol<"heads", 1, Call<0, "names", Args<>, Returns<std::vector<std::string>>>,
                        Call<1, "limit", Args<>, Returns<std::optional<std::uint64_t>>>,
                        ServerStream<2, "stream", Args<>, Items<std::string>>> {};

Async<void> stream_names(Context who, Sink<std::string> out) {
    for (const Header& header : who.headers()) SONM_CO_CHECK(co_await out.write(header.name));
    co_return Result<void>();
}

struct HeadsService : Service<Heads> {
    HeadsService() {
        on<"names">([](const Context& who) -> Result<std::vector<std::string>> {
            std::vector<std::string> names;
            for (const Header& header : who.headers()) names.push_back(header.name);
            return names;
        });
        on<"limit">([](const Context& who) -> Result<std::optional<std::uint64_t>> {
            SONM_TRY(auto limit, who.request_timeout());
            if (!limit) return std::optional<std::uint64_t>();
            return std::optional<std::uint64_t>(static_cast<std::uint64_t>(limit->count()));
        });
        on<"stream">(stream_names);
    }
};

template <class F>
void with_client(F body) {
    auto main = [](F run) -> Task<void> {
        HeadsService service;
        Executor executor = co_await asio::this_coro::executor;
        auto inside = [&](TaskGroup& group) {
            auto connection = connect_local(group, executor, service);
            return run(Client<Heads>(std::move(*connection)));
        };
        auto work = scope(64, std::move(inside));
        co_await std::move(work);
    };
    run_test(main(std::move(body)));
}

Task<void> check_headers(Client<Heads> client) {
    EXPECT_THAT((co_await client.call<"names">()).value(), ::testing::IsEmpty());
    std::vector<Header> headers{{"authorization", "Basic x"}, {"trace_id", std::string(8, '\1')}};
    auto with = client.with(headers);
    EXPECT_THAT((co_await with.call<"names">()).value(), ::testing::ElementsAre("authorization", "trace_id"));
    EXPECT_THAT((co_await client.call<"names">()).value(), ::testing::IsEmpty());
    auto names = with.stream<"stream">().value();
    EXPECT_EQ((co_await names.next()).value(), "authorization");
    EXPECT_EQ((co_await names.next()).value(), "trace_id");
    EXPECT_EQ((co_await names.next()).value(), std::nullopt);
}
TEST(Context, headers_of_a_client_travel_with_each_opening_frame) { with_client(check_headers); }

Task<void> check_limit(Client<Heads> client) {
    EXPECT_EQ((co_await client.call<"limit">()).value(), std::nullopt);
    std::vector<Header> headers{make_request_timeout(Millis(0x0102030405))};
    EXPECT_EQ(headers[0].value, std::string("\x05\x04\x03\x02\x01\0\0\0", 8));
    EXPECT_EQ((co_await client.with(headers).call<"limit">()).value(), 0x0102030405u);
    headers[0].value.pop_back();
    auto wrong = co_await client.with(headers).call<"limit">();
    EXPECT_TRUE(wrong.error().is(DispatchErrc::invalid_argument)) << wrong.error().message();
    headers[0].value = std::string(8, '\xff');
    EXPECT_EQ((co_await client.with(headers).call<"limit">()).value(), 31'536'000'000u) << "a year at most";
}
TEST(Context, the_callers_time_limit_is_known_and_bounded) { with_client(check_limit); }

Task<void> check_ping(Client<Heads> client) {
    EXPECT_TRUE(co_await client.connection().ping(Millis(1000)));
    Connection(client.connection()).close();
    EXPECT_FALSE(co_await client.connection().ping(Millis(1000)));
}
TEST(Context, a_living_peer_answers_a_ping_and_a_closed_connection_does_not) { with_client(check_ping); }

}  // namespace
}  // namespace sonm::rpc
