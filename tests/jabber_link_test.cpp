#include "sonm/jabber/jabber.hpp"
#include "support/service_bench.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/// What a connection may need of memory and time, against a socket of the test's own that is no XMPP server.
namespace sonm::jabber {
namespace {

using namespace std::chrono_literals;

/// Takes one connection on loopback; neither reads nor writes by itself.
struct Server {
    int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), accepted = -1;
    std::uint16_t port = 0;

    Server() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        int small = 4'096;  // of what it does not read, little is on the way
        EXPECT_EQ(::setsockopt(listening, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
        auto* where = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listening, where, size), 0);
        EXPECT_EQ(::listen(listening, 1), 0);
        EXPECT_EQ(::getsockname(listening, where, &size), 0);
        port = ntohs(address.sin_port);
    }
    Server(const Server&) = delete;
    ~Server() {
        ::close(accepted);
        ::close(listening);
    }
    void say(std::string_view text) {
        if (accepted < 0) accepted = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK);
        (void)!::send(accepted, text.data(), text.size(), MSG_NOSIGNAL);
    }
    /// Answers whatever is said first with a session.
    void let_in() {
        static const std::string stream =
            "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' "
            "version='1.0'><stream:features>";
        static const std::vector<std::pair<std::string, std::string>> answers{
            {"<stream:stream", stream + "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>"
                                        "PLAIN</mechanism></mechanisms></stream:features>"},
            {"<auth", "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"},
            {"<stream:stream", stream + "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>"},
            {"_xmpp_bind1",
             "<iq type='result' id='_xmpp_bind1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
             "<jid>ann@localhost/a</jid></bind></iq>"}};
        say("");
        char said[4'096];
        ssize_t count = ::recv(accepted, said, sizeof(said), 0);
        if (answered == answers.size() || count <= 0) return;
        if (std::string_view(said, std::size_t(count)).find(answers[answered].first) != std::string::npos)
            say(answers[answered++].second);
    }
    std::size_t answered = 0;
    Account account() const {
        Account account;
        account.address = "ann@localhost";
        account.password = "secret";
        account.host = "127.0.0.1";
        account.port = port;
        account.tls = Tls::none;
        return account;
    }
};

/// Why the connection has ended, after so many steps; empty if it has not.
std::string end_of(
    Link& link, int steps, std::function<void(int)> before = [](int) {}) {
    for (int i = 0; i < steps; ++i) {
        before(i);
        for (Event& event : link.step({}))
            if (auto* ended = std::get_if<Disconnected>(&event)) return ended->why;
    }
    return {};
}

std::vector<Outgoing> many() {
    std::vector<Outgoing> out;
    for (std::uint64_t number = 1; number <= 400; ++number)
        out.push_back(Outgoing{number, "bob@localhost", std::string(60'000, 'x'), "id"});
    static_assert(400 * 60'000 > 2 * link_bytes_max);
    return out;
}

TEST(JabberLink, what_waits_to_be_sent_is_not_held_against_a_server_that_reads_slowly) {
    Server server;
    Link link(server.account(), "127.0.0.1");
    EXPECT_EQ(end_of(link, 10), "");
    for (Event& event : link.step(many()))
        if (auto* ended = std::get_if<Disconnected>(&event)) ADD_FAILURE() << ended->why;
    EXPECT_EQ(end_of(link, 10), "");
}

TEST(JabberLink, a_server_whose_stanza_does_not_end_is_left_before_it_needs_much_memory) {
    Server server;
    Link link(server.account(), "127.0.0.1");
    EXPECT_EQ(end_of(link, 10), "");
    std::string children;
    while (children.size() < 4'000) children += "<a b='c'/>";
    std::string why = end_of(link, 5'000, [&](int step) {
        server.say(step == 0
                       ? "<stream:stream xmlns='jabber:client' "
                         "xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'><message>"
                       : children);
    });
    EXPECT_NE(why.find("the server sent too much at once"), std::string::npos) << why;
}

TEST(JabberLink, a_server_that_confirms_what_it_has_not_read_is_left) {
    Server server;
    Link link(server.account(), "127.0.0.1");
    bool connected = false;
    for (int i = 0; i < 5'000 && !connected; ++i) {
        server.let_in();
        for (Event& event : link.step({})) connected = connected || std::holds_alternative<Connected>(event);
    }
    ASSERT_TRUE(connected);
    EXPECT_TRUE(link.step(many()).empty());
    EXPECT_EQ(end_of(link, 10), "");
    server.say("<iq type='result' id='sonm-400'/>");
    std::string why = end_of(link, 1'000);
    EXPECT_NE(why.find("the server sent too much at once"), std::string::npos) << why;
}

TEST(JabberLink, messages_do_not_pile_up_for_a_server_that_talks_and_reads_nothing_and_it_is_left) {
    Server server;
    test::run_group([&server](TaskGroup& group) -> Task<void> {
        Config config;
        config.account = server.account();
        config.sending_max = 3;
        config.confirm_max = 200ms;
        config.quiet_max = 1'300ms;
        SystemClock clock;
        Executor executor = co_await asio::this_coro::executor;
        Jabber jabber(executor, config, clock);
        auto client = test::call_local<services::JabberProtocol>(group, executor, jabber.handlers());
        group.spawn(jabber.run());
        for (int i = 0; i < 2'000 && !jabber.status().connected; ++i) {
            server.let_in();
            co_await sleep_for(5ms);
        }
        EXPECT_TRUE(jabber.status().connected);
        auto talk = [](Server& self) -> Task<void> {
            while (true) {
                self.say("<message from='bob@localhost' to='ann@localhost'><body>x</body></message>");
                co_await sleep_for(50ms);
            }
        };
        group.spawn(talk(server));
        std::string text(60'000, 'x');
        for (int i = 0; i < 3; ++i) {
            auto unread = co_await client.call<"send">("bob@localhost", text);
            EXPECT_TRUE(unread.error().is(Errc::timeout)) << unread.error().message();
        }
        auto one_more = co_await client.call<"send">("bob@localhost", text);
        EXPECT_TRUE(one_more.error().is(Errc::busy)) << one_more.error().message();
        for (int i = 0; i < 400 && jabber.status().connected; ++i) co_await sleep_for(10ms);
        EXPECT_FALSE(jabber.status().connected);
        EXPECT_NE(jabber.status().last_error.find("has not answered"), std::string::npos)
            << jabber.status().last_error;
        group.cancel();
        co_await group.join();
    });
}

}  // namespace
}  // namespace sonm::jabber
