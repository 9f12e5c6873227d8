#include "sonm/node/edge.hpp"
#include "sonm/node/testing.hpp"

namespace sonm::node {
namespace {

using testing::EchoClient;
using testing::NodeTest;

class ReloadTest : public NodeTest {
protected:
    static constexpr const char* services = "services:\n  - {name: a, type: echo}\n";
    /// The file with `more` keys is read again; what the node says.
    std::string reload(Node& node, std::string_view more) {
        write(services, fmt::format("drain: 2 s\n{}\n", more));
        auto said = node.reload();
        return said ? fmt::format("{}", fmt::join(*said, "; ")) : said.error().message();
    }
    void run(std::function<Task<void>(Node&)> body) {
        write(services);
        auto whole = [&](Node& node) -> Task<void> {
            auto running = body(node);
            co_await std::move(running);
            node.stop();
        };
        auto done = serve(whole);
        ASSERT_TRUE(done) << done.error().message();
    }
    static Task<std::string> say(EchoClient echo, std::size_t bytes) {
        auto calling = echo.call<"say">(std::string(bytes, 'x'));
        auto said = co_await std::move(calling);
        co_return said ? "answered" : said.error().message();
    }
    static Task<EchoClient> client(Node& node) {
        auto connecting = node.connect("a");
        auto connection = co_await std::move(connecting);
        co_return EchoClient(std::move(*connection));
    }
    /// First line of the answer to a request at the node's HTTP side.
    static Task<std::string> ask(Node& node, std::string host) {
        Executor executor = co_await asio::this_coro::executor;
        http::Server server(executor, make_edge(node));
        auto [near, far] = make_pipe(executor, 1 * MiB);
        std::string got;
        auto body = [&, mine = std::move(near),
                     other = std::move(far)](TaskGroup& group) mutable -> Task<void> {
            group.spawn(server.serve(std::move(other)));
            std::string text = fmt::format(
                "POST /v1/a/say HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
                "Content-Length: 7\r\n\r\n[\"you\"]",
                host);
            (void)co_await mine->write(as_bytes(text));
            mine->shutdown_write();
            Bytes buffer(4096);
            while (true) {
                auto count = co_await mine->read_some(buffer);
                if (!count) break;
                got += as_text(BytesView(buffer.data(), *count));
            }
        };
        auto talking = scope(4, std::move(body));
        co_await std::move(talking);
        co_return got.substr(9, 3);
    }
};

TEST_F(ReloadTest, limit_of_a_message__holds_for_clients_that_come_now) {
    run([&](Node& node) -> Task<void> {
        EchoClient old = co_await client(node);
        EXPECT_EQ(reload(node, "limits: {message: 8 KiB}"), "limits.message: taken over");
        EchoClient fresh = co_await client(node);
        EXPECT_EQ(co_await say(fresh, 100), "answered");
        EXPECT_NE(co_await say(fresh, 20'000), "answered");
        EXPECT_EQ(co_await say(old, 20'000), "answered") << "who is there keeps what he has";
        EXPECT_EQ(reload(node, ""), "limits.message: taken over");
        EchoClient again = co_await client(node);
        EXPECT_EQ(co_await say(again, 20'000), "answered") << "a key that is gone has its default";
    });
}

Task<void> wait_call(EchoClient echo, int& refused) {
    auto calling = echo.call<"wait">();
    auto answer = co_await std::move(calling);
    refused += answer ? 0 : 1;
}

/// How many of so many calls that one client has open at the same time are refused.
Task<int> refused_of(EchoClient echo, int asked) {
    int refused = 0, at_once = 0;
    auto body = [&](TaskGroup& group) -> Task<void> {
        for (int i = 0; i < asked; ++i) group.spawn(wait_call(echo, refused));
        for (int i = 0; i < 200; ++i) co_await sleep_for(std::chrono::nanoseconds(0));
        at_once = refused;
    };
    auto all = scope(100, std::move(body));
    co_await std::move(all);
    co_return at_once;
}

TEST_F(ReloadTest, limit_of_channels__holds_for_clients_that_come_now) {
    run([&](Node& node) -> Task<void> {
        EXPECT_EQ(co_await refused_of(co_await client(node), 60), 0);
        EXPECT_EQ(reload(node, "limits: {channels: 4}"), "limits.channels: taken over");
        int refused = co_await refused_of(co_await client(node), 60);
        EXPECT_GE(refused, 30);
        EXPECT_LT(refused, 60);
    });
}

TEST_F(ReloadTest, limit_of_connections__turns_the_newest_away) {
    run([&](Node& node) -> Task<void> {
        EXPECT_EQ(reload(node, "limits: {connections: 2, idle: 5 min, inbound: 32 MiB, outbound: 2 MiB}"),
                  "limits.connections: taken over; limits.idle: taken over; limits.inbound: taken over; "
                  "limits.outbound: taken over");
        auto knock = [&](TaskGroup& group) -> Task<void> {
            std::vector<rpc::Connection> held;
            std::string address = fmt::format("unix:{}/node", folder.path().string());
            for (int i = 0; i < 4; ++i) {
                auto connecting = rpc::connect(group, address, "a");
                auto connection = co_await std::move(connecting);
                if (connection) held.push_back(std::move(*connection));
            }
            int answered = 0;
            for (auto& one : held) {
                std::string said = co_await say(EchoClient(one), 1);
                answered += said == "answered" ? 1 : 0;
            }
            EXPECT_EQ(answered, 2);
            for (auto& one : held) one.close();
        };
        auto all = scope(64, std::move(knock));
        co_await std::move(all);
        EXPECT_NE(node.metrics().find("sonm_node_connections_refused_total 2\n"), std::string::npos);
    });
}

TEST_F(ReloadTest, who_may_call_over_http__holds_from_now_on) {
    run([&](Node& node) -> Task<void> {
        EXPECT_EQ(co_await ask(node, "localhost"), "200");
        // Only the key `http` of the last lines counts: the file of these tests has one in front.
        std::string text =
            fmt::format("state: state\nlisten: ['unix:{}/node']\nports: none\nlog_level: off\ndrain: 2 s\n{}",
                        folder.path().string(), services);
        auto with = [&](std::string_view http) {
            EXPECT_TRUE(
                write_atomically(folder / "node.yaml", as_bytes(fmt::format("{}http: {}\n", text, http))));
            auto said = node.reload();
            return said ? fmt::format("{}", fmt::join(*said, "; ")) : said.error().message();
        };
        EXPECT_EQ(with("{listen: 'off', calls: nobody}"), "http.calls: taken over");
        EXPECT_EQ(co_await ask(node, "localhost"), "403");
        EXPECT_EQ(with("{listen: 'off', calls: anybody}"), "http.calls: taken over");
        EXPECT_EQ(co_await ask(node, "node.example"), "403");
        EXPECT_EQ(with("{listen: 'off', calls: anybody, hosts: [node.example], body: 16 KiB}"),
                  "http.body: taken over; http.hosts: taken over");
        EXPECT_EQ(co_await ask(node, "node.example"), "200");
        EXPECT_EQ(with("{listen: '127.0.0.1:0', calls: anybody, hosts: [node.example], body: 16 KiB}"),
                  "http.listen: needs a restart");
    });
}

TEST_F(ReloadTest, whether_accounts_are_wanted__decides_over_http_only_after_the_restart_that_it_needs) {
    FixedBytes<32> secret{};
    secret[31] = 1;
    auto key = std::move(crypto::PrivateKey::from_bytes(secret).value());
    signer = &key;
    auto with = [&](bool wanted) {
        write(services, fmt::format("drain: 2 s\nkey: '0x1'\nidentity_required: {}\n", wanted));
    };
    for (bool wanted : {true, false}) {
        with(wanted);
        auto body = [&](Node& node) -> Task<void> {
            std::string before = wanted ? "403" : "200";
            EXPECT_EQ(co_await ask(node, "localhost"), before);
            with(!wanted);
            auto said = node.reload();
            EXPECT_TRUE(said) << said.error().message();
            EXPECT_EQ(fmt::format("{}", fmt::join(*said, "; ")), "identity_required: needs a restart");
            EXPECT_EQ(co_await ask(node, "localhost"), before);
            node.stop();
        };
        auto done = serve(body);
        ASSERT_TRUE(done) << done.error().message();
    }
}

TEST_F(ReloadTest, advertised_addresses__are_told_from_now_on) {
    run([&](Node& node) -> Task<void> {
        EXPECT_EQ(reload(node, "advertise: ['203.0.113.7:10053']"), "advertise: taken over");
        std::vector<rpc::Endpoint> expected(1, rpc::Endpoint("203.0.113.7", 10053));
        EXPECT_EQ(node.info().locator, expected);
        EXPECT_EQ(node.info().services.at(0).endpoints, expected);
        co_return;
    });
}

TEST_F(ReloadTest, sections__say_of_each_key_what_becomes_of_it) {
    run([&](Node& node) -> Task<void> {
        EXPECT_EQ(reload(node,
                         "locator: {weight: 5, peers: {p1: '192.0.2.1:10053'}, restrict: [a], "
                         "publish: nobody, cluster: other, interval: 2 s}"),
                  "locator.cluster: needs a restart; locator.interval: needs a restart; "
                  "locator.peers: taken over; locator.publish: taken over; locator.restrict: taken over; "
                  "locator.weight: taken over");
        EXPECT_EQ(node.config().locator.weight, 5u);
        EXPECT_EQ(node.config().locator.cluster, "") << "until the restart";
        std::string said = reload(node, "locator: {weight: 0}");
        EXPECT_NE(said.find("locator.weight: 1 to 1000"), std::string::npos) << said;
        co_return;
    });
}

TEST_F(ReloadTest, a_wrong_file__changes_nothing) {
    run([&](Node& node) -> Task<void> {
        std::string said = reload(node, "limits: {message: 8 KiB, connections: 0}");
        EXPECT_NE(said.find("limits.connections"), std::string::npos) << said;
        EXPECT_EQ(node.config().limits.frame_bytes_max, 16 * MiB);
        EchoClient fresh = co_await client(node);
        EXPECT_EQ(co_await say(fresh, 20'000), "answered");
    });
}

}  // namespace
}  // namespace sonm::node
