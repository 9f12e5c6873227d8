#include "sonm/base/log.hpp"
#include "sonm/http/head.hpp"
#include "sonm/http/server.hpp"

namespace sonm::http {
namespace {

/// RFC 9110 6.4.1: these have no body, and say no length of one.
bool is_bare(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

Responder::Responder(ByteStream& stream, const RequestParser& request, const ServerLimits& limits, bool last)
    : stream_(stream),
      limits_(limits),
      bodiless_(request.head().method == "HEAD"),
      http_1_0_(request.headers_done() && request.is_http_1_0()),
      last_(last) {}

Result<std::string> Responder::head_of(const Response& response, std::string_view length) {
    if (begun_) return fail(Errc::conflict, "this request has an answer already");
    std::string_view reason = response.reason;
    if (reason.empty()) reason = http_status_str(static_cast<http_status>(response.status));
    std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason);
    SONM_CHECK(append_headers(out, response.headers));
    out += length;
    if (last_)
        out += "Connection: close\r\n";
    else if (http_1_0_)
        out += "Connection: keep-alive\r\n";
    out += "\r\n";
    return out;
}

Async<void> Responder::put(std::string bytes) {
    auto writing = stream_.write(as_bytes(bytes));
    auto written = co_await within(limits_.write_max, std::move(writing));
    broken_ = broken_ || !written;
    co_return written;
}

Async<void> Responder::send(Response response) {
    bool bare = is_bare(response.status);
    std::string length = bare ? std::string() : fmt::format("Content-Length: {}\r\n", response.body.size());
    SONM_CO_TRY(std::string out, head_of(response, length));
    begun_ = true;
    if (!bodiless_ && !bare) out += response.body;
    co_return co_await put(std::move(out));
}

Async<void> Responder::begin(Response head) {
    bool bare = is_bare(head.status);
    // Without chunks only the connection's end tells the body's.
    last_ = last_ || (http_1_0_ && !bare);
    SONM_CO_TRY(std::string out, head_of(head, http_1_0_ || bare ? "" : "Transfer-Encoding: chunked\r\n"));
    begun_ = true;
    bodiless_ = bodiless_ || bare;
    chunked_ = !http_1_0_ && !bodiless_;
    auto putting = put(std::move(out));
    SONM_CO_CHECK(co_await std::move(putting));
    co_return co_await write(as_bytes(head.body));
}

Async<void> Responder::write(BytesView piece) {
    if (piece.empty() || bodiless_) co_return Result<void>();
    std::string out = chunked_ ? fmt::format("{:x}\r\n", piece.size()) : std::string();
    out += as_text(piece);
    if (chunked_) out += "\r\n";
    co_return co_await put(std::move(out));
}

Task<bool> Responder::finish(const Result<void>& handled) {
    if (!begun_) {
        std::string what = handled ? "the handler gave no answer" : handled.error().message();
        SONM_LOG(warn, "http: {}", what);
        Response answer = text_response(500, what + "\n");
        auto sending = send(std::move(answer));
        auto sent = co_await std::move(sending);
        co_return sent && !broken_;
    }
    // An answer that was cut short must not look complete.
    if (broken_ || !handled) co_return false;
    if (chunked_) {
        auto ending = put("0\r\n\r\n");
        if (auto ended = co_await std::move(ending); !ended) co_return false;
    }
    co_return !last_;
}

}  // namespace sonm::http
