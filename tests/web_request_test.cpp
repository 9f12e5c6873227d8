#include "sonm/web/client.hpp"
#include "support/http_peer.hpp"
#include "support/server_process.hpp"

#include <gtest/gtest.h>

namespace sonm::web {
namespace {

using test::HttpPeer;
using test::PeerRequest;
using test::write_answer;
using namespace std::chrono_literals;

Options open_options() {
    Options options;
    options.guard = AddressGuard::open();
    options.limits.answer_max = Millis(5'000);
    return options;
}

/// The server of most tests: what it answers is named by the path.
Async<void> answer(PeerRequest request, ByteStream& stream) {
    const std::string& target = request.target;
    if (target == "/hello") return write_answer(stream, 200, "hello", "x-kind: greeting\r\n");
    if (target == "/echo") return write_answer(stream, 201, request.method + " " + request.body);
    if (target == "/loop") return write_answer(stream, 302, "going round", "location: /loop\r\n");
    if (target == "/twice") return write_answer(stream, 302, "one more", "location: /once\r\n");
    if (target == "/once") return write_answer(stream, 307, "go on", "location: /echo\r\n");
    if (target == "/file") return write_answer(stream, 302, "", "location: file:///etc/passwd\r\n");
    if (target == "/inside") return write_answer(stream, 302, "", "location: http://127.0.0.2:1/\r\n");
    if (target == "/unchanged") return write_answer(stream, 304, "", "location: /hello\r\n");
    if (target == "/nowhere") return write_answer(stream, 302, "nowhere", "location:\r\n");
    if (target == "/big") return write_answer(stream, 200, std::string(3 * MiB, 'b'));
    if (target == "/many")
        return write_answer(stream, 200, "", "x-fill: " + std::string(80 * KiB, 'h') + "\r\n");
    if (target == "/silent") {
        auto quiet = [](ByteStream&) -> Async<void> {
            co_await sleep_for(60s);
            co_return Result<void>();
        };
        return quiet(stream);
    }
    if (target == "/cut") {
        auto cut = [](ByteStream& out) -> Async<void> {
            auto writing = out.write(as_bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes."));
            SONM_CO_CHECK(co_await std::move(writing));
            co_return fail(Errc::closed, "as the test wants");
        };
        return cut(stream);
    }
    return write_answer(stream, 404, "no " + target);
}

/// Runs `body(peer, client)` beside the server.
template <class F>
void with_peer(F body, Options options = open_options(), test::PeerAnswer answers = answer) {
    auto main = [](F inside, Options given, test::PeerAnswer what) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        HttpPeer peer(executor, std::move(what));
        auto work = [&](TaskGroup& group) -> Task<void> {
            group.spawn(peer.run());
            Client client(executor, given);
            auto running = inside(peer, client);
            co_await std::move(running);
        };
        auto all = scope(4, std::move(work));
        co_await std::move(all);
    };
    run_test(main(std::move(body), std::move(options), std::move(answers)));
}

Request to(const HttpPeer& peer, const std::string& path, std::string method = "GET", std::string body = {}) {
    Request request;
    request.method = std::move(method);
    request.url = peer.url() + path;
    request.body = std::move(body);
    return request;
}

Task<void> check_answers(HttpPeer& peer, Client& client) {
    auto hello = co_await client.request(to(peer, "/hello"));
    EXPECT_TRUE(hello) << (hello ? "" : hello.error().message());
    if (!hello) co_return;
    EXPECT_EQ(hello->status, 200);
    EXPECT_EQ(hello->body, "hello");
    EXPECT_EQ(*hello->header("X-Kind"), "greeting");
    EXPECT_EQ(hello->url, peer.url() + "/hello");
    auto missing = co_await client.request(to(peer, "/nothing"));
    EXPECT_EQ(missing->status, 404);
    for (std::string method : {"POST", "PUT", "PATCH", "DELETE", "REPORT"}) {
        auto echoed = co_await client.request(to(peer, "/echo", method, "body of " + method));
        EXPECT_EQ(echoed->body, method + " body of " + method);
        EXPECT_FALSE(peer.seen.back().headers.contains("content-type"));
    }
    auto head = co_await client.request(to(peer, "/nothing", "HEAD"));
    EXPECT_EQ(head.value().status, 404);
}
TEST(WebRequest, every_method_and_any_status_is_answered_whole) { with_peer(check_answers); }

Task<void> check_redirects(HttpPeer& peer, Client& client) {
    auto plain = co_await client.request(to(peer, "/twice"));
    EXPECT_EQ(plain->status, 302);
    Request request = to(peer, "/twice", "PUT", "kept");
    request.redirects_max = 2;
    auto followed = co_await client.request(request);
    EXPECT_EQ(followed->body, "PUT kept");
    EXPECT_EQ(followed->url, peer.url() + "/echo");
    request.redirects_max = 1;
    auto over = co_await client.request(request);
    EXPECT_TRUE(over.error().is(Errc::too_large)) << over.error().message();
    request = to(peer, "/loop");
    request.redirects_max = 20;
    EXPECT_TRUE((co_await client.request(request)).error().is(Errc::too_large));
    request = to(peer, "/file");
    request.redirects_max = 5;
    auto file = co_await client.request(request);
    EXPECT_TRUE(file.error().is(Errc::invalid)) << file.error().message();
}
TEST(WebRequest, redirects_are_followed_up_to_the_limit_and_to_http_only) { with_peer(check_redirects); }

Task<void> check_no_redirects(HttpPeer& peer, Client& client) {
    for (auto [path, status] : {std::pair("/unchanged", 304), std::pair("/nowhere", 302)}) {
        Request request = to(peer, path);
        request.redirects_max = 3;
        auto got = co_await client.request(request);
        EXPECT_TRUE(got) << path << (got ? "" : got.error().message());
        if (!got) continue;
        EXPECT_EQ(got->status, status);
        EXPECT_EQ(got->body, status == 304 ? "" : "nowhere");
        EXPECT_EQ(got->url, peer.url() + path);
    }
    EXPECT_EQ(peer.seen.size(), 2u);
}
TEST(WebRequest, not_modified_and_a_location_without_value_lead_nowhere) { with_peer(check_no_redirects); }

Task<void> check_guard(HttpPeer& peer, Client& client) {
    auto direct = co_await client.request(to(peer, "/hello"));
    EXPECT_TRUE(direct.error().is(Errc::denied)) << direct.error().message();
    for (std::string host : {"localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0"}) {
        Request request;
        request.url = "http://" + host + peer.url().substr(peer.url().rfind(':')) + "/hello";
        auto refused = co_await client.request(request);
        EXPECT_FALSE(refused) << host;
        if (!refused) EXPECT_TRUE(refused.error().is(Errc::denied)) << host << refused.error().message();
    }
    EXPECT_TRUE(peer.seen.empty());
}
TEST(WebRequest, addresses_that_are_not_public_are_refused_however_they_are_written) {
    with_peer(check_guard, Options());
}

Task<void> check_redirect_guard(HttpPeer& peer, Client& client) {
    Request request = to(peer, "/inside");
    request.redirects_max = 3;
    auto refused = co_await client.request(request);
    EXPECT_TRUE(refused.error().is(Errc::denied)) << refused.error().message();
    EXPECT_EQ(peer.seen.size(), 1u);
}
TEST(WebRequest, a_redirect_to_a_forbidden_address_is_refused) {
    Options options;
    options.guard = AddressGuard({*parse_network("127.0.0.1")});
    with_peer(check_redirect_guard, options);
}

Task<void> check_limits(HttpPeer& peer, Client& client) {
    Request big = to(peer, "/big");
    big.body_bytes_max = 1 * MiB;
    EXPECT_TRUE((co_await client.request(big)).error().is(Errc::too_large));
    EXPECT_TRUE((co_await client.request(to(peer, "/many"))).error().is(Errc::too_large));
    EXPECT_TRUE((co_await client.request(to(peer, "/cut"))).error().is(Errc::closed));
    Request slow = to(peer, "/silent");
    slow.answer_max = Millis(100);
    EXPECT_TRUE((co_await client.request(slow)).error().is(Errc::timeout));
    Request bad = to(peer, "/hello");
    bad.headers.push_back(Header{"x-evil", "a\r\nx-more: b"});
    EXPECT_TRUE((co_await client.request(bad)).error().is(Errc::invalid));
    for (std::string url : {"ftp://example.org/", "file:///etc/passwd", "http://a b/", "http:///",
                            "http://user:pw@127.0.0.1/", "gopher:x"}) {
        Request wrong;
        wrong.url = url;
        auto refused = co_await client.request(wrong);
        EXPECT_FALSE(refused) << url;
        if (!refused)
            EXPECT_TRUE(refused.error().is(Errc::invalid)) << url << ": " << refused.error().message();
    }
    Request nobody;
    nobody.url = fmt::format("http://127.0.0.1:{}/", test::free_port());
    EXPECT_TRUE((co_await client.request(nobody)).error().is(Errc::unavailable));
    EXPECT_EQ(client.transfers(), 0u);
}
TEST(WebRequest, each_limit_gives_its_own_error_and_leaves_nothing_behind) { with_peer(check_limits); }

Task<void> check_stream(HttpPeer& peer, Client& client) {
    auto opened = co_await client.open(to(peer, "/big"));
    EXPECT_TRUE(opened);
    if (!opened) co_return;
    EXPECT_EQ((*opened)->head().status, 200);
    co_await sleep_for(100ms);
    std::size_t total = 0, largest = 0;
    while (true) {
        auto piece = co_await (*opened)->read();
        EXPECT_TRUE(piece);
        if (!piece || piece->empty()) break;
        largest = std::max(largest, piece->size());
        total += piece->size();
    }
    EXPECT_EQ(total, 3 * MiB);
    EXPECT_LE(largest, 160 * KiB);
    opened->reset();
    // One that is given up in the middle takes its connection with it.
    auto dropped = co_await client.open(to(peer, "/big"));
    EXPECT_TRUE(dropped);
    dropped->reset();
    EXPECT_EQ(client.transfers(), 0u);
    auto after = co_await client.request(to(peer, "/hello"));
    EXPECT_EQ(after->body, "hello");
}
TEST(WebRequest, a_body_read_in_pieces_waits_for_its_reader) { with_peer(check_stream); }

Task<void> check_held_back(HttpPeer& peer, Client& client) {
    // The window is full below the limit; what curl holds back crosses it.
    Request request = to(peer, "/big");
    request.body_bytes_max = 152 * KiB;
    auto opened = co_await client.open(request);
    EXPECT_TRUE(opened);
    if (!opened) co_return;
    co_await sleep_for(300ms);  // no timer of the connection's beginning is left that would wake curl
    auto piece = co_await (*opened)->read();
    while (piece) piece = co_await (*opened)->read();
    EXPECT_TRUE(piece.error().is(Errc::too_large)) << piece.error().message();
}
TEST(WebRequest, a_limit_crossed_by_what_waited_for_the_reader_is_told_at_once) {
    Options options = open_options();
    options.limits.idle_max = Millis(2'000);
    with_peer(check_held_back, options);
}

Task<void> check_upload(HttpPeer& peer, Client& client) {
    for (bool known : {true, false}) {
        auto left = std::make_shared<int>(20);
        BodySource source = [left]() -> Async<Bytes> {
            co_await sleep_for(1ms);
            if ((*left)-- == 0) co_return Bytes();
            co_return Bytes(50'000, 'u');
        };
        std::optional<std::uint64_t> size;
        if (known) size = 1'000'000;
        auto uploading = client.open(to(peer, "/echo", "PUT"), std::move(source), size);
        auto opened = co_await std::move(uploading);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().message());
        if (!opened) co_return;
        EXPECT_EQ((*opened)->head().status, 201);
        EXPECT_EQ(peer.seen.back().body.size(), 1'000'000u);
        EXPECT_EQ(peer.seen.back().headers.contains("content-length"), known);
    }
}
TEST(WebRequest, a_body_sent_in_pieces_arrives_whole_with_or_without_a_known_length) {
    with_peer(check_upload);
}

Task<void> check_many(HttpPeer& peer, Client& client) {
    int good = 0;
    auto work = [&](TaskGroup& group) -> Task<void> {
        auto one = [](HttpPeer& p, Client& c, int& count) -> Task<void> {
            auto answer = co_await c.request(to(p, "/hello"));
            if (answer && answer->body == "hello") ++count;
        };
        for (int i = 0; i < 200; ++i) EXPECT_TRUE(group.spawn(one(peer, client, good)));
        co_await group.join();
    };
    auto all = scope(200, std::move(work));
    co_await std::move(all);
    EXPECT_EQ(good, 200);
}
TEST(WebRequest, more_requests_than_places_wait_for_their_turn) {
    Options options = open_options();
    options.limits.transfers_max = 8;
    with_peer(check_many, options);
}

Task<void> check_turn_given_up(HttpPeer& peer, Client& client) {
    Executor executor = co_await asio::this_coro::executor;
    // So many turns of the event loop lie between the place that becomes free and the caller who leaves.
    for (int turns = 0; turns < 12; ++turns) {
        auto opening = client.open(to(peer, "/hello"));
        auto taken = co_await std::move(opening);
        EXPECT_TRUE(taken) << turns;
        if (!taken) co_return;
        auto work = [&](TaskGroup& group) -> Task<void> {
            auto wait = [](HttpPeer& p, Client& c) -> Task<void> {
                (void)co_await c.request(to(p, "/hello"));
            };
            group.spawn(wait(peer, client));
            co_await sleep_for(5ms);
            taken->reset();
            for (int i = 0; i < turns; ++i) co_await asio::post(executor, asio::use_awaitable);
            group.cancel();
            co_await group.join();
        };
        auto all = scope(1, std::move(work));
        co_await std::move(all);
        EXPECT_EQ(client.transfers(), 0u);
    }
}
TEST(WebRequest, whoever_leaves_when_its_turn_comes_takes_no_place_along) {
    Options options = open_options();
    options.limits.transfers_max = 1;
    options.limits.answer_max = Millis(2'000);
    with_peer(check_turn_given_up, options);
}

TEST(WebRequest, a_certificate_is_checked_against_the_authorities) {
    TempDir folder;
    std::string key = (folder / "key.pem").string(), certificate = (folder / "cert.pem").string();
    std::string make = fmt::format(
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost "
        "-days 2 -keyout {} -out {} 2>/dev/null",
        key, certificate);
    if (std::system(make.c_str()) != 0) GTEST_SKIP() << "no openssl program to make a certificate with";
    std::uint16_t port = test::free_port();
    auto server =
        test::ServerProcess::start({"openssl", "s_server", "-accept", fmt::format("127.0.0.1:{}", port),
                                    "-key", key, "-cert", certificate, "-www"},
                                   port);
    ASSERT_TRUE(server) << server.error().message();
    auto ask = [&](Options options, std::string host) {
        auto main = [](Options given, std::string url) -> Async<Response> {
            Client client(co_await asio::this_coro::executor, std::move(given));
            Request request;
            request.url = std::move(url);
            auto asking = client.request(std::move(request));
            co_return co_await std::move(asking);
        };
        return run_test(main(std::move(options), fmt::format("https://{}:{}/", host, port)));
    };
    Options options = open_options();
    EXPECT_TRUE(ask(options, "localhost").error().is(Errc::denied));
    options.ca_file = certificate;
    auto good = ask(options, "localhost");
    ASSERT_TRUE(good) << good.error().message();
    EXPECT_EQ(good->status, 200);
    EXPECT_TRUE(ask(options, "127.0.0.1").error().is(Errc::denied)) << "another name";
}

}  // namespace
}  // namespace sonm::web
