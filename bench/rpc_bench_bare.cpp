#include "rpc_bench.hpp"
#include "sonm/base/stream.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>

/// What the system's sockets give without any protocol: messages of the payload's size and nothing else,
/// answered in one write as they come, by one epoll loop. The ceiling of the rows beside it.
namespace sonm::bench {
namespace {

constexpr std::size_t room = 64 * 1024;
/// More under way than the socket buffers hold would stop both blocking ends for ever.
constexpr std::size_t under_way_max = 128 * 1024;

void add(int poll, int socket) {
    int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    if (::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event) != 0) std::abort();
}

void send_all(int socket, const char* bytes, std::size_t count) {
    while (count > 0) {
        ssize_t sent = ::send(socket, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) std::abort();
        bytes += sent;
        count -= static_cast<std::size_t>(sent);
    }
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
}

void serve() {
    int listener = ::socket(AF_INET, SOCK_STREAM, 0), poll = ::epoll_create1(0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 1024) != 0)
        std::abort();
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    fmt::print("127.0.0.1:{}\n", ntohs(address.sin_port));
    std::fflush(stdout);
    add(poll, listener);
    std::vector<char> buffer(room);
    std::array<epoll_event, 128> events;
    while (true) {
        int count = ::epoll_wait(poll, events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            int socket = events[static_cast<std::size_t>(i)].data.fd;
            if (socket == listener) {
                add(poll, ::accept(listener, nullptr, nullptr));
                continue;
            }
            ssize_t got = ::recv(socket, buffer.data(), room, 0);
            if (got > 0)
                send_all(socket, buffer.data(), static_cast<std::size_t>(got));
            else
                ::close(socket);
        }
    }
}

struct Connection {
    int socket;
    std::deque<Window::Clock::time_point> under_way;  ///< when each was sent
    std::size_t partial = 0;                          ///< bytes of the first one's answer
};

Row calls(const std::string& address, Plan plan, double seconds) {
    if (plan.payload_bytes * plan.in_flight > under_way_max) return Row();
    sockaddr_in peer = loopback(parse_host_port(address).value().port);
    int poll = ::epoll_create1(0);
    std::vector<Connection> connections(plan.connections);
    std::vector<std::size_t> by_socket(plan.connections + 64);
    std::vector<char> out(plan.payload_bytes * plan.in_flight, 'x'), in(room);
    Window window(seconds);
    for (std::size_t i = 0; i < plan.connections; ++i) {
        int socket = ::socket(AF_INET, SOCK_STREAM, 0);
        if (::connect(socket, reinterpret_cast<sockaddr*>(&peer), sizeof peer) != 0) std::abort();
        add(poll, socket);
        connections[i].socket = socket;
        connections[i].under_way.assign(plan.in_flight / plan.connections, Window::now());
        by_socket.resize(std::max(by_socket.size(), static_cast<std::size_t>(socket) + 1));
        by_socket[static_cast<std::size_t>(socket)] = i;
    }
    for (auto& one : connections) send_all(one.socket, out.data(), one.under_way.size() * plan.payload_bytes);
    std::array<epoll_event, 128> events;
    while (!window.over()) {
        int count = ::epoll_wait(poll, events.data(), events.size(), 1000);
        for (int i = 0; i < count; ++i) {
            auto& one =
                connections[by_socket[static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.fd)]];
            ssize_t got = ::recv(one.socket, in.data(), room, 0);
            if (got <= 0) std::abort();
            std::size_t bytes = one.partial + static_cast<std::size_t>(got),
                        whole = bytes / plan.payload_bytes;
            one.partial = bytes % plan.payload_bytes;
            for (std::size_t j = 0; j < whole; ++j) {
                one.under_way.push_back(window.done(one.under_way.front()));
                one.under_way.pop_front();
            }
            send_all(one.socket, out.data(), whole * plan.payload_bytes);
        }
    }
    for (auto& one : connections) ::close(one.socket);
    ::close(poll);
    return window.row();
}

}  // namespace

const Side bare_side{"bare sockets, no protocol", serve, calls, nullptr, nullptr, 0};

}  // namespace sonm::bench
