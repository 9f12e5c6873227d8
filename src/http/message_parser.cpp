#include "sonm/http/message_parser.hpp"

#include "sonm/base/errc.hpp"

namespace sonm::http {
namespace {

/// Charged for every header besides its text, so that a million empty ones are no way round the limit.
constexpr std::size_t header_cost_bytes = 32;

bool equal_without_case(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

const std::string* find_header(const std::vector<Header>& headers, std::string_view name) {
    for (const Header& header : headers)
        if (equal_without_case(header.name, name)) return &header.value;
    return nullptr;
}

const std::string* Response::header(std::string_view name) const { return find_header(headers, name); }

MessageParser::MessageParser(http_parser_type type, std::size_t header_bytes_max, std::string_view what)
    : header_bytes_left_(header_bytes_max), what_(what) {
    http_parser_init(&parser_, type);
}

bool MessageParser::charge(std::size_t bytes) {
    over_ = over_ || bytes > header_bytes_left_;
    header_bytes_left_ -= over_ ? 0 : bytes;
    return !over_;
}

const http_parser_settings& MessageParser::callbacks() {
    static const http_parser_settings settings = [] {
        auto first_line = [](http_parser* p, const char* at, std::size_t size) {
            if (!self(p).charge(size)) return 1;
            self(p).first_line_.append(at, size);
            return 0;
        };
        http_parser_settings s;
        http_parser_settings_init(&s);
        s.on_status = first_line;
        s.on_url = first_line;
        s.on_header_field = [](http_parser* p, const char* at, std::size_t size) {
            MessageParser& me = self(p);
            bool fresh = me.in_value_;
            if (!me.charge(size + (fresh ? header_cost_bytes : 0))) return 1;
            me.in_value_ = false;
            // Names after the headers are a chunked body's trailers: counted, not kept.
            if (me.headers_done_) return 0;
            if (fresh) me.headers_.emplace_back();
            me.headers_.back().name.append(at, size);
            return 0;
        };
        s.on_header_value = [](http_parser* p, const char* at, std::size_t size) {
            MessageParser& me = self(p);
            if (!me.charge(size)) return 1;
            me.in_value_ = true;
            if (me.headers_done_) return 0;
            me.headers_.back().value.append(at, size);
            return 0;
        };
        s.on_headers_complete = [](http_parser* p) { return self(p).headers_complete(); };
        s.on_body = [](http_parser* p, const char* at, std::size_t size) {
            append(self(p).body_, as_bytes(std::string_view(at, size)));
            return 0;
        };
        s.on_message_complete = [](http_parser* p) {
            self(p).message_complete();
            if (self(p).done_) http_parser_pause(p, 1);
            return 0;
        };
        return s;
    }();
    return settings;
}

Result<std::size_t> MessageParser::feed(BytesView bytes) {
    // No bytes would mean the end of the stream to http_parser.
    if (done_ || bytes.empty()) return 0;
    parser_.data = this;
    std::size_t used = http_parser_execute(&parser_, &callbacks(), as_text(bytes).data(), bytes.size());
    if (done_) return used;
    auto error = HTTP_PARSER_ERRNO(&parser_);
    if (over_ || error == HPE_HEADER_OVERFLOW) return fail(Errc::too_large, "headers of {}", what_);
    if (error != HPE_OK)
        return fail(Errc::invalid, "{} is not HTTP/1.1: {}", what_, http_errno_description(error));
    return used;
}

Result<void> MessageParser::finish() {
    if (done_) return {};
    parser_.data = this;
    http_parser_execute(&parser_, &callbacks(), nullptr, 0);
    if (!done_)
        return fail(Errc::closed, "{} is cut short in its {}", what_, headers_done_ ? "body" : "headers");
    keep_alive_ = false;
    return {};
}

}  // namespace sonm::http
