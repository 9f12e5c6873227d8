#include "sonm/base/stream.hpp"

#include "sonm/base/immediate.hpp"

#include <sys/stat.h>
#include <sys/un.h>

#include <charconv>

namespace sonm {
namespace {

template <class Socket>
Error socket_error(std::error_code code, const std::string& peer, std::string_view doing) {
    if (code == asio::error::eof || code == asio::error::connection_reset ||
        code == asio::error::broken_pipe || code == asio::error::bad_descriptor ||
        code == asio::error::operation_aborted)
        return Error{make_error_code(Errc::closed), fmt::format("{} {}", doing, peer)};
    return Error{make_error_code(Errc::io), fmt::format("{} {}: {}", doing, peer, code.message())};
}

/// Turns a cancelled wait into the exception that unwinds; any other error stays a value.
Task<void> throw_if_cancelled() {
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw asio::system_error(asio::error::operation_aborted);
}

template <class Socket>
class SocketStream final : public ByteStream, public Immediate {
public:
    SocketStream(Socket socket, std::string peer) : socket_(std::move(socket)), peer_(std::move(peer)) {}

    Async<std::size_t> read_some(std::span<std::uint8_t> out) override {
        auto [error, count] = co_await socket_.async_read_some(asio::buffer(out.data(), out.size()),
                                                               as_tuple(asio::use_awaitable));
        if (error) {
            co_await throw_if_cancelled();
            co_return tl::unexpected<Error>(socket_error<Socket>(error, peer_, "reading from"));
        }
        co_return count;
    }

    std::size_t read_now(std::span<std::uint8_t> out) override {
        ssize_t count = ::recv(socket_.native_handle(), out.data(), out.size(), MSG_DONTWAIT);
        return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }

    std::size_t write_now(BytesView bytes) override {
        ssize_t count =
            ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }

    Async<void> write(BytesView bytes) override {
        auto [error, count] = co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                                                         as_tuple(asio::use_awaitable));
        (void)count;
        if (error) {
            co_await throw_if_cancelled();
            co_return tl::unexpected<Error>(socket_error<Socket>(error, peer_, "writing to"));
        }
        co_return Result<void>();
    }

