#include "sonm/http/server.hpp"

#include <gtest/gtest.h>

namespace sonm::http {
namespace {

/// Answers by path; what the handlers below do.
Async<void> handle(const Incoming& request, Responder& out) {
    if (request.path() == "/fail") co_return fail(Errc::unavailable, "the storage is away");
    if (request.path() == "/nothing") co_return Result<void>();
    if (request.path() == "/smuggle") {
        Response bad = text_response(200, "x");
        bad.headers.push_back(Header{"X", "a\r\nY: b"});
        co_return co_await out.send(std::move(bad));
    }
    if (request.path() == "/204" || request.path() == "/304") {
        Response head = text_response(request.path() == "/204" ? 204 : 304, "none");
        auto beginning = out.begin(std::move(head));
        SONM_CO_CHECK(co_await std::move(beginning));
        co_return co_await out.write(as_bytes("of this"));
    }
    if (request.path() == "/stream" || request.path() == "/cut") {
        Response head = text_response(200, "one ");
        auto beginning = out.begin(std::move(head));
        SONM_CO_CHECK(co_await std::move(beginning));
        auto writing = out.write(as_bytes("two"));
        SONM_CO_CHECK(co_await std::move(writing));
        if (request.path() == "/cut") co_return fail(Errc::io, "half of it is gone");
        co_return Result<void>();
    }
    std::string said =
        fmt::format("{} {} [{}] {}", request.method, request.path(), request.body, request.peer);
    Response answer = text_response(200, std::move(said));
    co_return co_await out.send(std::move(answer));
}

Task<void> talk(ServerLimits limits, std::string text, bool ends, std::string& got) {
    Executor executor = co_await asio::this_coro::executor;
    Server server(executor, handle, limits);
    auto [near, far] = make_pipe(executor, 1 * MiB);
    auto body = [&, client = std::move(near),
                 other = std::move(far)](TaskGroup& group) mutable -> Task<void> {
        group.spawn(server.serve(std::move(other)));
        (void)co_await client->write(as_bytes(text));
        if (ends) client->shutdown_write();
        Bytes buffer(4096);
        while (true) {
            auto count = co_await client->read_some(buffer);
            if (!count) break;
            got += as_text(BytesView(buffer.data(), *count));
        }
    };
    auto talking = scope(4, std::move(body));
    co_await std::move(talking);
}

/// What the server says to `text` until it closes. `ends`: the client says that nothing follows.
std::string answer(std::string text, bool ends = true, ServerLimits limits = ServerLimits()) {
    std::string got;
    run_test(talk(limits, std::move(text), ends, got));
    return got;
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

TEST(http_server, request__is_answered_with_length_and_type) {
    EXPECT_EQ(answer("GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n"
              "Connection: close\r\n\r\nGET /a [] pipe");
}

TEST(http_server, pipelined_requests__are_answered_in_order_on_one_connection) {
    std::string got = answer(
        "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
        "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
    auto first = got.find("POST /1 [hi]"), second = got.find("GET /2 []"), third = got.find("POST /3 [abc]");
    EXPECT_TRUE(first < second && second < third && third != std::string::npos) << got;
}

TEST(http_server, head__is_answered_without_a_body) {
    std::string got = answer("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(got.find("Content-Length: 15\r\n"), std::string::npos) << got;
    EXPECT_TRUE(got.ends_with("\r\n\r\n")) << got;
}

TEST(http_server, streamed_answer__is_chunked_and_without_chunks_for_an_old_client) {
    std::string got = answer("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(got.ends_with("\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n")) << got;
    got = answer("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(got.ends_with("Connection: close\r\n\r\none two")) << got;
}

TEST(http_server, streamed_answer_of_a_status_without_body__has_none_and_keeps_the_connection) {
    for (const char* path : {"/204", "/304"}) {
        std::string got = answer(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path) +
                                 "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(got.find("Transfer-Encoding"), got.npos) << got;
        EXPECT_NE(got.find("\r\n\r\nHTTP/1.1 200 OK"), got.npos) << got;
    }
}

TEST(http_server, streamed_answer_that_fails__does_not_look_complete) {
    std::string got = answer("GET /cut HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(got.ends_with("3\r\ntwo\r\n")) << got;
}

TEST(http_server, handler_without_answer__becomes_500_with_its_sentence) {
    EXPECT_NE(answer("GET /fail HTTP/1.1\r\nHost: x\r\n\r\n").find("the storage is away"), std::string::npos);
    EXPECT_TRUE(answer("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 500 "));
    std::string got = answer("GET /smuggle HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 500 ")) << got;
    EXPECT_EQ(got.find("Y: b"), std::string::npos) << got;
}

TEST(http_server, continue_is_expected__the_client_is_invited_before_its_body) {
    std::string got =
        answer("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 100 Continue\r\n\r\n")) << got;
    got = answer("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 20000000\r\n\r\n");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 413 ")) << got;
}

TEST(http_server, too_large_or_wrong__says_so_and_closes) {
    ServerLimits small;
    small.header_bytes_max = 256;
    small.body_bytes_max = 4;
    std::string long_header(300, 'a');
    auto status = [&](std::string text) { return answer(std::move(text), true, small).substr(0, 13); };
    EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nX: " + long_header + "\r\n\r\n"), "HTTP/1.1 431 ");
    EXPECT_EQ(status("GET /" + long_header + " HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 431 ");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"), "HTTP/1.1 413 ");
    EXPECT_EQ(
        status("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"),
        "HTTP/1.1 413 ");
    EXPECT_EQ(status("what is this\r\n\r\n"), "HTTP/1.1 400 ");
    EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 ");
    EXPECT_EQ(status("GET / HTTP/3.0\r\nHost: x\r\n\r\n"), "HTTP/1.1 400 ");
    EXPECT_EQ(status("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 400 ");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
              "HTTP/1.1 400 ");
}

TEST(http_server, a_changed_limit_of_bodies__holds_for_clients_that_come_now) {
    std::string got;
    auto main = [&]() -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        ServerLimits small;
        small.body_bytes_max = 4;
        Server server(executor, handle, small);
        server.set_body_max(5);
        auto [near, far] = make_pipe(executor, 1 * MiB);
        auto body = [&, client = std::move(near),
                     other = std::move(far)](TaskGroup& group) mutable -> Task<void> {
            group.spawn(server.serve(std::move(other)));
            (void)co_await client->write(
                as_bytes("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"));
            client->shutdown_write();
            Bytes buffer(4096);
            auto count = co_await client->read_some(buffer);
            got = as_text(BytesView(buffer.data(), count.value_or(0)));
        };
        auto talking = scope(4, std::move(body));
        co_await std::move(talking);
    };
    run_test(main());
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
}

TEST(http_server, slow_clients__are_told_and_silent_ones_closed) {
    ServerLimits quick;
    quick.head_max = quick.body_max = quick.idle_max = Millis(20);
    EXPECT_TRUE(answer("GET / HT", false, quick).starts_with("HTTP/1.1 408 "));
    EXPECT_TRUE(answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na", false, quick)
                    .starts_with("HTTP/1.1 408 "));
    EXPECT_EQ(answer("", false, quick), "");
}

TEST(http_server, many_requests_on_one_connection__are_cut_off_at_the_limit) {
    ServerLimits limits;
    limits.requests_max = 2;
    std::string one = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
    std::string got = answer(one + one + one, true, limits);
    EXPECT_EQ(count_of(got, "200 OK"), 2u) << got;
    EXPECT_EQ(count_of(got, "Connection: close"), 1u) << got;
}

TEST(http_server, percent_encoding__is_undone_or_refused) {
    EXPECT_EQ(url_decode("a%20b%2f").value(), "a b/");
    EXPECT_FALSE(url_decode("%2"));
    EXPECT_FALSE(url_decode("%zz"));
}

}  // namespace
}  // namespace sonm::http
