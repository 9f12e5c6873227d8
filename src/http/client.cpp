#include "sonm/http/client.hpp"

#include "sonm/http/connection.hpp"

namespace sonm::http {

using Clock = std::chrono::steady_clock;

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
    struct Idle {
        std::unique_ptr<ByteStream> stream;
        Clock::time_point since;
    };
    /// A place in the pool; given back whichever way the exchange ends.
    struct Place {
        explicit Place(Impl& impl) : impl(impl) {}
        Place(const Place&) = delete;
        ~Place() { impl.places.try_push(true); }
        Impl& impl;
    };

    Impl(const Executor& executor, std::string host, Connector connect, Limits limits,
         std::size_t connections_max)
        : host(std::move(host)),
          connect(std::move(connect)),
          limits(limits),
          places(executor, connections_max) {
        for (std::size_t i = 0; i < connections_max; ++i) places.try_push(true);
    }

    Millis limit(const Request& request) const {
        return request.answer_max.count() ? request.answer_max : limits.answer_max;
    }

    /// The most recently used idle connection that is not too old, or nullptr.
    std::unique_ptr<ByteStream> take_idle() {
        auto oldest = Clock::now() - limits.idle_max;
        std::erase_if(idle, [&](const Idle& kept) { return kept.since < oldest; });
        if (idle.empty()) return nullptr;
        auto stream = std::move(idle.back().stream);
        idle.pop_back();
        return stream;
    }

    Async<std::unique_ptr<ByteStream>> connect_within() { return within(limits.connect_max, connect()); }

    /// Reads the whole body, bounded.
    Async<std::string> read_all(Exchange& exchange) {
        std::string body;
        while (true) {
            SONM_CO_TRY(Bytes piece, co_await exchange.read());
            if (piece.empty()) co_return Result<std::string>(std::move(body));
            if (body.size() + piece.size() > limits.body_bytes_max) {
                co_return fail(Errc::too_large, "the answer has more than {} bytes", limits.body_bytes_max);
            }
            body += as_text(piece);
        }
    }

    /// One attempt on one connection. `unseen` is set if it failed before the first byte of an answer.
    Async<Response> attempt(std::unique_ptr<ByteStream> stream, std::string bytes, bool no_body,
                            bool& unseen) {
        Exchange exchange(std::move(stream), limits.header_bytes_max, no_body);
        auto sent = co_await exchange.send(std::move(bytes));
        // Even if sending failed there may be an answer: a server refuses a large request and closes.
        auto head = co_await exchange.read_head();
        if (!head) {
            unseen = !exchange.touched();
            co_return tl::unexpected<Error>(std::move(sent ? head.error() : sent.error()));
        }
        SONM_CO_TRY(std::string body, co_await read_all(exchange));
        bool reusable = sent && exchange.reusable();
        Response response = exchange.take_head();
        response.body = std::move(body);
        if (reusable) idle.push_back(Idle{exchange.take_stream(), Clock::now()});
        co_return Result<Response>(std::move(response));
    }

    static Async<Response> run(std::shared_ptr<Impl> impl, Request request) {
        SONM_CO_TRY(std::string bytes, serialize_head(request, impl->host, false));
        bytes += request.body;
        bool no_body = request.method == "HEAD";
        SONM_CO_CHECK(co_await impl->places.pop());
        Place place(*impl);
        bool unseen = false;
        if (auto kept = impl->take_idle()) {
            auto answer = co_await impl->attempt(std::move(kept), bytes, no_body, unseen);
            if (answer || !unseen) co_return std::move(answer);
            impl->idle.clear();  // as old as the one that failed, or older
        }
        SONM_CO_TRY(auto fresh, co_await impl->connect_within());
        co_return co_await impl->attempt(std::move(fresh), std::move(bytes), no_body, unseen);
    }