    void shutdown_write() override {
        std::error_code ignored;
        socket_.shutdown(Socket::shutdown_send, ignored);
    }
    void close() override {
        std::error_code ignored;
        socket_.close(ignored);
    }
    std::string peer() const override { return peer_; }

private:
    Socket socket_;
    std::string peer_;
};

std::string to_string(const asio::ip::tcp::endpoint& endpoint) {
    std::string host = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                      : fmt::format("{}:{}", host, endpoint.port());
}

void tune(asio::ip::tcp::socket& socket) {
    std::error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

template <class Acceptor>
class SocketListener final : public Listener {
public:
    SocketListener(Acceptor acceptor, std::string address, std::string unlink_path)
        : acceptor_(std::move(acceptor)),
          address_(std::move(address)),
          unlink_path_(std::move(unlink_path)) {}
    ~SocketListener() override { unlink_once(); }

    Async<std::unique_ptr<ByteStream>> accept() override {
        using Socket = typename Acceptor::protocol_type::socket;
        Socket socket(acceptor_.get_executor());
        auto [error] = co_await acceptor_.async_accept(socket, as_tuple(asio::use_awaitable));
        if (error) {
            co_await throw_if_cancelled();
            if (error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system)
                co_return fail(Errc::busy, "accepting on {}: out of file descriptors", address_);
            if (!acceptor_.is_open()) co_return fail(Errc::closed, "accepting on {}", address_);
            co_return fail(Errc::io, "accepting on {}: {}", address_, error.message());
        }
        std::string peer = address_;
        if constexpr (std::is_same_v<Socket, asio::ip::tcp::socket>) {
            tune(socket);
            std::error_code ignored;
            peer = to_string(socket.remote_endpoint(ignored));
        }
        std::unique_ptr<ByteStream> stream =
            std::make_unique<SocketStream<Socket>>(std::move(socket), std::move(peer));
        co_return std::move(stream);
    }
    void close() override {
        std::error_code ignored;
        acceptor_.close(ignored);
        unlink_once();
    }
    std::string address() const override { return address_; }

private:
    /// With the closing, not later: by then the path may be somebody else's.
    void unlink_once() {
        std::string path = std::exchange(unlink_path_, {});
        if (!path.empty()) ::unlink(path.c_str());
    }

    Acceptor acceptor_;
    std::string address_;
    std::string unlink_path_;
};

using TcpListener = SocketListener<asio::ip::tcp::acceptor>;
using UnixListener = SocketListener<asio::local::stream_protocol::acceptor>;

Async<std::unique_ptr<ByteStream>> connect_any(std::string host, std::uint16_t port) {
    Executor executor = co_await asio::this_coro::executor;
    asio::ip::tcp::resolver resolver(executor);
    auto [lookup, endpoints] =
        co_await resolver.async_resolve(host, std::to_string(port), as_tuple(asio::use_awaitable));
    if (lookup) {
        co_await throw_if_cancelled();
        co_return fail(Errc::unavailable, "looking up {}: {}", host, lookup.message());
    }
    asio::ip::tcp::socket socket(executor);
    auto [error, endpoint] = co_await asio::async_connect(socket, endpoints, as_tuple(asio::use_awaitable));
    if (error) {
        co_await throw_if_cancelled();
        co_return fail(Errc::unavailable, "connecting to {}:{}: {}", host, port, error.message());
    }
    tune(socket);
    std::string peer = to_string(endpoint);
    std::unique_ptr<ByteStream> stream =
        std::make_unique<SocketStream<asio::ip::tcp::socket>>(std::move(socket), std::move(peer));
    co_return std::move(stream);
}

}  // namespace

Async<std::unique_ptr<ByteStream>> connect_tcp(std::string host, std::uint16_t port, Millis limit) {
    auto connecting = connect_any(host, port);
    auto stream = co_await within(limit, std::move(connecting));
    if (!stream) co_return wrap(std::move(stream).error(), "{}:{}", host, port);
    co_return stream;
}

Async<std::unique_ptr<ByteStream>> connect_unix(std::string path) {
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        co_return fail(Errc::invalid, "socket path is {} bytes long, the limit is {}: {}", path.size(),
                       sizeof(sockaddr_un::sun_path) - 1, path);
    asio::local::stream_protocol::socket socket(co_await asio::this_coro::executor);
    asio::local::stream_protocol::endpoint endpoint(path);
    auto [error] = co_await socket.async_connect(endpoint, as_tuple(asio::use_awaitable));
    if (error) {
        co_await throw_if_cancelled();
        if (error == std::errc::permission_denied)
            co_return fail(Errc::denied, "connecting to unix:{}", path);
        co_return fail(Errc::unavailable, "connecting to unix:{}: {}", path, error.message());
    }
    std::unique_ptr<ByteStream> stream = std::make_unique<SocketStream<asio::local::stream_protocol::socket>>(
        std::move(socket), "unix:" + path);
    co_return std::move(stream);
}

Async<std::unique_ptr<ByteStream>> connect_stream(std::string address, Millis limit) {
    if (address.starts_with("unix:")) {
        auto connecting = connect_unix(address.substr(5));
        co_return co_await within(limit, std::move(connecting));
    }
    auto parsed = parse_host_port(address);
    if (!parsed) co_return tl::unexpected<Error>(std::move(parsed).error());
    co_return co_await connect_tcp(parsed->host, parsed->port, limit);
}

Result<std::unique_ptr<Listener>> listen_tcp(const Executor& executor, const std::string& host,
                                             std::uint16_t port) {
    std::error_code error;
    auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
    if (error) return fail(Errc::invalid, "not a numeric address to listen on: '{}'", host);
    asio::ip::tcp::endpoint endpoint(address, port);
    asio::ip::tcp::acceptor acceptor(executor);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(1024, error);
    if (error == std::errc::address_in_use)
        return fail(Errc::exists,
                    "port {} on {} is taken by another program: choose another port, or 0 for any", port,
                    host);
    if (error == std::errc::permission_denied) return fail(Errc::denied, "listening on {}:{}", host, port);
    if (error) return fail(Errc::io, "listening on {}:{}: {}", host, port, error.message());
    std::string where = to_string(acceptor.local_endpoint(error));
    return std::unique_ptr<Listener>(
        std::make_unique<TcpListener>(std::move(acceptor), std::move(where), std::string()));
}

Result<std::unique_ptr<Listener>> listen_unix(const Executor& executor, const std::string& path) {
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        return fail(Errc::invalid, "socket path is {} bytes long, the limit is {}: {}", path.size(),
                    sizeof(sockaddr_un::sun_path) - 1, path);
    std::error_code error;
    asio::local::stream_protocol::endpoint endpoint(path);
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) {
        if (!S_ISSOCK(info.st_mode)) return fail(Errc::exists, "{} exists and is not a socket", path);
        asio::local::stream_protocol::socket probe(executor);
        probe.connect(endpoint, error);
        if (!error) return fail(Errc::exists, "another program listens on {}", path);
        ::unlink(path.c_str());
        error.clear();
    }
    asio::local::stream_protocol::acceptor acceptor(executor);
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        mode_t before = ::umask(0177);
        acceptor.bind(endpoint, error);
        ::umask(before);
    }
    if (!error) acceptor.listen(1024, error);
    if (error == std::errc::permission_denied) return fail(Errc::denied, "listening on {}", path);
    if (error) return fail(Errc::io, "listening on {}: {}", path, error.message());
    return std::unique_ptr<Listener>(
        std::make_unique<UnixListener>(std::move(acceptor), "unix:" + path, path));
}

Result<std::unique_ptr<Listener>> listen_stream(const Executor& executor, const std::string& address) {
    if (address.starts_with("unix:")) return listen_unix(executor, address.substr(5));
    SONM_TRY(HostPort parsed, parse_host_port(address));
    return listen_tcp(executor, parsed.host, parsed.port);
}

Result<HostPort> parse_host_port(std::string_view text) {
    std::size_t colon = text.rfind(':');
    std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    std::string_view digits = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    unsigned port = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (host.empty() || digits.empty() || error != std::errc() || end != digits.data() + digits.size() ||
        port > 65535)
        return fail(Errc::invalid, "not a host:port address: '{}'", text.substr(0, 200));
    return HostPort{std::string(host), static_cast<std::uint16_t>(port)};
}

Async<void> read_exactly(ByteStream& stream, std::span<std::uint8_t> out) {
    while (!out.empty()) {
        SONM_CO_TRY(std::size_t count, co_await stream.read_some(out));
        out = out.subspan(count);
    }
    co_return Result<void>();
}

}  // namespace sonm
