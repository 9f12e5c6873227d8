#include "sonm/web/client.hpp"
#include "support/http_peer.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace sonm::web {
namespace {

using test::write_answer;
using namespace std::chrono_literals;

Options open_options() {
    Options options;
    options.guard = AddressGuard::open();
    return options;
}

/// Gives the pieces one after the other, then the end.
BodySource pieces_of(std::vector<std::string> pieces) {
    auto left = std::make_shared<std::deque<std::string>>(pieces.begin(), pieces.end());
    return [left]() -> Async<Bytes> {
        Bytes out;
        if (!left->empty()) {
            out = to_bytes(left->front());
            left->pop_front();
        }
        co_return out;
    };
}

/// A server that answers a head at once, whatever body follows. What each of its connections said is kept.
struct HastyPeer {
    explicit HastyPeer(const Executor& executor)
        : listener(std::move(*listen_tcp(executor, "127.0.0.1", 0))) {}
    Task<void> serve(std::unique_ptr<ByteStream> stream, std::string& said) {
        Bytes buffer(64 * KiB);
        while (true) {
            auto count = co_await stream->read_some(buffer);
            if (!count) co_return;
            std::string_view text = as_text(BytesView(buffer).first(*count));
            said += text;
            if (silent || text.find("\r\n\r\n") == text.npos) continue;
            auto wrote = co_await write_answer(*stream, status, body);
            if (!wrote) co_return;
        }
    }
    Task<void> run() {
        auto body = [this](TaskGroup& group) -> Task<void> {
            while (true) {
                auto stream = co_await listener->accept();
                if (!stream) co_return;
                if (deaf)
                    unread.push_back(std::move(*stream));
                else
                    group.spawn(serve(std::move(*stream), connections.emplace_back()));
            }
        };
        auto all = scope(16, std::move(body));
        co_await std::move(all);
    }
    Request upload() const {
        Request request;
        request.method = "PUT";
        request.url = "http://" + listener->address() + "/";
        return request;
    }
    std::unique_ptr<Listener> listener;
    std::deque<std::string> connections;
    std::vector<std::unique_ptr<ByteStream>> unread;
    bool silent = false, deaf = false;
    int status = 200;
    std::string body;
};

Task<void> check_length() {
    Executor executor = co_await asio::this_coro::executor;
    Client client(executor, open_options());
    HastyPeer hasty(executor);
    auto work = [&](TaskGroup& group) -> Task<void> {
        group.spawn(hasty.run());
        std::vector<std::vector<std::string>> bodies{{},
                                                     {"abc"},
                                                     {"ab", "cd"},
                                                     {"abcdeGET /more HTTP/1.1\r\nhost: x\r\n\r\n"},
                                                     {"abc", "defg"},
                                                     {"abcde", "f"}};
        for (auto& body : bodies) {
            auto opening = client.open(hasty.upload(), pieces_of(body), 5);
            auto opened = co_await std::move(opening);
            EXPECT_TRUE(!opened && opened.error().is(Errc::invalid)) << body.size();
            Request next = hasty.upload();
            next.method = "GET";
            auto asking = client.request(std::move(next));
            EXPECT_TRUE(co_await std::move(asking));
        }
        for (const std::string& said : hasty.connections) {
            EXPECT_EQ(said.find("/more"), said.npos) << said;
            auto put = said.find("PUT /");
            if (put != said.npos) EXPECT_EQ(said.find("GET /", put), said.npos) << said;
        }
        auto opening = client.open(hasty.upload(), pieces_of({"ab", "cde"}), 5);
        EXPECT_TRUE(co_await std::move(opening));
    };
    auto all = scope(4, std::move(work));
    co_await std::move(all);
}
TEST(WebUpload, a_body_in_pieces_of_another_length_than_was_said_is_refused_and_takes_its_connection_along) {
    run_test(check_length());
}

Task<void> check_deadlines() {
    Executor executor = co_await asio::this_coro::executor;
    Options options = open_options();
    options.limits.answer_max = Millis(300);
    options.limits.idle_max = Millis(300);
    options.limits.transfers_max = 1;
    Client client(executor, options);
    HastyPeer hasty(executor), silent(executor), deaf(executor);
    silent.silent = deaf.deaf = true;
    auto work = [&](TaskGroup& group) -> Task<void> {
        group.spawn(hasty.run());
        group.spawn(silent.run());
        group.spawn(deaf.run());
        auto timely = [](Async<std::unique_ptr<Body>> opening) -> Task<void> {
            auto begun = std::chrono::steady_clock::now();
            auto opened = co_await within(10s, std::move(opening));
            EXPECT_TRUE(!opened && opened.error().is(Errc::timeout));
            EXPECT_LT(std::chrono::steady_clock::now() - begun, 9s);
        };
        auto unanswered = timely(client.open(silent.upload(), pieces_of({"all"}), 3));
        co_await std::move(unanswered);
        BodySource endless = []() -> Async<Bytes> { co_return Bytes(256 * KiB, 'e'); };
        auto unread = timely(client.open(deaf.upload(), endless));
        co_await std::move(unread);
        EXPECT_EQ(client.transfers(), 0u);
        auto first = client.open(hasty.upload());
        auto held = co_await std::move(first);
        auto turn = timely(client.open(hasty.upload(), pieces_of({"all"}), 3));
        co_await std::move(turn);
    };
    auto all = scope(4, std::move(work));
    co_await std::move(all);
}
TEST(WebUpload, a_body_in_pieces_waits_neither_for_its_turn_nor_for_its_server_for_ever) {
    run_test(check_deadlines());
}

Task<void> check_refused() {
    Executor executor = co_await asio::this_coro::executor;
    Options options = open_options();
    options.limits.idle_max = Millis(2'000);
    Client client(executor, options);
    HastyPeer hasty(executor);
    hasty.status = 413;
    hasty.body = std::string(1 * MiB, 'w');
    auto work = [&](TaskGroup& group) -> Task<void> {
        group.spawn(hasty.run());
        BodySource endless = []() -> Async<Bytes> { co_return Bytes(256 * KiB, 'e'); };
        auto opening = client.open(hasty.upload(), endless);
        auto opened = co_await std::move(opening);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().message());
        if (!opened) co_return;
        EXPECT_EQ((*opened)->head().status, 413);
        std::size_t bytes = 0;
        while (true) {
            auto reading = (*opened)->read();
            auto piece = co_await std::move(reading);
            EXPECT_TRUE(piece) << (piece ? "" : piece.error().message());
            if (!piece || piece->empty()) break;
            bytes += piece->size();
        }
        EXPECT_EQ(bytes, hasty.body.size());
    };
    auto all = scope(4, std::move(work));
    co_await std::move(all);
}
TEST(WebUpload, a_refusal_before_the_end_of_the_body_is_the_answer_however_long_it_is) {
    run_test(check_refused());
}

}  // namespace
}  // namespace sonm::web
