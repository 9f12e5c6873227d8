#include "sonm/http/request_parser.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/http/head.hpp"

#include <limits>

namespace sonm::http {

Result<std::string> url_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        auto digit = [&](std::size_t at) {
            char c = at < text.size() ? text[at] : '\0';
            if (c >= '0' && c <= '9') return c - '0';
            c = static_cast<char>(c | 0x20);
            return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        };
        int high = digit(i + 1), low = digit(i + 2);
        if (high < 0 || low < 0)
            return fail(Errc::invalid, "'{}': % is followed by two hexadecimal digits", text);
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

int RequestParser::headers_complete() {
    head_.method = http_method_str(static_cast<http_method>(parser_.method));
    head_.target = std::exchange(first_line_, {});
    head_.headers = std::exchange(headers_, {});
    headers_done_ = true;
    if (const std::string* expect = head_.header("Expect")) expects_continue_ = *expect == "100-continue";
    if (parser_.content_length != std::numeric_limits<std::uint64_t>::max())
        announced_ = parser_.content_length;
    if (head_.target.empty() || has_break_or_blank(head_.target) ||
        (head_.target[0] != '/' && head_.target != "*"))
        wrong_ = "its target is no path";
    else if (parser_.http_major != 1)
        wrong_ = "it is of another version";
    else if (!is_http_1_0() && !head_.header("Host"))
        wrong_ = "it has no Host";
    return 0;
}

void RequestParser::message_complete() {
    done_ = true;
    keep_alive_ = http_should_keep_alive(&parser_) && !parser_.upgrade;
}

Result<std::size_t> RequestParser::feed(BytesView bytes) {
    started_ = started_ || !bytes.empty();
    auto used = MessageParser::feed(bytes);
    if (announced_ > body_bytes_max_ || body_.size() > body_bytes_max_)
        return fail(Errc::too_large, "the body of a request may have {} bytes", body_bytes_max_);
    if (used && !wrong_.empty()) return fail(Errc::invalid, "the request is refused: {}", wrong_);
    return used;
}

Incoming RequestParser::take() {
    head_.body = std::string(as_text(body_));
    body_.clear();
    return std::move(head_);
}

}  // namespace sonm::http
