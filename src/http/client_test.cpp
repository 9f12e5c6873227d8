#include "sonm/http/client.hpp"

#include <gtest/gtest.h>

namespace sonm::http {
namespace {

/// A scripted server: each connection plays the next script, a list of (wait for this text, then say that).
struct Step {
    std::string expect;
    std::string say;
};
struct Script {
    std::vector<Step> steps;
    bool close_at_end = true;
};

class Server {
public:
    Server(Executor executor, TaskGroup& group) : executor_(std::move(executor)), group_(group) {}

    Connector connector() {
        return [this] { return connect(); };
    }
    void will(Script script) { scripts_.push_back(std::move(script)); }
    std::size_t connections() const { return connections_; }
    const std::string& seen() const { return seen_; }

private:
    Async<std::unique_ptr<ByteStream>> connect() {
        if (scripts_.empty()) co_return fail(Errc::unavailable, "nobody listens");
        ++connections_;
        Script script = std::move(scripts_.front());
        scripts_.pop_front();
        auto [near, far] = make_pipe(executor_, 1 * MiB);
        group_.spawn(play(std::move(far), std::move(script)));
        co_return Result<std::unique_ptr<ByteStream>>(std::move(near));
    }

    Task<void> play(std::unique_ptr<ByteStream> stream, Script script) {
        std::string got;
        for (Step& step : script.steps) {
            while (got.find(step.expect) == std::string::npos) {
                Bytes buffer(4096);
                auto count = co_await stream->read_some(buffer);
                if (!count) co_return;
                got += as_text(BytesView(buffer.data(), *count));
                seen_ += as_text(BytesView(buffer.data(), *count));
            }
            got.erase(0, got.find(step.expect) + step.expect.size());
            (void)co_await stream->write(as_bytes(step.say));
        }
        if (script.close_at_end) co_return;
        Bytes buffer(1);
        (void)co_await stream->read_some(buffer);
    }

