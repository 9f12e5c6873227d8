#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/http/response.hpp"

#include <http_parser.h>

namespace sonm::http {

/// Reads one HTTP/1.1 answer from bytes that arrive in any pieces. Informational answers (100, 102…) are
/// skipped; a 101 ends it. Value type without I/O; what it holds is bounded by `header_bytes_max` and the
/// size of one `feed`.
class ResponseParser {
public:
    /// `no_body`: the answer to a HEAD request, which announces a body that does not come.
    ResponseParser(std::size_t header_bytes_max, bool no_body = false);

    /// Takes bytes in and says how many; fewer than given only if the answer ended before them.
    /// Errors: invalid (not HTTP), too_large (headers).
    Result<std::size_t> feed(BytesView bytes);
    /// The stream has ended. Errors: closed, if the answer is not complete by that.
    Result<void> finish();

    bool headers_done() const { return headers_done_; }
    bool done() const { return done_; }
    /// After a 101: what follows is no longer HTTP.
    bool upgraded() const { return done_ && head_.status == 101; }
    /// Whether the connection may carry another request. Only when done.
    bool keep_alive() const { return keep_alive_; }
    /// Status and headers, once headers_done(); its body is empty.
    const Response& head() const { return head_; }
    Response take_head() { return std::move(head_); }
    /// Body bytes since the last call.
    Bytes take_body() { return std::exchange(body_, Bytes()); }
    bool has_body() const { return !body_.empty(); }

private:
    static ResponseParser& self(http_parser* parser) { return *static_cast<ResponseParser*>(parser->data); }
    static const http_parser_settings& callbacks();
    bool charge(std::size_t bytes);
    int headers_complete();
    int message_complete();

    http_parser parser_;
    std::size_t header_bytes_left_;
    bool no_body_;
    bool headers_done_ = false;
    bool done_ = false;
    bool keep_alive_ = false;
    bool in_value_ = true;  ///< the last header piece was of a value: the next name starts a new header
    Response head_;
    Bytes body_;
};

}  // namespace sonm::http
