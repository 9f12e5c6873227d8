#pragma once

#include "sonm/base/stream.hpp"
#include "sonm/http/request_parser.hpp"

#include <functional>

namespace sonm::http {

struct ServerLimits {
    ServerLimits() = default;
    std::size_t header_bytes_max = 16 * KiB;
    std::size_t body_bytes_max = 1 * MiB;
    std::size_t connections_max = 64;
    std::size_t requests_max = 10'000;  ///< on one connection, then it is closed
    Millis idle_max{60'000};            ///< for the first byte of a request
    Millis head_max{10'000};            ///< from that byte to the end of the headers
    Millis body_max{30'000};            ///< for the body
    Millis handle_max{300'000};         ///< one handler, its streamed answer included
    Millis write_max{10'000};           ///< one write: a client that does not read
};

/// The answer to one request, written by its handler: whole, or a head and then pieces. Ends with the
/// handler.
class Responder {
public:
    Responder(ByteStream& stream, const RequestParser& request, const ServerLimits& limits, bool last);
    Responder(const Responder&) = delete;

    /// A whole answer. Errors: invalid (a header that cannot be), conflict (an answer has begun), and those
    /// of the stream.
    Async<void> send(Response response);
    /// Begins an answer whose body follows in pieces; the head's own body is the first. Pieces for a status
    /// without a body are dropped. Errors: as send.
    Async<void> begin(Response head);
    /// The next piece; waits while the client is slow. Errors: closed, timeout: the client is of no more use.
    Async<void> write(BytesView piece);
    bool begun() const { return begun_; }

private:
    friend class Server;
    Result<std::string> head_of(const Response& response, std::string_view length);
    Async<void> put(std::string bytes);
    /// After the handler: completes the answer, or makes one that says the handler failed. False: the
    /// connection cannot be used again.
    Task<bool> finish(const Result<void>& handled);

    ByteStream& stream_;
    const ServerLimits& limits_;
    bool bodiless_;  ///< the answer ends with its head
    bool http_1_0_, last_;
    bool begun_ = false, chunked_ = false, broken_ = false;
};

/// Answers one request. The request lives until the handler ends. A failure without an answer becomes a 500
/// whose body is its sentence.
using RequestHandler = std::function<Async<void>(const Incoming&, Responder&)>;

/// A small HTTP/1.1 server: keep-alive, pipelining, chunked bodies both ways. One executor. Resource type.
class Server {
public:
    Server(Executor executor, RequestHandler handler, ServerLimits limits = ServerLimits());
    Server(const Server&) = delete;

    /// Accepts on `listener`. Before run().
    void listen(std::unique_ptr<Listener> listener);
    /// Serves until cancelled. A connection's failure never ends it.
    Task<void> run();
    /// Serves one connection until it ends.
    Task<void> serve(std::unique_ptr<ByteStream> stream);
    /// From now on each answer is the last of its connection.
    void close_gently() { closing_ = true; }
    /// Largest body of requests from now on.
    void set_body_max(std::size_t bytes) { limits_.body_bytes_max = bytes; }

    std::size_t connections() const { return connections_; }
    /// Turned away for want of room.
    std::uint64_t refused() const { return refused_; }

private:
    struct Input;
    Task<void> accept(TaskGroup& group, Listener& listener);
    Async<void> serve_one(ByteStream& stream);
    Async<void> read(ByteStream& stream, Input& input, RequestParser& parser);
    Task<void> refuse(ByteStream& stream, const RequestParser& parser, const Error& error);

    Executor executor_;
    RequestHandler handler_;
    ServerLimits limits_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::size_t connections_ = 0;
    std::uint64_t refused_ = 0;
    bool closing_ = false;
};

/// A text or JSON answer.
Response text_response(int status, std::string body, std::string type = "text/plain; charset=utf-8");

}  // namespace sonm::http
