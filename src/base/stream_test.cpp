#include "sonm/base/stream.hpp"

#include <gtest/gtest.h>

using namespace sonm;

namespace {

Task<void> pipe_carries_bytes() {
    auto [left, right] = make_pipe(co_await asio::this_coro::executor);
    Bytes sent = to_bytes("hello");
    EXPECT_TRUE(co_await left->write(sent));
    left->shutdown_write();
    Bytes got(5);
    EXPECT_TRUE(co_await read_exactly(*right, got));
    EXPECT_EQ(got, sent);
    auto end = co_await right->read_some(got);
    EXPECT_FALSE(end);
}

TEST(Pipe, CarriesBytesAndTheirEnd) { run_test(pipe_carries_bytes()); }

Task<void> full_pipe() {
    auto [left, right] = make_pipe(co_await asio::this_coro::executor, 4);
    Bytes big(100, 7);
    auto writing = left->write(big);
    auto got = co_await within(Millis(1), std::move(writing));
    EXPECT_FALSE(got);
    EXPECT_TRUE(got.error().is(Errc::timeout));
    right->close();
    auto after = co_await left->write(big);
    EXPECT_TRUE(after.error().is(Errc::closed));
}

TEST(Pipe, FullOneMakesTheWriterWaitAndClosedOneFails) { run_test(full_pipe()); }

TEST(HostPort, ReadsNamesAndBracketedAddresses) {
    EXPECT_EQ(parse_host_port("localhost:80")->host, "localhost");
    EXPECT_EQ(parse_host_port("[::1]:65535")->host, "::1");
    EXPECT_EQ(parse_host_port("[::1]:65535")->port, 65535);
    for (const char* bad : {"", "x", "x:", ":1", "x:65536", "x:1y", "x:-1"})
        EXPECT_FALSE(parse_host_port(bad)) << bad;
}

}  // namespace
