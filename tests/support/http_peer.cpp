#include "support/http_peer.hpp"

#include "sonm/base/units.hpp"

#include <charconv>

namespace sonm::test {
namespace {

constexpr std::size_t request_bytes_max = 64 * MiB;

/// More bytes at the end of `buffer`.
Async<void> more(ByteStream& stream, std::string& buffer) {
    Bytes piece(64 * KiB);
    auto reading = stream.read_some(piece);
    SONM_CO_TRY(std::size_t count, co_await std::move(reading));
    buffer += as_text(BytesView(piece).first(count));
    if (buffer.size() > request_bytes_max) co_return fail(Errc::too_large, "request");
    co_return Result<void>();
}

Async<std::string> read_chunked(ByteStream& stream, std::string& buffer) {
    std::string body;
    while (true) {
        std::size_t line;
        while ((line = buffer.find("\r\n")) == buffer.npos) SONM_CO_CHECK(co_await more(stream, buffer));
        std::size_t size = 0;
        std::from_chars(buffer.data(), buffer.data() + line, size, 16);
        while (buffer.size() < line + 2 + size + 2) SONM_CO_CHECK(co_await more(stream, buffer));
        body += buffer.substr(line + 2, size);
        buffer.erase(0, line + 2 + size + 2);
        if (size == 0) co_return body;
    }
}

PeerRequest parse_head(const std::string& head) {
    PeerRequest request;
    std::size_t line = head.find("\r\n");
    std::size_t first = head.find(' '), second = head.find(' ', first + 1);
    request.method = head.substr(0, first);
    request.target = head.substr(first + 1, second - first - 1);
    while (line != head.npos && line + 2 < head.size()) {
        std::size_t next = head.find("\r\n", line + 2);
        std::string text = head.substr(line + 2, next == head.npos ? head.npos : next - line - 2);
        std::size_t colon = text.find(':');
        if (colon != text.npos) {
            std::string name = text.substr(0, colon);
            for (char& c : name) c = static_cast<char>(std::tolower(c));
            std::size_t value = text.find_first_not_of(' ', colon + 1);
            request.headers[name] = value == text.npos ? "" : text.substr(value);
        }
        line = next;
    }
    return request;
}

}  // namespace

HttpPeer::HttpPeer(const Executor& executor, PeerAnswer answer)
    : answer_(std::move(answer)), listener_(std::move(*listen_tcp(executor, "127.0.0.1", 0))) {}

std::string HttpPeer::url() const { return "http://" + listener_->address(); }

Task<void> HttpPeer::run() {
    auto body = [this](TaskGroup& group) -> Task<void> {
        while (true) {
            auto accepting = listener_->accept();
            auto stream = co_await std::move(accepting);
            if (!stream) co_return;
            group.spawn(serve(std::move(*stream)));
        }
    };
    auto all = scope(256, std::move(body));
    co_await std::move(all);
}

Task<void> HttpPeer::serve(std::unique_ptr<ByteStream> stream) {
    auto serving = serve_all(*stream);
    (void)co_await std::move(serving);
}

Async<void> HttpPeer::serve_all(ByteStream& stream) {
    std::string buffer;
    while (true) {
        std::size_t end;
        while ((end = buffer.find("\r\n\r\n")) == buffer.npos) SONM_CO_CHECK(co_await more(stream, buffer));
        PeerRequest request = parse_head(buffer.substr(0, end));
        buffer.erase(0, end + 4);
        if (request.headers.contains("transfer-encoding")) {
            auto reading = read_chunked(stream, buffer);
            SONM_CO_TRY(request.body, co_await std::move(reading));
        } else if (request.headers.contains("content-length")) {
            std::size_t size = parse_int<std::size_t>(request.headers["content-length"]).value_or(0);
            while (buffer.size() < size) SONM_CO_CHECK(co_await more(stream, buffer));
            request.body = buffer.substr(0, size);
            buffer.erase(0, size);
        }
        seen.push_back(request);
        auto answering = answer_(std::move(request), stream);
        SONM_CO_CHECK(co_await std::move(answering));
    }
}

Async<void> write_answer(ByteStream& stream, int status, std::string body, std::string headers) {
    std::string text = fmt::format("HTTP/1.1 {} Status\r\ncontent-length: {}\r\n{}\r\n{}", status,
                                   body.size(), headers, body);
    auto writing = stream.write(as_bytes(text));
    co_return co_await std::move(writing);
}

}  // namespace sonm::test
