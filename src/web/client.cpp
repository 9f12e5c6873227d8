#include "sonm/web/client.hpp"

#include "sonm/web/detail/transfer.hpp"

#include <strings.h>

#include <list>

namespace sonm::web {

using detail::Transfer;

const std::string* Response::header(std::string_view name) const {
    for (const Header& header : headers)
        if (header.name.size() == name.size() &&
            ::strncasecmp(header.name.data(), name.data(), name.size()) == 0)
            return &header.value;
    return nullptr;
}

std::string url_encode(std::string_view text, std::string_view keep) {
    std::string out;
    for (unsigned char c : text) {
        bool plain = (c < 0x80 && std::isalnum(c)) || c == '-' || c == '.' || c == '_' || c == '~' ||
                     keep.find(static_cast<char>(c)) != keep.npos;
        if (plain)
            out += static_cast<char>(c);
        else
            out += fmt::format("%{:02X}", c);
    }
    return out;
}

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
    Impl(const Executor& e, Options given)
        : executor(e),
          options(std::move(given)),
          engine(std::make_shared<detail::Engine>(executor)),
          places(executor, options.limits.transfers_max) {
        for (std::size_t i = 0; i < options.limits.transfers_max; ++i) (void)places.try_push(true);
    }

    /// The right to have one exchange under way.
    struct Place {
        explicit Place(std::shared_ptr<Impl> i) : impl(std::move(i)) { ++impl->transfers; }
        Place(const Place&) = delete;
        ~Place() {
            --impl->transfers;
            (void)impl->places.try_push(true);
        }
        std::shared_ptr<Impl> impl;
    };
    /// Waits for the turn. It is a Place at once: whoever is cancelled before it comes to him loses none.
    static Async<std::unique_ptr<Place>> take(std::shared_ptr<Impl> impl) {
        auto waiting = impl->places.pop();
        SONM_CO_CHECK(co_await std::move(waiting));
        co_return std::make_unique<Place>(std::move(impl));
    }

    /// An exchange with its place; the exchange goes first.
    class Open final : public Body {
    public:
        Open(std::unique_ptr<Place> place, Request request, bool streamed, std::optional<std::uint64_t> bytes)
            : place_(std::move(place)),
              transfer_(place_->impl->engine, place_->impl->options, std::move(request), streamed, bytes) {}
        ~Open() override {
            if (transfer_.leaves_lookup()) place_->impl->linger(transfer_.held());
        }
        const Response& head() const override { return transfer_.head(); }
        Async<Bytes> read() override {
            return within(place_->impl->options.limits.idle_max, transfer_.read());
        }
        Transfer& transfer() { return transfer_; }

    private:
        std::unique_ptr<Place> place_;
        Transfer transfer_;
    };

    /// What a request holds for a look-up that it left behind: its thread and its descriptors are there
    /// still.
    struct Lingering {
        asio::steady_timer timer;
        std::shared_ptr<void> held;
    };
    void linger(std::shared_ptr<void> held) {
        // It may hold something without pointing to anything.
        if (closed || held.use_count() == 0) return;
        asio::steady_timer timer(executor, options.limits.lookup_max);
        lingering.push_back(Lingering{std::move(timer), std::move(held)});
        auto over = [weak = weak_from_this(), at = std::prev(lingering.end())](std::error_code error) {
            auto self = weak.lock();
            if (!error && self && !self->closed) self->lingering.erase(at);
        };
        lingering.back().timer.async_wait(std::move(over));
    }
    /// Nobody asks any more.
    void close() {
        closed = true;
        std::list<Lingering> gone = std::exchange(lingering, {});
    }

    Millis limit(const Request& request) const {
        return request.answer_max.count() ? request.answer_max : options.limits.answer_max;
    }

    static Async<std::unique_ptr<Open>> begin(std::shared_ptr<Impl> impl, Request request, BodySource source,
                                              std::optional<std::uint64_t> bytes) {
        Millis limit = impl->limit(request);
        auto turn = within(limit, take(std::move(impl)));
        SONM_CO_TRY(auto place, co_await std::move(turn));
        bool streamed = source != nullptr;
        auto open = std::make_unique<Open>(std::move(place), std::move(request), streamed, bytes);
        SONM_CO_CHECK(open->transfer().start());
        auto head = open->transfer().until_head(std::move(source), limit);
        SONM_CO_CHECK(co_await std::move(head));
        co_return Result<std::unique_ptr<Open>>(std::move(open));
    }

    static Async<Response> whole(std::shared_ptr<Impl> impl, Request request) {
        auto beginning = begin(impl, std::move(request), nullptr, std::nullopt);
        SONM_CO_TRY(auto open, co_await std::move(beginning));
        std::string body;
        while (true) {
            auto reading = open->transfer().read();
            SONM_CO_TRY(Bytes piece, co_await std::move(reading));
            if (piece.empty()) break;
            body += as_text(piece);
        }
        Response response = open->transfer().take_head();
        response.body = std::move(body);
        co_return Result<Response>(std::move(response));
    }

    static Async<std::unique_ptr<Body>> piecewise(Async<std::unique_ptr<Open>> beginning) {
        SONM_CO_TRY(auto open, co_await std::move(beginning));
        co_return Result<std::unique_ptr<Body>>(std::move(open));
    }

    Executor executor;
    Options options;
    std::shared_ptr<detail::Engine> engine;
    Channel<bool> places;
    std::size_t transfers = 0;
    std::list<Lingering> lingering;
    bool closed = false;
};

Client::Client(Executor executor, Options options)
    : impl_(std::make_shared<Impl>(executor, std::move(options))) {}
Client::~Client() { impl_->close(); }

std::size_t Client::transfers() const { return impl_->transfers; }

Async<Response> Client::request(Request request) {
    Millis limit = impl_->limit(request);
    return within(limit, Impl::whole(impl_, std::move(request)));
}

Async<std::unique_ptr<Body>> Client::open(Request request) {
    Millis limit = impl_->limit(request);
    auto beginning = Impl::begin(impl_, std::move(request), nullptr, std::nullopt);
    return within(limit, Impl::piecewise(std::move(beginning)));
}

Async<std::unique_ptr<Body>> Client::open(Request request, BodySource source,
                                          std::optional<std::uint64_t> bytes) {
    // A long upload takes as long as it takes: each of its steps has a deadline.
    return Impl::piecewise(Impl::begin(impl_, std::move(request), std::move(source), bytes));
}

}  // namespace sonm::web