    Executor executor_;
    TaskGroup& group_;
    std::deque<Script> scripts_;
    std::size_t connections_ = 0;
    std::string seen_;
};

const std::string hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Runs `test(server, client)` to its end.
template <class F>
void with_server(F test, Limits limits = Limits(), std::size_t connections_max = 4) {
    struct Body {
        static Task<void> run(F test, Limits limits, std::size_t connections_max) {
            auto inner = [test, limits, connections_max](TaskGroup& group) {
                return play(group, test, limits, connections_max);
            };
            auto task = scope(16, inner);
            co_await std::move(task);
        }
        static Task<void> play(TaskGroup& group, F test, Limits limits, std::size_t connections_max) {
            Executor executor = co_await asio::this_coro::executor;
            Server server(executor, group);
            Client client(executor, "test", server.connector(), limits, connections_max);
            auto task = test(server, client);
            co_await std::move(task);
        }
    };
    run_test(Body::run(test, limits, connections_max));
}

Request get(std::string target) {
    Request request;
    request.target = std::move(target);
    return request;
}

Task<void> two_requests(Server& server, Client& client) {
    Step first{"GET /a", hello}, second{"GET /b", hello};
    Script script{{first, second}};
    server.will(script);
    auto one = co_await client.request(get("/a"));
    auto two = co_await client.request(get("/b"));
    EXPECT_TRUE(one && two);
    EXPECT_EQ(two->body, "hello");
    EXPECT_EQ(two->status, 200);
    EXPECT_EQ(*two->header("content-LENGTH"), "5");
    EXPECT_EQ(server.connections(), 1u);
}
TEST(HttpClient, SecondRequest_UsesTheSameConnection) { with_server(two_requests); }

Task<void> closed_while_idle(Server& server, Client& client) {
    Step first{"GET /a", hello}, second{"GET /b", hello};
    Script one{{first}}, two{{second}};
    server.will(one);
    server.will(two);
    EXPECT_TRUE(co_await client.request(get("/a")));
    auto answer = co_await client.request(get("/b"));
    EXPECT_TRUE(answer);
    EXPECT_EQ(server.connections(), 2u);
}
TEST(HttpClient, KeptConnectionClosedMeanwhile_IsReplacedOnce) { with_server(closed_while_idle); }

Task<void> cut_short(Server& server, Client& client) {
    Step step{"GET /a", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"};
    Script script{{step}};
    server.will(script);
    auto answer = co_await client.request(get("/a"));
    EXPECT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(Errc::closed)) << answer.error().message();
}
TEST(HttpClient, BodyCutShort_IsAnErrorAndNotAShortBody) { with_server(cut_short); }

Task<void> chunked(Server& server, Client& client) {
    Step step{"GET /a",
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: "
              "t\r\n\r\n"};
    Script script{{step}, false};
    server.will(script);
    auto answer = co_await client.request(get("/a"));
    EXPECT_TRUE(answer);
    EXPECT_EQ(answer->body, "hello");
    EXPECT_EQ(answer->header("Trailer"), nullptr);
}
TEST(HttpClient, ChunkedBodyWithTrailer_IsJoined) { with_server(chunked); }

Task<void> large_body(Server& server, Client& client) {
    Step step{"GET /a", "HTTP/1.1 200 OK\r\n\r\n" + std::string(3000, 'x')};
    Script script{{step}};
    server.will(script);
    auto answer = co_await client.request(get("/a"));
    EXPECT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(Errc::too_large)) << answer.error().message();
}
Task<void> large_headers(Server& server, Client& client) {
    Step step{"GET /a", "HTTP/1.1 200 OK\r\nX: " + std::string(3000, 'x') + "\r\n\r\n"};
    Script script{{step}};
    server.will(script);
    auto answer = co_await client.request(get("/a"));
    EXPECT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(Errc::too_large)) << answer.error().message();
}
Limits small() {
    Limits limits;
    limits.body_bytes_max = limits.header_bytes_max = 2000;
    return limits;
}
TEST(HttpClient, BodyOverTheLimit_IsRefused) { with_server(large_body, small()); }
TEST(HttpClient, HeadersOverTheLimit_AreRefused) { with_server(large_headers, small()); }

Task<void> silent(Server& server, Client& client) {
    Step step{"GET /a", ""}, never{"never", ""};
    Script script{{step, never}};
    server.will(script);
    auto answer = co_await client.request(get("/a"));
    EXPECT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(Errc::timeout)) << answer.error().message();
}
Task<void> place_given_back(Server& server, Client& client) {
    co_await silent(server, client);
    Step step{"GET /b", hello};
    Script script{{step}};
    server.will(script);
    EXPECT_TRUE(co_await client.request(get("/b")));
}
TEST(HttpClient, SilentServer_TimesOutAndGivesItsPlaceBack) {
    Limits limits;
    limits.answer_max = Millis(30);
    with_server(place_given_back, limits, 1);
}

Task<void> not_http(Server& server, Client& client) {
    Step step{"GET /a", "SSH-2.0-OpenSSH\r\n"};
    Script script{{step}};
    server.will(script);
    auto answer = co_await client.request(get("/a"));
    EXPECT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(Errc::invalid)) << answer.error().message();
}
TEST(HttpClient, SomethingElseThanHttp_IsNamed) { with_server(not_http); }

Task<void> nobody(Server&, Client& client) {
    auto answer = co_await client.request(get("/a"));
    EXPECT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(Errc::unavailable)) << answer.error().message();
}
TEST(HttpClient, NobodyListens_IsUnavailable) { with_server(nobody); }

Task<void> smuggling(Server& server, Client& client) {
    auto answer = co_await client.request(get("/a HTTP/1.1\r\nX: y\r\n\r\nGET /b"));
    EXPECT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(Errc::invalid));
    Request request;
    Header header{"X", "a\r\nY: b"};
    request.headers.push_back(header);
    auto second = co_await client.request(std::move(request));
    EXPECT_FALSE(second);
    EXPECT_EQ(server.connections(), 0u);
}
TEST(HttpClient, LineBreakInTargetOrHeader_IsNotSent) { with_server(smuggling); }

