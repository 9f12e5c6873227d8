#pragma once

#include "sonm/http/message_parser.hpp"

namespace sonm::http {

/// Reads one HTTP/1.1 answer from bytes that arrive in any pieces. Informational answers (100, 102…) are
/// skipped; a 101 ends it. Value type without I/O.
class ResponseParser final : public MessageParser {
public:
    /// `no_body`: the answer to a HEAD request, which announces a body that does not come.
    ResponseParser(std::size_t header_bytes_max, bool no_body = false)
        : MessageParser(HTTP_RESPONSE, header_bytes_max, "the answer"), no_body_(no_body) {}

    /// After a 101: what follows is no longer HTTP.
    bool upgraded() const { return done_ && head_.status == 101; }
    /// Status and headers, once headers_done(); its body is empty.
    const Response& head() const { return head_; }
    Response take_head() { return std::move(head_); }

private:
    int headers_complete() override;
    void message_complete() override;

    bool no_body_;
    Response head_;
};

}  // namespace sonm::http