    /// Connects and sends; the caller reads the headers.
    static Async<std::unique_ptr<Exchange>> begin(std::shared_ptr<Impl> impl, std::string bytes,
                                                  bool no_body) {
        if (impl->streams >= impl->limits.streams_max) {
            co_return fail(Errc::busy, "{} answers of {} are being read", impl->streams, impl->host);
        }
        ++impl->streams;
        Ticket ticket(nullptr, [impl](void*) { --impl->streams; });
        SONM_CO_TRY(auto stream, co_await impl->connect_within());
        auto exchange = std::make_unique<Exchange>(std::move(stream), impl->limits.header_bytes_max, no_body,
                                                   std::move(ticket));
        // A failure to send shows when the answer is read; the server may have said why before it closed.
        (void)co_await exchange->send(std::move(bytes));
        co_return Result<std::unique_ptr<Exchange>>(std::move(exchange));
    }

    static Async<std::unique_ptr<BodyStream>> run_open(std::shared_ptr<Impl> impl, Request request) {
        SONM_CO_TRY(std::string bytes, serialize_head(request, impl->host, false));
        bytes += request.body;
        SONM_CO_TRY(auto exchange, co_await begin(impl, std::move(bytes), request.method == "HEAD"));
        SONM_CO_CHECK(co_await exchange->read_head());
        co_return Result<std::unique_ptr<BodyStream>>(std::move(exchange));
    }

    static Async<std::unique_ptr<BodyStream>> run_upload(std::shared_ptr<Impl> impl, Request request,
                                                         BodySource body) {
        Millis limit = impl->limit(request);
        SONM_CO_TRY(std::string bytes, serialize_head(request, impl->host, true));
        auto beginning = begin(impl, std::move(bytes), false);
        SONM_CO_TRY(auto exchange, co_await within(limit, std::move(beginning)));
        auto sent = co_await exchange->send_chunked(std::move(body), limit);
        // What the source or a stalled server says is the reason; a closed connection may come with an
        // answer.
        if (!sent && !sent.error().is(Errc::closed) && !sent.error().is(Errc::io))
            co_return tl::unexpected<Error>(std::move(sent.error()));
        auto heading = exchange->read_head();
        auto head = co_await within(limit, std::move(heading));
        if (!head) co_return tl::unexpected<Error>(std::move(sent ? head.error() : sent.error()));
        co_return Result<std::unique_ptr<BodyStream>>(std::move(exchange));
    }

    std::string host;
    Connector connect;
    Limits limits;
    Channel<bool> places;
    std::vector<Idle> idle;
    std::size_t streams = 0;
};

Client::Client(Executor executor, std::string address, Limits limits, std::size_t connections_max) {
    std::string host = address.starts_with("unix:") ? "localhost" : address;
    Connector connect = [address, limit = limits.connect_max] { return connect_stream(address, limit); };
    impl_ = std::make_shared<Impl>(executor, std::move(host), std::move(connect), limits, connections_max);
}

Client::Client(Executor executor, std::string host, Connector connect, Limits limits,
               std::size_t connections_max)
    : impl_(std::make_shared<Impl>(executor, std::move(host), std::move(connect), limits, connections_max)) {}

Client::~Client() = default;

Async<Response> Client::request(Request request) {
    Millis limit = impl_->limit(request);
    return within(limit, Impl::run(impl_, std::move(request)));
}

Async<std::unique_ptr<BodyStream>> Client::open(Request request) {
    Millis limit = impl_->limit(request);
    return within(limit, Impl::run_open(impl_, std::move(request)));
}

Async<std::unique_ptr<BodyStream>> Client::open(Request request, BodySource body) {
    return Impl::run_upload(impl_, std::move(request), std::move(body));
}

std::string url_encode(std::string_view text) {
    std::string out;
    for (unsigned char c : text) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '.' || c == '_' || c == '~';
        if (plain)
            out += static_cast<char>(c);
        else
            out += fmt::format("%{:02X}", c);
    }
    return out;
}

}  // namespace sonm::http
