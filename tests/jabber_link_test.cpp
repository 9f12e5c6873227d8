#include "sonm/jabber/link.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/// What a connection may need of memory, against a socket of the test's own that is no XMPP server.
namespace sonm::jabber {
namespace {

/// Takes one connection on loopback; neither reads nor writes by itself.
struct Server {
    int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), accepted = -1;
    std::uint16_t port = 0;

    Server() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
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
    Account account() const {
        Account account;
        account.address = "ann@localhost";
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

TEST(JabberLink, what_waits_to_be_sent_is_not_held_against_a_server_that_reads_slowly) {
    Server server;
    Link link(server.account(), "127.0.0.1");
    EXPECT_EQ(end_of(link, 10), "");
    std::vector<Outgoing> outgoing;
    for (std::uint64_t number = 1; number <= 400; ++number)
        outgoing.push_back(Outgoing{number, "bob@localhost", std::string(60'000, 'x'), "id"});
    static_assert(400 * 60'000 > 2 * link_bytes_max);
    for (Event& event : link.step(std::move(outgoing)))
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

}  // namespace
}  // namespace sonm::jabber
