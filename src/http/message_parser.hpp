#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/http/response.hpp"

#include <http_parser.h>

namespace sonm::http {

/// What requests and answers have in common: a head of bounded size, a body, an end. Fed with bytes in any
/// pieces; no I/O. What it holds is bounded by `header_bytes_max` and the size of one `feed`, unless a body
/// is left in it.
class MessageParser {
public:
    virtual ~MessageParser() = default;

    /// Takes bytes in and says how many; fewer than given only if the message ended before them. Errors:
    /// invalid (not HTTP), too_large.
    Result<std::size_t> feed(BytesView bytes);
    /// The stream has ended. Errors: closed, if the message is not complete by that.
    Result<void> finish();

    bool headers_done() const { return headers_done_; }
    bool done() const { return done_; }
    /// Whether the connection may carry another message. Only when done.
    bool keep_alive() const { return keep_alive_; }
    /// Body bytes since the last call.
    Bytes take_body() { return std::exchange(body_, Bytes()); }
    bool has_body() const { return !body_.empty(); }

protected:
    /// `what` is what errors call it: "the answer".
    MessageParser(http_parser_type type, std::size_t header_bytes_max, std::string_view what);
    MessageParser(const MessageParser&) = default;
    MessageParser& operator=(const MessageParser&) = default;

    /// What http_parser wants to hear after the headers: 0, or 1 if no body follows.
    virtual int headers_complete() = 0;
    virtual void message_complete() = 0;
    /// Takes `bytes` off the head's allowance; false if there is none left.
    bool charge(std::size_t bytes);

    http_parser parser_;
    bool headers_done_ = false;
    bool done_ = false;
    bool keep_alive_ = false;
    bool in_value_ = true;  ///< the last header piece was of a value: the next name starts a new header
    std::vector<Header> headers_;
    std::string first_line_;  ///< an answer's reason, a request's target
    Bytes body_;

private:
    static MessageParser& self(http_parser* parser) { return *static_cast<MessageParser*>(parser->data); }
    static const http_parser_settings& callbacks();

    std::size_t header_bytes_left_;
    bool over_ = false;
    std::string_view what_;
};

}  // namespace sonm::http
