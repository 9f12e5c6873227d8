#pragma once

#include "sonm/http/client.hpp"
#include "sonm/http/response_parser.hpp"

/// One exchange over one connection: what the client is made of.
namespace sonm::http {

/// Counts one thing that is alive; the count goes down with the last copy.
using Ticket = std::shared_ptr<void>;

/// The request in bytes, without a body; `chunked` announces one of unknown length. Errors: invalid (a line
/// break or blank where none may be: nobody smuggles a second request in).
Result<std::string> serialize_head(const Request& request, const std::string& host, bool chunked);

/// One answer being read from a stream that it owns.
class Exchange final : public BodyStream {
public:
    Exchange(std::unique_ptr<ByteStream> stream, std::size_t header_bytes_max, bool no_body,
             Ticket ticket = nullptr);

    /// Writes the head and the whole body.
    Async<void> send(std::string bytes);
    /// Writes a chunked body piece by piece, each within `piece_max`.
    Async<void> send_chunked(BodySource body, Millis piece_max);
    /// Reads until the headers are there.
    Async<void> read_head();
    /// Whether anything of the answer was seen.
    bool touched() const { return touched_; }
    /// Whether the stream may carry another request: then take it with `take_stream`.
    bool reusable() const { return parser_.done() && parser_.keep_alive() && ahead_.empty(); }
    std::unique_ptr<ByteStream> take_stream() { return std::move(stream_); }
    Response take_head() { return parser_.take_head(); }

    const Response& head() const override { return parser_.head(); }
    Async<Bytes> read() override;
    std::unique_ptr<ByteStream> release() override;

private:
    /// Reads once from the stream into the parser.
    Async<void> advance();

    std::unique_ptr<ByteStream> stream_;
    ResponseParser parser_;
    Bytes buffer_;
    Bytes ahead_;  ///< came after the end of the answer
    bool touched_ = false;
    Ticket ticket_;
};

}  // namespace sonm::http
