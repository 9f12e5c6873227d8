#include "sonm/locator/discovery.hpp"

#include "sonm/locator/announcement.hpp"

#include <net/if.h>

#include <charconv>

namespace sonm::locator {
namespace {

using asio::ip::udp;

tl::unexpected<Error> socket_error(const MulticastOptions& options, const char* doing,
                                   const std::error_code& error) {
    return fail(Errc::io, "multicast {} port {}: {}: {}", options.group, options.port, doing,
                error.message());
}

/// Number of an IPv6 interface from its name or number; 0 = any.
Result<unsigned> interface_number(const std::string& text) {
    if (text.empty()) return 0u;
    unsigned number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
    number = ::if_nametoindex(text.c_str());
    if (number == 0) return fail(Errc::invalid, "there is no network interface {}", text);
    return number;
}

class Multicast final : public Discovery {
public:
    Multicast(udp::socket socket, udp::endpoint group) : socket_(std::move(socket)), group_(group) {}

    Async<Heard> receive() override {
        // One byte more than is ever looked at: what is longer shows by filling it.
        Bytes buffer(datagram_bytes_max + 1);
        udp::endpoint from;
        auto [error, count] = co_await socket_.async_receive_from(asio::buffer(buffer.data(), buffer.size()),
                                                                  from, as_tuple(asio::use_awaitable));
        if (error) {
            auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none)
                throw asio::system_error(asio::error::operation_aborted);
            co_return fail(Errc::io, "receiving announcements: {}", error.message());
        }
        buffer.resize(count);
        Heard heard;
        heard.source = from.address().to_string();
        heard.datagram = std::move(buffer);
        co_return heard;
    }

    Result<void> send(BytesView datagram) override {
        std::error_code error;
        socket_.send_to(asio::buffer(datagram.data(), datagram.size()), group_, 0, error);
        if (error)
            return fail(Errc::io, "announcing to {}: {}", group_.address().to_string(), error.message());
        return {};
    }

private:
    udp::socket socket_;
    udp::endpoint group_;
};

Result<void> tune_v4(udp::socket& socket, const asio::ip::address_v4& group,
                     const MulticastOptions& options) {
    std::error_code error;
    asio::ip::address_v4 interface;
    if (!options.interface.empty()) {
        interface = asio::ip::make_address_v4(options.interface, error);
        if (error) return fail(Errc::invalid, "{} is no IPv4 address of an interface", options.interface);
        socket.set_option(asio::ip::multicast::outbound_interface(interface), error);
        if (error) return socket_error(options, "choosing the interface", error);
    }
    socket.set_option(asio::ip::multicast::join_group(group, interface), error);
    if (error) return socket_error(options, "joining the group", error);
    return {};
}

Result<void> tune_v6(udp::socket& socket, const asio::ip::address_v6& group,
                     const MulticastOptions& options) {
    SONM_TRY(unsigned interface, interface_number(options.interface));
    std::error_code error;
    if (interface != 0) {
        socket.set_option(asio::ip::multicast::outbound_interface(interface), error);
        if (error) return socket_error(options, "choosing the interface", error);
    }
    socket.set_option(asio::ip::multicast::join_group(group, interface), error);
    if (error) return socket_error(options, "joining the group", error);
    return {};
}

}  // namespace

Result<std::unique_ptr<Discovery>> open_multicast(const Executor& executor, const MulticastOptions& options) {
    std::error_code error;
    auto group = asio::ip::make_address(options.group, error);
    if (error || !group.is_multicast())
        return fail(Errc::invalid, "{} is no multicast address; write one like 239.255.10.53 or ff05::1053",
                    options.group);
    udp::endpoint everybody(group, options.port);
    udp::socket socket(executor);
    socket.open(everybody.protocol(), error);
    if (error) return socket_error(options, "opening a socket", error);
    // Several nodes of one machine listen to the same group.
    socket.set_option(udp::socket::reuse_address(true), error);
    if (error) return socket_error(options, "sharing the port", error);
    // Bound to the group, so that datagrams to this port but not to the group are none of ours.
    socket.bind(everybody, error);
    if (error) return socket_error(options, "binding", error);
    socket.set_option(asio::ip::multicast::hops(static_cast<int>(options.hops)), error);
    if (error) return socket_error(options, "limiting the reach", error);
    socket.set_option(asio::ip::multicast::enable_loopback(options.loopback), error);
    if (error) return socket_error(options, "looping back", error);
    SONM_CHECK(group.is_v4() ? tune_v4(socket, group.to_v4(), options)
                             : tune_v6(socket, group.to_v6(), options));
    socket.non_blocking(true, error);
    if (error) return socket_error(options, "not to wait", error);
    std::unique_ptr<Discovery> made = std::make_unique<Multicast>(std::move(socket), everybody);
    return made;
}

}  // namespace sonm::locator
