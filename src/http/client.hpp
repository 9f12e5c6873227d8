#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sonm/base/stream.hpp"

/// HTTP/1.1 over any byte stream: chain (JSON-RPC), engine (Docker API) and later the gateway use this one client.
namespace sonm::http {

struct Header {
    std::string name;  ///< as written; compared without case
    std::string value;
};

struct Request {
    std::string method = "GET";
    std::string target = "/";  ///< path and query, already percent-encoded
    std::vector<Header> headers;
    std::string body;
};

struct Response {
    int status = 0;
    std::string reason;
    std::vector<Header> headers;
    std::string body;
    /// First header of that name, without case; nullptr if there is none.
    const std::string* header(std::string_view name) const;
};

struct Limits {
    std::size_t header_bytes_max = 64 * KiB;
    std::size_t body_bytes_max = 64 * MiB;
    Millis connect_max{5'000};
    Millis answer_max{30'000};  ///< whole exchange for `request`; only until the headers for `open`
};

/// A response whose body is read piece by piece; or, after a 101, a raw stream both ways.
class BodyStream {
public:
    virtual ~BodyStream() = default;
    virtual const Response& head() const = 0;
    /// Next bytes of the body (chunking removed); empty at its end. Errors: closed (cut short), io, too_large.
    virtual Async<Bytes> read() = 0;
    /// After an upgrade (101, or a connection that was asked for hijacking): the raw stream, with what was read ahead put back.
    virtual std::unique_ptr<ByteStream> release() = 0;
};

/// Gives the next piece of a request body; an empty piece ends it.
using BodySource = std::function<Async<Bytes>()>;

/// Percent-encodes a path segment or query value.
std::string url_encode(std::string_view text);

/// Keeps connections to one server ("host:port" or "unix:/path") alive and reuses them. At most `connections_max` at a time;
/// further requests wait for one within their deadline. One executor.
class Client {
public:
    Client(Executor executor, std::string address, Limits limits = Limits(), std::size_t connections_max = 8);
    ~Client();
    Client(const Client&) = delete;

    /// Sends and reads the whole answer. A kept-alive connection that the server closed meanwhile is replaced once, only if no byte
    /// of the answer was seen. Errors: unavailable (cannot connect), timeout, closed, too_large, invalid (not HTTP).
    Async<Response> request(Request request);
    /// Sends, reads the headers and leaves the body to the caller, on a connection of its own.
    Async<std::unique_ptr<BodyStream>> open(Request request);
    /// The same with a request body of unknown length (chunked).
    Async<std::unique_ptr<BodyStream>> open(Request request, BodySource body);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace sonm::http
