#include "sonm/rpc/json_answer.hpp"

#include "sonm/rpc/rpc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// JSON calls with items and one answer: what counts as waiting.
namespace sonm::rpc {
namespace {

using ::testing::HasSubstr;

struct Post : Protocol<"post", 1, ClientStream<0, "join", Args<>, Items<std::string>, Returns<std::string>>,
                       ClientStream<1, "never", Args<>, Items<std::string>, Returns<std::string>>,
                       Dialog<2, "forget", Args<>, Streaming<std::string>, Primitive<>>,
                       ClientStream<3, "unread", Args<>, Items<std::string>, Returns<std::string>>> {};

Async<std::string> join(Context, Source<std::string> in) {
    std::string all;
    while (true) {
        SONM_CO_TRY(auto item, co_await in.next());
        if (!item) co_return all;
        all += *item;
    }
}
Async<void> rest() {
    auto sleeping = sleep_for(std::chrono::hours(1));
    co_await std::move(sleeping);
    co_return Result<void>();
}
Async<std::string> never(Context context, Source<std::string> in) {
    SONM_CO_TRY(std::string all, co_await join(std::move(context), std::move(in)));
    SONM_CO_CHECK(co_await rest());
    co_return all;
}
Async<std::string> unread(Context, Source<std::string>) {
    SONM_CO_CHECK(co_await rest());
    co_return std::string();
}

struct PostService : Service<Post> {
    PostService() {
        on<"join">(join);
        on<"never">(never);
        on<"forget">([](Context, auto) { return rest(); });
        on<"unread">(unread);
    }
};

struct Items {
    Millis pause{0};
    std::size_t count = 3, bytes = 1;
};
Async<std::optional<Json>> give(Items& items) {
    auto sleeping = sleep_for(items.pause);
    co_await std::move(sleeping);
    if (items.count == 0) co_return std::optional<Json>();
    --items.count;
    co_return std::optional<Json>(Json(std::string(items.bytes, 'a')));
}

std::string answer(const char* method, Items items, Millis limit) {
    auto all = [&]() -> Task<std::string> {
        PostService service;
        Executor executor = co_await asio::this_coro::executor;
        std::string out;
        auto inside = [&](TaskGroup& group) -> Task<void> {
            auto connection = connect_local(group, executor, service).value();
            auto stream = json_stream(connection, Post::info(), method, Json()).value();
            JsonItems source = [&] { return give(items); };
            auto asking = json_answer(std::move(stream), std::move(source), limit);
            auto got = co_await std::move(asking);
            out = got ? to_text(*got) : got.error().message();
        };
        auto working = scope(8, std::move(inside));
        co_await std::move(working);
        co_return out;
    };
    return run_test(all());
}

TEST(JsonAnswer, who_has_taken_all_items_and_never_answers_is_given_up) {
    EXPECT_THAT(answer("never", Items(), Millis(50)), HasSubstr("never: no answer within 50 ms"));
    EXPECT_THAT(answer("forget", Items(), Millis(50)), HasSubstr("forget: no answer within 50 ms"));
}
TEST(JsonAnswer, who_takes_no_further_item_is_given_up) {
    Items many;
    many.count = 1000;
    many.bytes = 64 * KiB;
    EXPECT_THAT(answer("unread", many, Millis(50)), HasSubstr("no answer within 50 ms"));
}
TEST(JsonAnswer, items_that_are_slow_to_come_do_not_count) {
    Items slow;
    slow.count = 1;
    slow.pause = Millis(400);
    EXPECT_EQ(answer("join", slow, Millis(300)), "\"a\"");
}

}  // namespace
}  // namespace sonm::rpc