Task<void> upgrade(Server& server, Client& client) {
    Step step{"POST /attach", "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly"};
    Step echo{"ping", "pong"};
    Script script{{step, echo}};
    server.will(script);
    Request request;
    request.method = "POST";
    request.target = "/attach";
    auto answer = co_await client.open(std::move(request));
    EXPECT_TRUE(answer);
    EXPECT_EQ((*answer)->head().status, 101);
    auto raw = (*answer)->release();
    Bytes got(5);
    EXPECT_TRUE(co_await read_exactly(*raw, got));
    EXPECT_EQ(as_text(got), "early");
    EXPECT_TRUE(co_await raw->write(as_bytes("ping")));
    EXPECT_TRUE(co_await read_exactly(*raw, std::span(got).first(4)));
    EXPECT_EQ(as_text(got).substr(0, 4), "pong");
}
TEST(HttpClient, Upgrade_GivesTheRawStreamWithWhatWasReadAhead) { with_server(upgrade); }

/// Gives three pieces, then the end.
struct Pieces {
    int left = 3;
    Async<Bytes> next() {
        if (left-- <= 0) co_return Result<Bytes>(Bytes());
        co_return Result<Bytes>(to_bytes("piece"));
    }
};

Task<void> upload(Server& server, Client& client) {
    Step step{"5\r\npiece\r\n5\r\npiece\r\n5\r\npiece\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n{\"progress\"}"};
    Script script{{step}};
    server.will(script);
    auto pieces = std::make_shared<Pieces>();
    BodySource source = [pieces] { return pieces->next(); };
    Request request;
    request.method = "POST";
    auto answer = co_await client.open(std::move(request), source);
    EXPECT_TRUE(answer);
    EXPECT_NE(server.seen().find("Transfer-Encoding: chunked"), std::string::npos);
    auto piece = co_await (*answer)->read();
    EXPECT_EQ(as_text(*piece), "{\"progress\"}");
    auto end = co_await (*answer)->read();
    EXPECT_TRUE(end && end->empty());
}
TEST(HttpClient, BodyOfUnknownLength_IsSentInChunks) { with_server(upload); }

Task<void> refused_early(Server& server, Client& client) {
    Step step{"POST", "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"};
    Script script{{step}};
    server.will(script);
    auto pieces = std::make_shared<Pieces>();
    pieces->left = 1'000'000;
    BodySource source = [pieces] { return pieces->next(); };
    Request request;
    request.method = "POST";
    auto answer = co_await client.open(std::move(request), source);
    EXPECT_TRUE(answer) << answer.error().message();
    EXPECT_EQ((*answer)->head().status, 413);
    EXPECT_GT(pieces->left, 0);
}
TEST(HttpClient, ServerRefusesInTheMiddleOfAnUpload_ItsAnswerIsRead) { with_server(refused_early); }

Task<void> too_many_streams(Server& server, Client& client) {
    Step step{"GET", "HTTP/1.1 200 OK\r\n\r\n"}, never{"never", ""};
    Script script{{step, never}};
    for (int i = 0; i < 3; ++i) server.will(script);
    auto one = co_await client.open(get("/1"));
    auto two = co_await client.open(get("/2"));
    EXPECT_TRUE(one && two);
    auto three = co_await client.open(get("/3"));
    EXPECT_FALSE(three);
    EXPECT_TRUE(three.error().is(Errc::busy));
    one->reset();
    EXPECT_TRUE(co_await client.open(get("/4")));
}
TEST(HttpClient, TooManyOpenAnswers_NewestIsRefusedUntilOneEnds) {
    Limits limits;
    limits.streams_max = 2;
    with_server(too_many_streams, limits);
}

TEST(UrlEncode, SpecialBytes_AreEscaped) { EXPECT_EQ(url_encode("a b/ä{}"), "a%20b%2F%C3%A4%7B%7D"); }

}  // namespace
}  // namespace sonm::http
