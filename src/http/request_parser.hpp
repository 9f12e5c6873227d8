#pragma once

#include "sonm/http/message_parser.hpp"

namespace sonm::http {

/// A request that came in.
struct Incoming {
    std::string method;
    std::string target;  ///< path and query as they came; begins with "/", or is "*"
    std::vector<Header> headers;
    std::string body;
    std::string peer;  ///< "127.0.0.1:4242"

    /// First header of that name, without case; nullptr if there is none.
    const std::string* header(std::string_view name) const { return find_header(headers, name); }
    /// The target up to its query, still percent-encoded.
    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
};

/// Undoes percent-encoding. Errors: invalid.
Result<std::string> url_decode(std::string_view text);

/// Reads one HTTP/1.1 (or 1.0) request from bytes that arrive in any pieces. Value type without I/O.
class RequestParser final : public MessageParser {
public:
    RequestParser(std::size_t header_bytes_max, std::size_t body_bytes_max)
        : MessageParser(HTTP_REQUEST, header_bytes_max, "the request"), body_bytes_max_(body_bytes_max) {}

    /// As MessageParser::feed; too_large also for a body that is, or is announced to be, over its limit.
    Result<std::size_t> feed(BytesView bytes);
    /// Whether anything of it was seen.
    bool started() const { return started_; }
    /// The sender waits for "100 Continue" before the body. Once headers_done().
    bool expects_continue() const { return expects_continue_ && !done_ && body_.empty(); }
    bool is_http_1_0() const { return parser_.http_major == 1 && parser_.http_minor == 0; }
    /// Method, target and headers, once headers_done().
    const Incoming& head() const { return head_; }
    /// With its body, once done().
    Incoming take();

private:
    int headers_complete() override;
    void message_complete() override;

    std::size_t body_bytes_max_;
    std::uint64_t announced_ = 0;
    bool started_ = false;
    bool expects_continue_ = false;
    std::string wrong_;  ///< why a well-formed request is refused
    Incoming head_;
};

}  // namespace sonm::http
