#include "sonm/chain/rpc.hpp"

#include "sonm/base/units.hpp"

#include <gtest/gtest.h>

namespace sonm::chain {
namespace {

/// A node that answers each request body by a script, over pipes.
struct ScriptedNode {
    std::function<std::string(const std::string& body)> answer;
    int status = 200;
    int refused_connections = 0;
    int requests = 0;
    TaskGroup* group = nullptr;

    /// Reads one request after the other; a pipe that ends ends it.
    static Task<void> serve(ScriptedNode& self, std::unique_ptr<ByteStream> stream) {
        std::string input;
        while (true) {
            std::size_t head = input.find("\r\n\r\n");
            std::size_t length = 0;
            if (std::size_t at = input.find("Content-Length: "); at != std::string::npos) {
                std::size_t from = at + 16, to = input.find('\r', from);
                length = parse_int<std::size_t>(std::string_view(input).substr(from, to - from)).value_or(0);
            }
            if (head != std::string::npos && input.size() >= head + 4 + length) {
                ++self.requests;
                std::string body = self.answer(input.substr(head + 4, length));
                input.erase(0, head + 4 + length);
                std::string reply = fmt::format("HTTP/1.1 {} x\r\nContent-Length: {}\r\n\r\n{}", self.status,
                                                body.size(), body);
                auto writing = stream->write(as_bytes(reply));
                if (!co_await std::move(writing)) co_return;
                continue;
            }
            std::array<std::uint8_t, 4096> piece;
            auto reading = stream->read_some(piece);
            auto got = co_await std::move(reading);
            if (!got) co_return;
            input += as_text(BytesView(piece).first(*got));
        }
    }
    static Async<std::unique_ptr<ByteStream>> connect(ScriptedNode& self) {
        if (self.refused_connections > 0) {
            --self.refused_connections;
            co_return fail(Errc::unavailable, "refused");
        }
        Executor executor = co_await asio::this_coro::executor;
        auto [ours, theirs] = make_pipe(executor, 1 * MiB);
        self.group->spawn(serve(self, std::move(theirs)));
        co_return std::move(ours);
    }
};

using Body = std::function<Task<void>(JsonRpc&)>;

void with_node(ScriptedNode& script, Body body, std::size_t answer_bytes_max = 64 * KiB) {
    auto running = [](ScriptedNode& script, Body body, std::size_t answer_bytes_max) -> Task<void> {
        auto inside = [&](TaskGroup& group) -> Task<void> {
            script.group = &group;
            Executor executor = co_await asio::this_coro::executor;
            RpcConfig config;
            config.pause_first = Millis(1);
            http::Limits limits;
            limits.body_bytes_max = answer_bytes_max;
            auto connector = [&script] { return ScriptedNode::connect(script); };
            auto client = std::make_unique<http::Client>(executor, "node", connector, limits);
            JsonRpc rpc(config, std::move(client), "/");
            auto doing = body(rpc);
            co_await std::move(doing);
        };
        auto work = scope(8, inside);
        co_await std::move(work);
    };
    run_test(running(script, std::move(body), answer_bytes_max));
}

/// One answer to whatever the one request was.
std::string one(std::string_view result) {
    return fmt::format(R"({{"jsonrpc":"2.0","id":1,"result":{}}})", result);
}
std::string refusal(int code, std::string_view message, std::string_view data = "null") {
    return fmt::format(R"({{"jsonrpc":"2.0","id":1,"error":{{"code":{},"message":"{}","data":{}}}}})", code,
                       message, data);
}

TEST(JsonRpc, a_batch_answered_in_another_order_is_sorted_by_id) {
    ScriptedNode script;
    auto header = [](int id, std::string_view number) {
        std::string hash = "0x" + std::string(62, '0') + "0" + std::string(number.substr(2));
        return fmt::format(
            R"({{"id":{},"result":{{"number":"{}","hash":"{}","parentHash":"{}","timestamp":"0x5","gasLimit":"0x1"}}}})",
            id, number, hash, hash);
    };
    script.answer = [&](const std::string&) {
        return fmt::format("[{},{}]", header(2, "0x7"), header(1, "0x6"));
    };
    with_node(script, [](JsonRpc& rpc) -> Task<void> {
        std::vector<std::uint64_t> wanted{6, 7};
        auto asking = rpc.headers(wanted);
        auto headers = co_await std::move(asking);
        EXPECT_TRUE(headers) << headers.error().message();
        EXPECT_EQ(headers->at(0)->number, 6u);
        EXPECT_EQ(headers->at(1)->number, 7u);
    });
}

TEST(JsonRpc, a_failed_connection_is_tried_again_for_questions_but_not_for_transactions) {
    ScriptedNode script;
    script.answer = [](const std::string& body) {
        std::size_t at = body.find("\"id\":") + 5;
        return fmt::format(R"({{"id":{},"result":"0x10"}})", body.substr(at, body.find(',', at) - at));
    };
    script.refused_connections = 3;
    with_node(script, [&](JsonRpc& rpc) -> Task<void> {
        auto number = co_await rpc.block_number();
        EXPECT_TRUE(number) << number.error().message();
        EXPECT_EQ(number.value_or(0), 16u);
    });
    script.refused_connections = 1;
    with_node(script, [&](JsonRpc& rpc) -> Task<void> {
        Bytes txn{1};
        auto sending = rpc.send_raw(txn);
        auto sent = co_await std::move(sending);
        EXPECT_TRUE(sent.error().is(ChainErrc::unreachable));
    });
}

TEST(JsonRpc, an_overloaded_server_is_unreachable_after_all_attempts_and_another_status_at_once) {
    ScriptedNode script;
    script.answer = [](const std::string&) { return std::string("<html>busy</html>"); };
    script.status = 503;
    with_node(script, [&](JsonRpc& rpc) -> Task<void> {
        auto number = co_await rpc.block_number();
        EXPECT_TRUE(number.error().is(ChainErrc::unreachable)) << number.error().message();
        EXPECT_EQ(script.requests, 4);
    });
    script.status = 404;
    script.requests = 0;
    with_node(script, [&](JsonRpc& rpc) -> Task<void> {
        auto number = co_await rpc.block_number();
        EXPECT_TRUE(number.error().is(ChainErrc::bad_answer));
        EXPECT_EQ(script.requests, 1);
    });
}

TEST(JsonRpc, a_revert_is_an_outcome_with_its_data) {
    ScriptedNode script;
    script.answer = [](const std::string&) { return refusal(3, "execution reverted", "\"0xabcd\""); };
    with_node(script, [](JsonRpc& rpc) -> Task<void> {
        CallRequest request;
        BlockRef latest = BlockTag::latest;
        auto asking = rpc.call(request, latest);
        auto outcome = co_await std::move(asking);
        EXPECT_TRUE(outcome && outcome->reverted);
        EXPECT_EQ(to_hex(outcome->data), "abcd");
    });
}

TEST(JsonRpc, what_nodes_say_about_transactions_is_told_apart) {
    struct Case {
        const char* words;
        ChainErrc meaning;
    };
    for (Case c : {Case{"Nonce too low: next nonce 5", ChainErrc::nonce_too_low},
                   Case{"already known", ChainErrc::already_known},
                   Case{"transaction already imported", ChainErrc::already_known},
                   Case{"replacement transaction underpriced", ChainErrc::fee_too_low},
                   Case{"max fee per gas less than block base fee", ChainErrc::fee_too_low},
                   Case{"Insufficient funds for gas * price + value", ChainErrc::no_funds},
                   Case{"something else", ChainErrc::node_error}}) {
        ScriptedNode script;
        script.answer = [&](const std::string&) { return refusal(-32003, c.words); };
        with_node(script, [&](JsonRpc& rpc) -> Task<void> {
            Bytes txn{1};
            auto sending = rpc.send_raw(txn);
            auto sent = co_await std::move(sending);
            EXPECT_TRUE(sent.error().is(c.meaning)) << sent.error().message();
        });
    }
}

TEST(JsonRpc, logs_that_are_too_many_are_told_apart_however_the_node_says_so) {
    for (const std::string& answer :
         {refusal(-32005, "sorry"), refusal(-32602, "query returned more than 10000 results"),
          one("[\"" + std::string(100'000, 'a') + "\"]")}) {
        ScriptedNode script;
        script.answer = [&](const std::string&) { return answer; };
        with_node(script, [](JsonRpc& rpc) -> Task<void> {
            LogFilter filter;
            auto asking = rpc.logs(filter);
            auto logs = co_await std::move(asking);
            EXPECT_TRUE(logs.error().is(ChainErrc::too_many_results)) << logs.error().message();
        });
    }
}

TEST(JsonRpc, answers_that_make_no_sense_are_errors) {
    for (const std::string& answer :
         {std::string("not json"), std::string("{}"), std::string("[]"), one("7"), one("\"12\""),
          one("\"0x\""), one("\"0x" + std::string(80, 'f') + "\""), std::string(R"({"id":9,"result":"0x1"})"),
          std::string(R"([{"id":1,"result":"0x1"},{"id":1,"result":"0x2"}])")}) {
        ScriptedNode script;
        script.answer = [&](const std::string&) { return answer; };
        with_node(script, [&](JsonRpc& rpc) -> Task<void> {
            auto number = co_await rpc.block_number();
            EXPECT_FALSE(number) << answer;
            if (!number) EXPECT_TRUE(number.error().is(ChainErrc::bad_answer)) << number.error().message();
        });
    }
}

TEST(JsonRpc, addresses_of_nodes_are_checked) {
    asio::io_context context;
    for (const char* url : {"https://node:8545", "ftp://node", "http://node:99999", ""}) {
        RpcConfig config;
        config.url = url;
        EXPECT_FALSE(JsonRpc::make(context.get_executor(), config)) << url;
    }
    for (const char* url : {"http://node:8545", "http://node", "http://node:1/path?key=1", "127.0.0.1:8545",
                            "unix:/run/node.sock"}) {
        RpcConfig config;
        config.url = url;
        EXPECT_TRUE(JsonRpc::make(context.get_executor(), config)) << url;
    }
}

}  // namespace
}  // namespace sonm::chain
