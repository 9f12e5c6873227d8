#pragma once

#include "sonm/base/stream.hpp"
#include "sonm/http/response.hpp"

#include <functional>
#include <string>
#include <vector>

/// HTTP/1.1 over any byte stream: chain (JSON-RPC), engine (Docker API) and later the gateway use this one
/// client.
namespace sonm::http {

struct Request {
    std::string method = "GET";
    std::string target = "/";  ///< path and query, already percent-encoded
    std::vector<Header> headers;
    std::string body;
    /// Deadline of this exchange; 0 = Limits::answer_max.
    Millis answer_max{0};
};

struct Limits {
    std::size_t header_bytes_max = 64 * KiB;
    std::size_t body_bytes_max =
        64 * MiB;  ///< of `request`; a body that is read in pieces is the reader's to bound
    Millis connect_max{5'000};
    Millis answer_max{30'000};      ///< whole exchange for `request`; only until the headers for `open`
    Millis idle_max{60'000};        ///< a kept connection that was idle for longer is not used again
    std::size_t streams_max = 512;  ///< answers of `open` that are alive at the same time
};

/// A response whose body is read piece by piece; or, after a 101, a raw stream both ways. Destruction closes
/// the connection.
class BodyStream {
public:
    virtual ~BodyStream() = default;
    /// Status and headers; `body` is empty.
    virtual const Response& head() const = 0;
    /// Next bytes of the body (chunking removed), at most 64 KiB; empty at its end. Waits as long as the
    /// server does: put it into `within`. Errors: closed (cut short), io, invalid.
    virtual Async<Bytes> read() = 0;
    /// After an upgrade (101), or for a body that lasts until the connection's end: the raw stream both ways,
    /// with what was read ahead put back. The BodyStream is of no more use.
    virtual std::unique_ptr<ByteStream> release() = 0;
};

/// Gives the next piece of a request body; an empty piece ends it. Has its own deadline.
using BodySource = std::function<Async<Bytes>()>;

/// Makes a new connection to the server.
using Connector = std::function<Async<std::unique_ptr<ByteStream>>()>;

/// Percent-encodes a path segment or query value.
std::string url_encode(std::string_view text);

/// Keeps connections to one server ("host:port" or "unix:/path") alive and reuses them. At most
/// `connections_max` at a time; further requests wait for one within their deadline. One executor.
class Client {
public:
    Client(Executor executor, std::string address, Limits limits = Limits(), std::size_t connections_max = 8);
    /// The same over connections made by `connect`: TLS, tunnels, pipes in tests. `host` goes into the Host
    /// header.
    Client(Executor executor, std::string host, Connector connect, Limits limits = Limits(),
           std::size_t connections_max = 8);
    ~Client();
    Client(const Client&) = delete;

    /// Sends and reads the whole answer. A kept-alive connection that the server closed meanwhile is replaced
    /// once, only if no byte of the answer was seen. Errors: unavailable (cannot connect), timeout, closed,
    /// too_large, invalid (not HTTP).
    Async<Response> request(Request request);
    /// Sends, reads the headers and leaves the body to the caller, on a connection of its own.
    /// Errors: as `request`; busy, when Limits::streams_max are open.
    Async<std::unique_ptr<BodyStream>> open(Request request);
    /// The same with a request body of unknown length (chunked). The deadline counts for each piece and again
    /// for the headers of the answer. A server that answers early and closes ends the sending.
    Async<std::unique_ptr<BodyStream>> open(Request request, BodySource body);

private:
    struct Impl;
    std::shared_ptr<Impl>
        impl_;  // shared with the exchanges that are running, which may outlive the client while they unwind
};

}  // namespace sonm::http
