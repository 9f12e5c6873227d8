#include "sonm/http/server.hpp"

#include "sonm/base/log.hpp"
#include "sonm/http/head.hpp"

namespace sonm::http {
namespace {

constexpr std::size_t read_bytes = 16 * KiB;
/// How long a listener rests when the process has run out of file descriptors.
constexpr Millis rest{100};
/// After a refusal: what the client still sends is read and dropped, or its system would drop our answer.
constexpr Millis linger_max{1'000};
constexpr std::size_t linger_bytes_max = 1 * MiB;

int status_of(const Error& error, const RequestParser& parser) {
    if (error.is(Errc::too_large)) return parser.headers_done() ? 413 : 431;
    return error.is(Errc::timeout) ? 408 : 400;
}

Async<void> linger(ByteStream& stream) {
    stream.shutdown_write();
    Bytes buffer(read_bytes);
    for (std::size_t total = 0; total < linger_bytes_max;) {
        auto reading = stream.read_some(buffer);
        SONM_CO_TRY(std::size_t count, co_await std::move(reading));
        total += count;
    }
    co_return Result<void>();
}

}  // namespace

Response text_response(int status, std::string body, std::string type) {
    Response response;
    response.status = status;
    response.headers.push_back(Header{"Content-Type", std::move(type)});
    response.body = std::move(body);
    return response;
}

/// Bytes of one connection that no request has taken yet.
struct Server::Input {
    Bytes buffer = Bytes(read_bytes);
    BytesView ahead;

    Async<void> feed(ByteStream& stream, RequestParser& parser) {
        if (ahead.empty()) {
            auto reading = stream.read_some(buffer);
            SONM_CO_TRY(std::size_t count, co_await std::move(reading));
            ahead = BytesView(buffer.data(), count);
        }
        SONM_CO_TRY(std::size_t used, parser.feed(ahead));
        ahead = ahead.subspan(used);
        co_return Result<void>();
    }
    Async<void> until_headers(ByteStream& stream, RequestParser& parser) {
        while (!parser.headers_done()) {
            auto feeding = feed(stream, parser);
            SONM_CO_CHECK(co_await std::move(feeding));
        }
        co_return Result<void>();
    }
    Async<void> until_done(ByteStream& stream, RequestParser& parser) {
        while (!parser.done()) {
            auto feeding = feed(stream, parser);
            SONM_CO_CHECK(co_await std::move(feeding));
        }
        co_return Result<void>();
    }
};

Server::Server(Executor executor, RequestHandler handler, ServerLimits limits)
    : executor_(std::move(executor)), handler_(std::move(handler)), limits_(limits) {}

void Server::listen(std::unique_ptr<Listener> listener) { listeners_.push_back(std::move(listener)); }

Task<void> Server::run() {
    auto body = [this](TaskGroup& group) -> Task<void> {
        for (auto& listener : listeners_) group.spawn(accept(group, *listener));
        auto ending = group.join();
        co_await std::move(ending);
    };
    auto work = scope(limits_.connections_max + listeners_.size(), std::move(body));
    co_await std::move(work);
}

Task<void> Server::accept(TaskGroup& group, Listener& listener) {
    while (true) {
        auto accepting = listener.accept();
        auto stream = co_await std::move(accepting);
        if (stream) {
            // Beyond the limit the newest is turned away by closing it.
            if (connections_ >= limits_.connections_max || !group.spawn(serve(std::move(*stream))))
                ++refused_;
            continue;
        }
        if (stream.error().is(Errc::closed)) co_return;
        SONM_LOG(warn, "http: {}", stream.error().message());
        auto resting = sleep_for(rest);
        co_await std::move(resting);
    }
}

Task<void> Server::serve(std::unique_ptr<ByteStream> stream) {
    struct Counted {
        explicit Counted(std::size_t& c) : count(c) { ++count; }
        ~Counted() { --count; }
        std::size_t& count;
    } counted(connections_);
    auto contained = contain(serve_one(*stream));
    auto outcome = co_await std::move(contained);
    if (!outcome) SONM_LOG(debug, "http connection of {}: {}", stream->peer(), outcome.error().message());
}

Async<void> Server::serve_one(ByteStream& stream) {
    Input input;
    for (std::size_t served = 1;; ++served) {
        RequestParser parser(limits_.header_bytes_max, limits_.body_bytes_max);
        auto reading = read(stream, input, parser);
        auto got = co_await std::move(reading);
        if (!got) {
            if (got.error().is(Errc::closed) || !parser.started()) co_return Result<void>();
            auto refusing = refuse(stream, parser, got.error());
            co_await std::move(refusing);
            co_return got;
        }
        bool last = closing_ || !parser.keep_alive() || served >= limits_.requests_max;
        Responder responder(stream, parser, limits_, last);
        Incoming request = parser.take();
        request.peer = stream.peer();
        auto handling = contain(handler_(request, responder));
        auto handled = co_await within(limits_.handle_max, std::move(handling));
        auto finishing = responder.finish(handled);
        bool reusable = co_await std::move(finishing);
        if (!reusable || last) co_return Result<void>();
    }
}

Async<void> Server::read(ByteStream& stream, Input& input, RequestParser& parser) {
    auto first = input.feed(stream, parser);
    SONM_CO_CHECK(co_await within(limits_.idle_max, std::move(first)));
    auto head = input.until_headers(stream, parser);
    SONM_CO_CHECK(co_await within(limits_.head_max, std::move(head)));
    if (parser.expects_continue() && input.ahead.empty()) {
        auto inviting = stream.write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
        SONM_CO_CHECK(co_await within(limits_.write_max, std::move(inviting)));
    }
    auto rest_of_it = input.until_done(stream, parser);
    co_return co_await within(limits_.body_max, std::move(rest_of_it));
}

Task<void> Server::refuse(ByteStream& stream, const RequestParser& parser, const Error& error) {
    Responder responder(stream, parser, limits_, true);
    Response answer = text_response(status_of(error, parser), error.message() + "\n");
    auto sending = responder.send(std::move(answer));
    if (auto sent = co_await std::move(sending); !sent) co_return;
    auto lingering = linger(stream);
    (void)co_await within(linger_max, std::move(lingering));
}

}  // namespace sonm::http
