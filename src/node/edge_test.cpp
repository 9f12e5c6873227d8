#include "sonm/node/edge.hpp"

#include "sonm/node/testing.hpp"

namespace sonm::node {
namespace {

using testing::NodeTest;

/// Sends `text` to the node's HTTP side over a pipe and stops the node; what came back.
Task<void> ask(Node& node, std::string text, std::string& got) {
    Executor executor = co_await asio::this_coro::executor;
    http::Server server(executor, make_edge(node));
    auto [near, far] = make_pipe(executor, 1 * MiB);
    auto body = [&, client = std::move(near),
                 other = std::move(far)](TaskGroup& group) mutable -> Task<void> {
        group.spawn(server.serve(std::move(other)));
        (void)co_await client->write(as_bytes(text));
        client->shutdown_write();
        Bytes buffer(4096);
        while (true) {
            auto count = co_await client->read_some(buffer);
            if (!count) break;
            got += as_text(BytesView(buffer.data(), *count));
        }
    };
    auto talking = scope(4, std::move(body));
    co_await std::move(talking);
    node.stop();
}

class EdgeTest : public NodeTest {
protected:
    EdgeTest() { write("services:\n  - {name: a, type: echo}\n"); }
    std::string answer(std::string text) {
        std::string got;
        auto done = serve([&](Node& node) { return ask(node, text, got); });
        EXPECT_TRUE(done) << done.error().message();
        return got;
    }
    std::string get(std::string_view path) {
        return answer(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path));
    }
    std::string post(std::string_view path, std::string_view body,
                     std::string_view type = "application/json") {
        return answer(
            fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\n"
                        "Content-Length: {}\r\n\r\n{}",
                        path, type, body.size(), body));
    }
    std::string post_lines(std::string_view path, std::string_view body) {
        return post(path, body, "application/x-ndjson");
    }
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(EdgeTest, health_of_a_serving_node__is_good_in_every_detail) {
    std::string got = get("/readyz");
    EXPECT_HAS(got, "HTTP/1.1 200 OK");
    EXPECT_HAS(got, "\"status\": \"ok\"");
    EXPECT_HAS(got, "\"protocol\": \"echo\"");
}

TEST_F(EdgeTest, health_with_a_failed_service__is_bad_and_says_why) {
    diary.breaks = "a";
    write("services:\n  - {name: a, type: echo}\n  - {name: b, type: echo}\n");
    std::string got = get("/healthz");
    EXPECT_HAS(got, "HTTP/1.1 503 ");
    EXPECT_HAS(got, "the index is gone");
}

TEST_F(EdgeTest, metrics__are_what_prometheus_reads) {
    std::string got = get("/metrics");
    EXPECT_HAS(got, "Content-Type: text/plain; version=0.0.4");
    EXPECT_HAS(got, "\nsonm_node_ready 1\n");
}

TEST_F(EdgeTest, a_call__takes_arguments_by_name_or_by_place_and_gives_the_value) {
    EXPECT_HAS(post("/v1/a/say", "{\"text\": \"you\"}"), "\r\n\r\n\"hello you\"\n");
    EXPECT_HAS(post("/v1/a/say", "[\"you\"]"), "\r\n\r\n\"hello you\"\n");
}

TEST_F(EdgeTest, a_stream__is_a_line_an_item_and_is_cut_short_when_it_fails) {
    std::string got = post("/v1/a/count", "[3]");
    EXPECT_HAS(got, "application/x-ndjson");
    EXPECT_HAS(got, "2\r\n0\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n0\r\n\r\n");
    got = post("/v1/a/count", "[20]");
    EXPECT_HAS(got, "12\n\r\n");
    EXPECT_EQ(got.find("0\r\n\r\n"), std::string::npos) << got;
}

TEST_F(EdgeTest, a_dialog__answers_like_a_call_or_like_a_stream) {
    EXPECT_HAS(post("/v1/a/look", "[\"x\"]"), "\r\n\r\n\"seen x\"\n");
    std::string none = post("/v1/a/look", "[\"\"]");
    EXPECT_HAS(none, "HTTP/1.1 404 ");
    EXPECT_HAS(none, "there is nothing to see");
    EXPECT_HAS(post("/v1/a/watch", ""), "2\r\n1\n\r\n2\r\n2\n\r\n0\r\n\r\n");
}

TEST_F(EdgeTest, lines_behind_the_arguments__are_what_the_caller_sends) {
    EXPECT_HAS(post_lines("/v1/a/chat", "[\"you\"]\n\"one\"\n\n\"two\"\n"),
               "b\r\n\"you: one\"\n\r\nb\r\n\"you: two\"\n\r\n0\r\n\r\n");
    EXPECT_HAS(post("/v1/a/chat", "[\"you\"]"), "\r\n\r\n0\r\n\r\n");
    EXPECT_HAS(post_lines("/v1/a/add", "[]\n1\n2\n3"), "\r\n\r\n6\n");
    EXPECT_HAS(post_lines("/v1/a/say", "[\"you\"]\n"), "\r\n\r\n\"hello you\"\n");
}

TEST_F(EdgeTest, wrong_lines__are_named_with_their_place) {
    std::string got = post_lines("/v1/a/add", "[]\n1\n\"two\"\n");
    EXPECT_HAS(got, "HTTP/1.1 400 ");
    EXPECT_HAS(got, "item 2: ");
    EXPECT_HAS(post_lines("/v1/a/add", "[]\n1\n{\n"), "line 3: ");
    EXPECT_HAS(post_lines("/v1/a/say", "[\"you\"]\n1\n"), "takes nothing behind its arguments");
}

TEST_F(EdgeTest, a_wrong_call__says_what_is_wrong) {
    std::string got = post("/v1/b/say", "[]");
    EXPECT_HAS(got, "HTTP/1.1 404 ");
    EXPECT_HAS(got, "'b' is not served here");
    EXPECT_HAS(post("/v1/a/shout", "[]"), "HTTP/1.1 404 ");
    EXPECT_HAS(post("/v1/a/say", "{\"text\": 5}"), "HTTP/1.1 400 ");
    EXPECT_HAS(post("/v1/a/say", "{\"text\":"), "HTTP/1.1 400 ");
    EXPECT_HAS(post("/v1/a", "[]"), "HTTP/1.1 400 ");
    EXPECT_HAS(post("/v1/a/say/x", "[]"), "HTTP/1.1 400 ");
}

}  // namespace
}  // namespace sonm::node
