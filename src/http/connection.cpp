#include "sonm/http/connection.hpp"

#include "sonm/http/head.hpp"

namespace sonm::http {
namespace {

constexpr std::size_t read_bytes = 64 * KiB;

/// A stream with bytes put back in front.
class PrefixedStream final : public ByteStream {
public:
    PrefixedStream(Bytes prefix, std::unique_ptr<ByteStream> stream, Ticket ticket)
        : prefix_(std::move(prefix)), stream_(std::move(stream)), ticket_(std::move(ticket)) {}

    Async<std::size_t> read_some(std::span<std::uint8_t> out) override {
        if (used_ == prefix_.size()) co_return co_await stream_->read_some(out);
        std::size_t count = std::min(out.size(), prefix_.size() - used_);
        std::copy_n(prefix_.begin() + static_cast<std::ptrdiff_t>(used_), count, out.begin());
        used_ += count;
        co_return Result<std::size_t>(count);
    }
    Async<void> write(BytesView bytes) override { return stream_->write(bytes); }
    void shutdown_write() override { stream_->shutdown_write(); }
    void close() override {
        used_ = prefix_.size();
        stream_->close();
    }
    std::string peer() const override { return stream_->peer(); }

private:
    Bytes prefix_;
    std::size_t used_ = 0;
    std::unique_ptr<ByteStream> stream_;
    Ticket ticket_;
};

}  // namespace

Result<std::string> serialize_head(const Request& request, const std::string& host, bool chunked) {
    if (request.method.empty() || has_break_or_blank(request.method))
        return fail(Errc::invalid, "HTTP method \"{}\"", request.method);
    if (request.target.empty() || has_break_or_blank(request.target))
        return fail(Errc::invalid, "HTTP target \"{}\"", request.target);
    std::string out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target, host);
    SONM_CHECK(append_headers(out, request.headers));
    bool carries = !request.body.empty() || request.method == "POST" || request.method == "PUT";
    if (chunked)
        out += "Transfer-Encoding: chunked\r\n";
    else if (carries)
        out += fmt::format("Content-Length: {}\r\n", request.body.size());
    out += "\r\n";
    return out;
}

Exchange::Exchange(std::unique_ptr<ByteStream> stream, std::size_t header_bytes_max, bool no_body,
                   Ticket ticket)
    : stream_(std::move(stream)), parser_(header_bytes_max, no_body), ticket_(std::move(ticket)) {}

Async<void> Exchange::send(std::string bytes) { co_return co_await stream_->write(as_bytes(bytes)); }

Async<void> Exchange::send_chunked(BodySource body, Millis piece_max) {
    bool last = false;
    while (!last) {
        SONM_CO_TRY(Bytes piece, co_await body());
        last = piece.empty();
        Bytes framed = to_bytes(fmt::format("{:x}\r\n", piece.size()));
        append(framed, piece);
        append(framed, as_bytes("\r\n"));
        auto writing = stream_->write(framed);
        SONM_CO_CHECK(co_await within(piece_max, std::move(writing)));
    }
    co_return Result<void>();
}

Async<void> Exchange::advance() {
    buffer_.resize(read_bytes);
    auto count = co_await stream_->read_some(buffer_);
    if (!count) {
        if (!count.error().is(Errc::closed)) co_return tl::unexpected<Error>(std::move(count.error()));
        co_return parser_.finish();
    }
    touched_ = true;
    BytesView got(buffer_.data(), *count);
    SONM_CO_TRY(std::size_t used, parser_.feed(got));
    if (parser_.done()) append(ahead_, got.subspan(used));
    co_return Result<void>();
}

Async<void> Exchange::read_head() {
    while (!parser_.headers_done()) SONM_CO_CHECK(co_await advance());
    co_return Result<void>();
}

Async<Bytes> Exchange::read() {
    while (!parser_.has_body() && !parser_.done()) SONM_CO_CHECK(co_await advance());
    co_return Result<Bytes>(parser_.take_body());
}

std::unique_ptr<ByteStream> Exchange::release() {
    Bytes prefix = parser_.take_body();
    append(prefix, ahead_);
    return std::make_unique<PrefixedStream>(std::move(prefix), std::move(stream_), std::move(ticket_));
}

}  // namespace sonm::http
