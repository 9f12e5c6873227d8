#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/bytes.hpp"

#include <memory>
#include <string>

namespace sonm {

/// Bytes both ways, in order, with an end: a TCP or unix socket, later TLS, a relay, a punched hole, or a
/// pipe in memory. One reader and one writer at a time; not thread-safe. Destruction closes.
class ByteStream {
public:
    virtual ~ByteStream() = default;
    /// Waits for at least one byte. Errors: closed at the end of the stream, io.
    virtual Async<std::size_t> read_some(std::span<std::uint8_t> out) = 0;
    /// Writes everything; `bytes` must live until done. Errors: closed, io.
    virtual Async<void> write(BytesView bytes) = 0;
    /// Says that no more will be written; the other side reads an end.
    virtual void shutdown_write() = 0;
    /// Ends both directions at once; pending calls fail with closed.
    virtual void close() = 0;
    /// Who is at the other end, for people: "127.0.0.1:4242", "unix:/run/x.sock".
    virtual std::string peer() const = 0;
};

/// Waits for connections. Resource type.
class Listener {
public:
    virtual ~Listener() = default;
    /// Errors: closed once close() was called; busy when the process is out of file descriptors (wait a
    /// little and go on).
    virtual Async<std::unique_ptr<ByteStream>> accept() = 0;
    virtual void close() = 0;
    /// Where it listens, with the real port: "127.0.0.1:41283" or "unix:/run/x.sock".
    virtual std::string address() const = 0;
};

/// Connects to host:port; tries every address of the name. TCP_NODELAY and keep-alive are on. Errors:
/// unavailable (what, where), timeout.
Async<std::unique_ptr<ByteStream>> connect_tcp(std::string host, std::uint16_t port, Millis limit);
/// Connects to a unix stream socket. Errors: unavailable, denied, invalid (path too long).
Async<std::unique_ptr<ByteStream>> connect_unix(std::string path);
/// "host:port" or "unix:/path". Errors: also invalid.
Async<std::unique_ptr<ByteStream>> connect_stream(std::string address, Millis limit);

/// Binds and listens; port 0 picks a free one. Errors: exists (port taken: says which), denied, invalid.
Result<std::unique_ptr<Listener>> listen_tcp(const Executor& executor, const std::string& host,
                                             std::uint16_t port);
/// Replaces a stale socket file (nobody answers on it); refuses a living one. The file gets mode 0600.
Result<std::unique_ptr<Listener>> listen_unix(const Executor& executor, const std::string& path);
/// "host:port" or "unix:/path".
Result<std::unique_ptr<Listener>> listen_stream(const Executor& executor, const std::string& address);

/// Two ends of a pipe in memory, for tests; each direction buffers at most `capacity` bytes.
std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> make_pipe(const Executor& executor,
                                                                              std::size_t capacity = 64 *
                                                                                                     KiB);

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};
/// "host:port", "[::1]:port". Errors: invalid.
Result<HostPort> parse_host_port(std::string_view text);

/// Reads until `out` is full. Errors: closed if the stream ends before.
Async<void> read_exactly(ByteStream& stream, std::span<std::uint8_t> out);

}  // namespace sonm
