#include "sonm/cache/redis_connection.hpp"

#include <gtest/gtest.h>

namespace sonm::cache {
namespace {

/// What one GET gives if the server says `answer` and hangs up.
Result<std::vector<RedisReply>> asked(std::string answer, std::size_t reply_bytes_max = MiB) {
    auto work = [&]() -> Task<Result<std::vector<RedisReply>>> {
        Executor executor = co_await asio::this_coro::executor;
        auto [near, far] = make_pipe(executor, 4 * MiB);
        auto answering = far->write(as_bytes(answer));
        (void)co_await std::move(answering);
        far->shutdown_write();
        RedisConnection connection(std::move(near));
        std::vector<RedisConnection::Command> commands(1);
        commands[0] = {to_bytes("GET"), to_bytes("key")};
        auto running = connection.run(std::move(commands), reply_bytes_max);
        auto replies = co_await std::move(running);
        EXPECT_EQ(connection.is_usable(), replies.has_value());
        co_return replies;
    };
    return run_test(work());
}

TEST(RedisConnection, EveryKindOfAnswer_IsRead) {
    using namespace std::string_literals;
    auto replies = asked("*4\r\n:-7\r\n$3\r\na\0b\r\n$-1\r\n-ERR no\r\n"s);
    ASSERT_TRUE(replies) << replies.error().message();
    const auto& list = replies->at(0).list;
    ASSERT_EQ(list.size(), 4u);
    EXPECT_EQ(list[0].number, -7);
    EXPECT_EQ(as_text(list[1].text), std::string_view("a\0b", 3));
    EXPECT_EQ(list[2].kind, RedisReply::Kind::nothing);
    EXPECT_EQ(list[3].kind, RedisReply::Kind::error);
}

TEST(RedisConnection, AnnouncedListOfTwoThousandMillion_IsRefusedBeforeMemoryIsTaken) {
    auto replies = asked("*2147483647\r\n");
    ASSERT_FALSE(replies);
    EXPECT_TRUE(replies.error().is(Errc::corrupt)) << replies.error().message();
}

TEST(RedisConnection, AnswerWithoutEnd_IsRefusedAtItsLimit) {
    auto replies = asked("$500000000\r\n" + std::string(3 * MiB, 'x'));
    ASSERT_FALSE(replies);
    EXPECT_TRUE(replies.error().is(Errc::too_large)) << replies.error().message();
}

TEST(RedisConnection, ListOfManySmallItems_IsRefusedAtItsLimitToo) {
    std::string answer = "*1000\r\n";
    for (int i = 0; i < 999; ++i) answer += "$1000\r\n" + std::string(1000, 'x') + "\r\n";
    auto replies = asked(answer, 100 * KiB);
    ASSERT_FALSE(replies);
    EXPECT_TRUE(replies.error().is(Errc::too_large)) << replies.error().message();
}

TEST(RedisConnection, AnswerJustWithinTheLimit_IsTaken) {
    std::string value(200 * KiB, 'x');
    auto replies = asked(fmt::format("${}\r\n{}\r\n", value.size(), value), 201 * KiB);
    ASSERT_TRUE(replies) << replies.error().message();
    EXPECT_EQ(as_text(replies->at(0).text), value);
}

TEST(RedisConnection, SomethingElseThanRedis_IsCorrupt) {
    auto replies = asked("HTTP/1.1 400 Bad Request\r\n\r\n");
    ASSERT_FALSE(replies);
    EXPECT_TRUE(replies.error().is(Errc::corrupt)) << replies.error().message();
}

TEST(RedisConnection, EndInTheMiddle_IsClosed) {
    auto replies = asked("$10\r\nabc");
    ASSERT_FALSE(replies);
    EXPECT_TRUE(replies.error().is(Errc::closed)) << replies.error().message();
}

}  // namespace
}  // namespace sonm::cache
