#include "sonm/base/fs.hpp"
#include "sonm/base/process.hpp"
#include "sonm/jabber/jabber.hpp"
#include "support/server_process.hpp"
#include "support/service_bench.hpp"

#include <fstream>

/// Against a real prosody that the test starts, with accounts of its own.
namespace sonm::jabber {
namespace {

using services::JabberClient;
using services::JabberMessage;
using services::JabberProtocol;
using namespace std::chrono_literals;

/// A prosody with the accounts ann and bob, and a certificate that it signed itself.
struct Prosody {
    TempDir folder;
    std::uint16_t port = test::free_port();
    std::string certificate = (folder / "cert.pem").string();
    std::unique_ptr<test::ServerProcess> process;

    Result<void> start() {
        SONM_CHECK(find_program("prosody"));
        std::string key = (folder / "key.pem").string(), data = (folder / "data").string();
        std::string make = fmt::format(
            "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext "
            "subjectAltName=DNS:localhost "
            "-days 2 -keyout {} -out {} 2>/dev/null",
            key, certificate);
        if (std::system(make.c_str()) != 0)
            return fail(Errc::not_found, "no openssl program for a certificate");
        for (std::string name : {"ann", "bob"}) {
            SONM_CHECK(make_folder(data + "/localhost/accounts"));
            std::ofstream(data + "/localhost/accounts/" + name + ".dat")
                << "return { [\"password\"] = \"secret\"; };";
        }
        std::string config = (folder / "prosody.cfg.lua").string();
        std::ofstream(config) << fmt::format(R"(
daemonize = false
run_as_root = true
pidfile = "{0}/prosody.pid"
data_path = "{0}/data"
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
modules_enabled = {{ "saslauth", "tls", "ping", "presence", "message", "iq" }}
modules_disabled = {{ "s2s" }}
c2s_ports = {{ {1} }}
c2s_interfaces = {{ "127.0.0.1" }}
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
ssl = {{ key = "{0}/key.pem", certificate = "{0}/cert.pem" }}
VirtualHost "localhost"
)",
                                             folder.path().string(), port);
        SONM_TRY(process, test::ServerProcess::start({"prosody", "--config", config, "-F"}, port));
        return Result<void>();
    }
    Config account(const std::string& name, Tls tls) const {
        Config config;
        config.account.address = name + "@localhost";
        config.account.password = "secret";
        config.account.host = "127.0.0.1";
        config.account.port = port;
        config.account.tls = tls;
        if (tls != Tls::none) config.account.ca_file = certificate;
        config.pause_min = Millis(50);
        config.pause_max = Millis(200);
        config.connect_max = Millis(10'000);
        config.confirm_max = Millis(3'000);
        return config;
    }
};

#define SONM_NEEDS_PROSODY(server)                                                     \
    Prosody server;                                                                    \
    if (auto started = server.start(); !started) {                                     \
        ASSERT_TRUE(started.error().is(Errc::not_found)) << started.error().message(); \
        GTEST_SKIP() << started.error().message();                                     \
    }

struct Person {
    SystemClock clock;
    Jabber jabber;
    JabberClient client;
    Person(TaskGroup& group, const Executor& executor, Config config)
        : jabber(executor, std::move(config), clock),
          client(test::call_local<JabberProtocol>(group, executor, jabber.handlers())) {
        group.spawn(jabber.run());
    }
    Task<void> until_connected(bool wanted = true) {
        for (int i = 0; i < 1500 && jabber.status().connected != wanted; ++i) co_await sleep_for(10ms);
        EXPECT_EQ(jabber.status().connected, wanted) << jabber.status().last_error;
    }
};

void check_talk(Prosody& server, Tls tls) {
    test::run_group([&server, tls](TaskGroup& group) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        Person ann(group, executor, server.account("ann", tls)),
            bob(group, executor, server.account("bob", tls));
        co_await ann.until_connected();
        co_await bob.until_connected();
        auto id = co_await ann.client.call<"send">("bob@localhost", "first, <nobody> & \"listens\" ü");
        EXPECT_TRUE(id) << id.error().message();
        if (!id) co_return;
        co_await sleep_for(100ms);
        auto inbox = bob.client.stream<"receive">().value();
        auto first = (co_await inbox.next()).value().value();
        EXPECT_EQ(first.body, "first, <nobody> & \"listens\" ü");
        EXPECT_TRUE(first.from.starts_with("ann@localhost/")) << first.from;
        EXPECT_EQ(first.id, *id);
        for (int i = 0; i < 30; ++i)
            EXPECT_TRUE(co_await ann.client.call<"send">("bob@localhost", std::to_string(i)));
        for (int i = 0; i < 30; ++i) EXPECT_EQ((co_await inbox.next()).value()->body, std::to_string(i));
        auto answers = ann.client.stream<"receive">().value();
        EXPECT_TRUE(co_await bob.client.call<"send">(first.from, "back"));
        EXPECT_EQ((co_await answers.next()).value()->body, "back");
        EXPECT_TRUE(co_await ann.client.call<"send">("nobody@localhost", "hello?"));
        EXPECT_EQ((co_await answers.next()).value()->type, "error");
        auto odd = co_await ann.client.call<"send">("bob@localhost", std::string("a\0b", 3));
        EXPECT_TRUE(odd.error().is(Errc::invalid));
        auto status = (co_await ann.client.call<"status">()).value();
        EXPECT_EQ(status.connections, 1u);
        group.cancel();
        co_await group.join();
    });
}

TEST(JabberProsody, messages_travel_over_an_encrypted_connection) {
    SONM_NEEDS_PROSODY(server);
    check_talk(server, Tls::required);
}

TEST(JabberProsody, messages_travel_over_a_plain_connection) {
    SONM_NEEDS_PROSODY(server);
    check_talk(server, Tls::none);
}

TEST(JabberProsody, a_certificate_of_nobody_known_and_a_wrong_password_are_refused) {
    SONM_NEEDS_PROSODY(server);
    test::run_group([&server](TaskGroup& group) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        Config stranger = server.account("ann", Tls::required);
        stranger.account.ca_file.clear();
        Config wrong = server.account("bob", Tls::required);
        wrong.account.password = "guess";
        Person ann(group, executor, stranger), bob(group, executor, wrong);
        for (int i = 0;
             i < 500 && (ann.jabber.status().last_error.empty() || bob.jabber.status().last_error.empty());
             ++i)
            co_await sleep_for(10ms);
        EXPECT_NE(ann.jabber.status().last_error.find("certificate"), std::string::npos)
            << ann.jabber.status().last_error;
        EXPECT_NE(bob.jabber.status().last_error.find("auth"), std::string::npos)
            << bob.jabber.status().last_error;
        EXPECT_EQ(ann.jabber.status().connections + bob.jabber.status().connections, 0u);
        auto sent = co_await ann.client.call<"send">("bob@localhost", "x");
        EXPECT_TRUE(sent.error().is(Errc::unavailable)) << sent.error().message();
        group.cancel();
        co_await group.join();
    });
}

TEST(JabberProsody, a_server_that_dies_and_comes_back_is_connected_to_again) {
    SONM_NEEDS_PROSODY(server);
    test::run_group(
        [&server](TaskGroup& group) -> Task<void> {
            Executor executor = co_await asio::this_coro::executor;
            Person ann(group, executor, server.account("ann", Tls::optional));
            co_await ann.until_connected();
            server.process->kill();
            co_await ann.until_connected(false);
            auto lost = co_await ann.client.call<"send">("bob@localhost", "x");
            EXPECT_TRUE(lost.error().is(Errc::unavailable)) << lost.error().message();
            EXPECT_TRUE(server.process->restart());
            co_await ann.until_connected();
            EXPECT_EQ(ann.jabber.status().connections, 2u);
            EXPECT_TRUE(co_await ann.client.call<"send">("ann@localhost", "to myself"));
            group.cancel();
            co_await group.join();
        },
        40s);
}

}  // namespace
}  // namespace sonm::jabber
