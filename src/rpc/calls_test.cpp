#include "sonm/rpc/testing_probe.hpp"

/// Calls and streams whose handlers fail, hang or do not read, and connections that end under them.
namespace sonm::rpc {
namespace {

using namespace std::chrono_literals;

using testing::Probe;
using testing::ProbeService;

/// Runs `body(service, client)` against the probe in this process.
template <class F>
void with_client(F body) {
    auto main = [](F run) -> Async<bool> {
        ProbeService service;
        Executor executor = co_await asio::this_coro::executor;
        auto inside = [&](TaskGroup& group) {
            auto connection = connect_local(group, executor, service);
            return run(service, Client<Probe>(std::move(*connection)));
        };
        auto work = testing::as_result(scope(64, std::move(inside)));
        auto limited = within(10s, std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome);
        EXPECT_EQ(service.handlers, 0) << "handlers outlived their session";
        co_return true;
    };
    EXPECT_TRUE(run_test(main(std::move(body))));
}

Task<void> check_errors(ProbeService&, Client<Probe> client) {
    auto missing = co_await client.call<"fail">(0u);
    EXPECT_TRUE(missing.error().is(Errc::not_found)) << missing.error().message();
    EXPECT_EQ(missing.error().context, "fail: no such thing");
    auto denied = co_await client.call<"fail">(1u);
    EXPECT_EQ(denied.error().code, std::make_error_code(std::errc::permission_denied));
    auto room = co_await client.call<"fail">(2u);
    EXPECT_EQ(room.error().code, make_error_code(testing::RoomErrc::broken)) << room.error().message();
    auto defect = co_await client.call<"fail">(3u);
    EXPECT_TRUE(defect.error().is(DispatchErrc::uncaught)) << defect.error().message();
    auto other = co_await client.call<"fail">(4u);
    EXPECT_EQ(other.error().code.category(), remote_category());
    EXPECT_EQ(other.error().code.value(), 5);
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
}
TEST(Calls, failures_of_handlers_arrive_as_the_same_errors_and_hurt_nobody_else) {
    with_client(check_errors);
}

Task<void> check_deadline(ProbeService& service, Client<Probe> client) {
    auto late = co_await client.call_within<"hang">(Millis(20));
    EXPECT_TRUE(late.error().is(Errc::timeout)) << late.error().message();
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
    EXPECT_EQ(service.handlers, 1) << "a call that was given up is ended with its session only";
}
TEST(Calls, a_call_beyond_its_deadline_times_out_and_the_session_goes_on) { with_client(check_deadline); }

Async<void> call_hang(Client<Probe> client) { co_return co_await client.call<"hang">(); }

Task<void> check_close(ProbeService& service, Client<Probe> client) {
    auto body = [&](TaskGroup& group) -> Task<void> {
        std::optional<Result<void>> outcome;
        auto caller = [](Client<Probe> c, std::optional<Result<void>>& out) -> Task<void> {
            out = co_await call_hang(c);
        };
        group.spawn(caller(client, outcome));
        while (service.handlers == 0) co_await sleep_for(Millis(1));
        Connection connection = client.connection();
        connection.close();
        auto joining = group.join();
        co_await std::move(joining);
        EXPECT_TRUE(outcome && !*outcome && outcome->error().is(Errc::closed));
        while (service.handlers != 0) co_await sleep_for(Millis(1));
        EXPECT_FALSE(co_await client.call<"add">(1u, 2u));
        EXPECT_FALSE(client.stream<"endless">());
    };
    auto work = scope(4, std::move(body));
    co_await std::move(work);
}
TEST(Calls, closing_fails_what_waits_and_stops_the_handlers) { with_client(check_close); }

Task<void> check_cancel(ProbeService& service, Client<Probe> client) {
    {
        auto source = client.stream<"endless">().value();
        EXPECT_TRUE(co_await source.next());
        EXPECT_EQ(service.handlers, 1);
    }
    while (service.handlers != 0) co_await sleep_for(Millis(1));
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
}
TEST(Calls, dropping_a_source_cancels_its_handler) { with_client(check_cancel); }

Task<void> check_stall(ProbeService&, Client<Probe> client) {
    auto upload = client.stream<"unread">().value();
    std::size_t written = 0;
    while (true) {
        Bytes piece(64 * KiB);
        auto writing = within(Millis(30), upload.write(std::move(piece)));
        if (!co_await std::move(writing)) break;
        written += 64 * KiB;
    }
    EXPECT_LE(written, stream_window_bytes + 64 * KiB);
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u) << "another channel is not held up";
    auto source = client.stream<"endless">().value();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(co_await source.next());
}
TEST(Calls, a_reader_that_does_not_read_stops_its_writer_and_no_one_else) { with_client(check_stall); }

/// Reads so many bytes of an endless stream and stops; then: how much has come beyond them.
Task<std::size_t> unread_after(Client<Probe>& client, std::size_t read) {
    auto source = client.stream<"endless">().value();
    for (std::size_t taken = 0; taken < read;) taken += (co_await source.next()).value()->size();
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 2000; ++i) co_await asio::post(executor, asio::use_awaitable);
    Connection connection = client.connection();
    connection.close();
    std::size_t unread = 0;
    while (auto item = co_await source.next()) unread += (*item)->size();
    co_return unread;
}
Task<void> check_usual_window(ProbeService&, Client<Probe> client) {
    auto counting = unread_after(client, 1);
    std::size_t unread = co_await std::move(counting);
    EXPECT_GE(unread, stream_window_bytes * 9 / 10);
    EXPECT_LE(unread, stream_window_bytes + 10'000);
}
TEST(Calls, a_reader_that_stops_at_once_has_one_window_unread) { with_client(check_usual_window); }

Task<void> check_grown_window(ProbeService&, Client<Probe> client) {
    auto counting = unread_after(client, 8 * MiB);
    std::size_t unread = co_await std::move(counting);
    EXPECT_GE(unread, stream_window_max / 4);
    EXPECT_LE(unread, stream_window_max + 10'000);
}
TEST(Calls, a_reader_that_keeps_up_and_then_stops_has_the_largest_window_unread) {
    with_client(check_grown_window);
}

Task<void> check_refusal(ProbeService&, Client<Probe> client) {
    auto upload = client.stream<"refuse">().value();
    Result<void> written;
    for (int i = 0; i < 1000 && written; ++i) {
        Bytes piece(10'000);
        written = co_await upload.write(std::move(piece));
    }
    EXPECT_FALSE(written);
    EXPECT_TRUE(written.error().is(Errc::no_space)) << written.error().message();
    auto reply = co_await upload.reply();
    EXPECT_TRUE(reply.error().is(Errc::no_space));
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
}
TEST(Calls, an_upload_that_is_refused_early_tells_the_writer_why) { with_client(check_refusal); }

Task<void> check_large(ProbeService&, Client<Probe> client) {
    EXPECT_EQ((co_await client.call<"blob">(10 * MiB)).value().size(), 10 * MiB);
    auto large = co_await client.call<"blob">(20 * MiB);
    EXPECT_TRUE(large.error().is(Errc::too_large)) << large.error().message();
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
}
TEST(Calls, an_answer_beyond_the_frame_limit_becomes_an_error) { with_client(check_large); }

}  // namespace
}  // namespace sonm::rpc
