#include "sonm/rpc/rpc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sonm::rpc {
namespace {

struct Line {
    std::uint64_t number = 0;
    std::string text;
    std::optional<Bytes> extra;
    bool operator==(const Line&) const = default;
};

}  // namespace

template <>
struct Fields<Line> {
    static constexpr auto list =
        fields(field<"number">(&Line::number), field<"text">(&Line::text), field<"extra">(&Line::extra));
};

namespace {

struct Demo
    : Protocol<
          "demo", 7,
          Call<0, "add", Args<Arg<"a", std::uint64_t>, Arg<"b", std::uint64_t>>, Returns<std::uint64_t>>,
          Call<1, "slow_add", Args<Arg<"a", std::uint64_t>, Arg<"b", std::uint64_t>>, Returns<std::uint64_t>>,
          Call<2, "nothing">,
          Call<3, "two", Args<Arg<"text", std::string>, Arg<"times", std::optional<std::uint32_t>>>,
               Returns<std::string, std::uint32_t>>,
          Notify<4, "emit", Args<Arg<"text", std::string>>>,
          ServerStream<5, "lines", Args<Arg<"count", std::uint64_t>>, Items<Line>>,
          ClientStream<6, "sum", Args<Arg<"start", std::uint64_t>>, Items<Bytes>, Returns<std::uint64_t>>,
          BiStream<7, "echo", Args<>, Items<Bytes>, Items<Bytes>>, Call<8, "unbound">> {};

}  // namespace
}  // namespace sonm::rpc
namespace sonm::rpc {
namespace {
Async<std::uint64_t> slow_add(Context, std::uint64_t a, std::uint64_t b) { co_return a + b; }
Async<void> lines(Context, std::uint64_t count, Sink<Line> out) {
    for (std::uint64_t i = 0; i < count; ++i) {
        Line line{i, "line", std::nullopt};
        SONM_CO_CHECK(co_await out.write(std::move(line)));
    }
    co_return Result<void>();
}
Async<std::uint64_t> sum(Context, std::uint64_t start, Source<Bytes> in) {
    while (true) {
        SONM_CO_TRY(std::optional<Bytes> item, co_await in.next());
        if (!item) co_return start;
        start += item->size();
    }
}
Async<void> echo(Context, Source<Bytes> in, Sink<Bytes> out) {
    while (true) {
        SONM_CO_TRY(std::optional<Bytes> item, co_await in.next());
        if (!item) co_return Result<void>();
        SONM_CO_CHECK(co_await out.write(std::move(*item)));
    }
}
struct DemoService : Service<Demo> {
    std::vector<std::string> emitted;
    DemoService() {
        on<"add">(
            [](const Context&, std::uint64_t a, std::uint64_t b) -> Result<std::uint64_t> { return a + b; });
        on<"slow_add">(slow_add);
        on<"nothing">([](const Context&) -> Result<void> { return Result<void>(); });
        on<"two">([](const Context&, std::string text,
                     std::optional<std::uint32_t> times) -> Result<std::tuple<std::string, std::uint32_t>> {
            return std::tuple(text, times.value_or(1));
        });
        on<"emit">([this](const Context&, std::string text) -> Result<void> {
            emitted.push_back(text);
            return Result<void>();
        });
        on<"lines">(lines);
        on<"sum">(sum);
        on<"echo">(echo);
    }
};
/// Runs `body(group, client)` against the demo service over a pipe.
template <class F>
void with_client(F body) {
    auto main = [](F run) -> Task<void> {
        DemoService service;
        Executor executor = co_await asio::this_coro::executor;
        auto inside = [&](TaskGroup& group) {
            auto connection = connect_local(group, executor, service);
            return run(service, Client<Demo>(std::move(*connection)));
        };
        auto work = scope(64, std::move(inside));
        co_await std::move(work);
    };
    run_test(main(std::move(body)));
}

Task<void> check_calls(DemoService& service, Client<Demo> client) {
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
    EXPECT_EQ((co_await client.call<"slow_add">(3u, 4u)).value(), 7u);
    EXPECT_TRUE(co_await client.call<"nothing">());
    auto two = co_await client.call<"two">("x", std::nullopt);
    EXPECT_EQ(std::get<0>(*two), "x");
    auto unbound = co_await client.call<"unbound">();
    EXPECT_TRUE(unbound.error().is(DispatchErrc::unbound)) << unbound.error().message();
    EXPECT_TRUE(client.notify<"emit">("hello"));
    EXPECT_TRUE(co_await client.call<"nothing">());
    EXPECT_THAT(service.emitted, testing::ElementsAre("hello"));
}
TEST(Rpc, calls_of_every_kind_are_answered) { with_client(check_calls); }

Task<void> check_lines(DemoService&, Client<Demo> client) {
    auto source = client.stream<"lines">(50'000u).value();
    std::uint64_t count = 0;
    while (true) {
        auto line = co_await source.next();
        EXPECT_TRUE(line) << line.error().message();
        if (!line || !*line) break;
        EXPECT_EQ((*line)->number, count);
        ++count;
    }
    EXPECT_EQ(count, 50'000u);
}
TEST(Rpc, a_long_stream_from_the_server_arrives_whole_and_in_order) { with_client(check_lines); }

Task<void> check_sum(DemoService&, Client<Demo> client) {
    auto upload = client.stream<"sum">(10u).value();
    for (int i = 0; i < 100; ++i) {
        Bytes piece(64 * KiB);
        EXPECT_TRUE(co_await upload.write(std::move(piece)));
    }
    EXPECT_EQ((co_await upload.reply()).value(), 10u + 100 * 64 * KiB);
}
TEST(Rpc, an_upload_many_times_the_window_is_added_up) { with_client(check_sum); }

Task<void> check_echo(DemoService&, Client<Demo> client) {
    auto both = client.stream<"echo">().value();
    for (int i = 0; i < 50; ++i) {
        Bytes piece(static_cast<std::size_t>(i) * 1000);
        EXPECT_TRUE(co_await both.sink.write(piece));
        auto back = co_await both.source.next();
        EXPECT_EQ(back.value()->size(), piece.size());
    }
    both.sink.finish();
    EXPECT_EQ((co_await both.source.next()).value(), std::nullopt);
}
TEST(Rpc, an_echo_comes_back_until_the_caller_finishes) { with_client(check_echo); }

}  // namespace
}  // namespace sonm::rpc
