#include "sonm/jabber/jabber.hpp"

#include "sonm/base/blocking.hpp"
#include "sonm/base/log.hpp"
#include "sonm/jabber/stanza.hpp"

namespace sonm::jabber {

using services::JabberMessage;
using services::JabberStatus;

namespace {

/// libstrophe has no way to wait together with others: it is called so often.
constexpr Millis step_every{20};
constexpr std::size_t address_bytes_max = 3'071;  // RFC 7622, 3.1

}  // namespace

/// A caller's stream: what it has not taken yet, the oldest given up when it is too slow.
struct Jabber::Listener {
    Listener(Jabber& j) : jabber(j), changed(j.executor_, 1) { jabber.listeners_.insert(this); }
    Listener(const Listener&) = delete;
    ~Listener() { jabber.listeners_.erase(this); }
    void push(std::shared_ptr<const JabberMessage> message) {
        queue.push_back(std::move(message));
        if (queue.size() > jabber.config_.queue_max) {
            queue.pop_front();
            ++missed;
            ++jabber.missed_;
        }
        (void)changed.try_push(true);
    }
    Jabber& jabber;
    Queue queue;
    std::uint64_t missed = 0;
    Channel<bool> changed;
};

/// A sender that waits for its confirmation.
struct Jabber::Waiter {
    Waiter(Jabber& j, std::uint64_t n) : jabber(j), number(n), done(j.executor_, 1) {
        jabber.waiters_[n] = this;
    }
    Waiter(const Waiter&) = delete;
    ~Waiter() { jabber.waiters_.erase(number); }
    Jabber& jabber;
    std::uint64_t number;
    Channel<bool> done;  ///< true: confirmed
};

Jabber::Jabber(Executor executor, Config config, const Clock& clock)
    : executor_(executor), config_(std::move(config)), clock_(clock), work_(executor, 1) {
    using Context = rpc::Context;
    service_.on<"send">(
        [this](Context, std::string to, std::string body) { return send(std::move(to), std::move(body)); });
    service_.on<"receive">(
        [this](Context, rpc::Sink<JabberMessage> out) { return streams_.run(receive(std::move(out))); });
    service_.on<"status">([this](const Context&) -> Result<JabberStatus> { return status_; });
}

Jabber::~Jabber() = default;

Async<std::string> Jabber::send(std::string to, std::string body) {
    bool good = !to.empty() && to.size() <= address_bytes_max && is_xml_text(to) && is_xml_text(body);
    if (!good)
        co_return fail(Errc::invalid, "the address and the text must be UTF-8 without control characters");
    if (body.size() > config_.body_bytes_max)
        co_return fail(Errc::too_large, "the text has {} bytes, at most {} are sent", body.size(),
                       config_.body_bytes_max);
    if (!status_.connected)
        co_return fail(Errc::unavailable, "not connected to {}: {}", config_.account.address,
                       status_.last_error);
    if (unconfirmed() >= config_.sending_max)
        co_return fail(Errc::busy, "{} messages wait for the server", unconfirmed());
    std::string id = to_hex(random_bytes(8));
    Waiter waiter(*this, hand_over(std::move(to), std::move(body), id));
    auto waiting = within(config_.confirm_max, waiter.done.pop());
    SONM_CO_TRY(bool confirmed, co_await std::move(waiting));
    if (!confirmed)
        co_return fail(Errc::timeout, "the connection ended before the server confirmed: {}",
                       status_.last_error);
    ++sent_;
    co_return id;
}

std::uint64_t Jabber::hand_over(std::string to, std::string body, std::string id) {
    if (unconfirmed() == 0) owing_since_ = std::chrono::steady_clock::now();
    outgoing_.push_back(Outgoing{++number_, std::move(to), std::move(body), std::move(id)});
    (void)work_.try_push(true);
    return number_;
}

Async<void> Jabber::receive(rpc::Sink<JabberMessage> out) {
    if (listeners_.size() >= config_.listeners_max)
        co_return fail(Errc::busy, "{} callers listen already", listeners_.size());
    Listener listener(*this);
    listener.queue = std::exchange(backlog_, {});
    listener.missed = std::exchange(backlog_missed_, 0);
    while (true) {
        if (listener.queue.empty()) {
            auto waiting = listener.changed.pop();
            SONM_CO_CHECK(co_await std::move(waiting));
            continue;
        }
        JabberMessage message = *listener.queue.front();
        listener.queue.pop_front();
        message.missed = std::exchange(listener.missed, 0);
        auto writing = out.write(std::move(message));
        SONM_CO_CHECK(co_await std::move(writing));
    }
}

void Jabber::take(JabberMessage message) {
    ++received_;
    message.time = clock_.now().value;
    auto shared = std::make_shared<const JabberMessage>(std::move(message));
    for (Listener* listener : listeners_) listener->push(shared);
    if (!listeners_.empty()) return;
    backlog_.push_back(std::move(shared));
    if (backlog_.size() <= config_.backlog_max) return;
    backlog_.pop_front();
    ++backlog_missed_;
    ++missed_;
}

void Jabber::give_up(std::size_t bytes) {
    SONM_LOG(warn, "jabber: a message of {} bytes came, at most {} are taken", bytes, message_bytes_max);
    ++missed_;
    for (Listener* listener : listeners_) ++listener->missed;
    if (listeners_.empty()) ++backlog_missed_;
}

Result<void> Jabber::handle(Event event) {
    heard_at_ = std::chrono::steady_clock::now();
    if (auto* connected = std::get_if<Connected>(&event)) {
        ++status_.connections;
        status_.connected = true;
        status_.address = connected->address;
        SONM_LOG(info, "jabber: connected as {}", status_.address);
    } else if (auto* disconnected = std::get_if<Disconnected>(&event)) {
        return fail(Errc::closed, "{}", disconnected->why);
    } else if (auto* confirmed = std::get_if<Confirmed>(&event)) {
        if (confirmed->number > confirmed_ && confirmed->number <= number_) {
            confirmed_ = confirmed->number;
            owing_since_ = heard_at_;
        }
        auto waiter = waiters_.find(confirmed->number);
        if (waiter != waiters_.end()) (void)waiter->second->done.try_push(true);
    } else if (auto* lost = std::get_if<GivenUp>(&event)) {
        give_up(lost->bytes);
    } else {
        take(std::move(std::get<JabberMessage>(event)));
    }
    return Result<void>();
}

Result<void> Jabber::watch_silence() {
    auto now = std::chrono::steady_clock::now();
    if (!status_.connected) {
        if (now - begun_at_ < config_.connect_max) return Result<void>();
        return fail(Errc::timeout, "no session within {} ms", config_.connect_max.count());
    }
    auto quiet = now - heard_at_;
    auto most = config_.quiet_max + config_.confirm_max;
    if (quiet > most) return fail(Errc::timeout, "the server is silent");
    if (unconfirmed() == 0) {
        if (quiet > config_.quiet_max) hand_over({}, {}, {});
    } else if (now - owing_since_ > most) {
        // It may be talking all the time: what it does not read would pile up here.
        return fail(Errc::timeout, "the server has not answered for {} ms",
                    std::chrono::duration_cast<Millis>(now - owing_since_).count());
    }
    return Result<void>();
}

Async<std::string> Jabber::look_up() {
    const Account& account = config_.account;
    std::string host = account.host;
    if (host.empty()) {
        std::size_t at = account.address.find('@');
        host = account.address.substr(at + 1, account.address.find('/') - at - 1);
    }
    asio::ip::tcp::resolver resolver(executor_);
    auto [error, found] =
        co_await resolver.async_resolve(host, std::to_string(account.port), as_tuple(asio::use_awaitable));
    if (error || found.empty()) co_return fail(Errc::unavailable, "looking up {}: {}", host, error.message());
    co_return found.begin()->endpoint().address().to_string();
}

Async<void> Jabber::connection() {
    auto looking = within(config_.connect_max, look_up());
    SONM_CO_TRY(std::string ip, co_await std::move(looking));
    begun_at_ = heard_at_ = std::chrono::steady_clock::now();
    auto link = std::make_unique<Link>(config_.account, ip);
    while (true) {
        auto step = [&link, outgoing = std::exchange(outgoing_, {})]() mutable {
            return link->step(std::move(outgoing));
        };
        auto stepping = offload_blocking(std::move(step));
        std::vector<Event> events = co_await std::move(stepping);
        for (Event& event : events) SONM_CO_CHECK(handle(std::move(event)));
        SONM_CO_CHECK(watch_silence());
        if (!events.empty() || !outgoing_.empty()) continue;
        auto waiting = within(step_every, work_.pop());
        (void)co_await std::move(waiting);
    }
}

Task<void> Jabber::run() {
    Millis pause = config_.pause_min;
    while (true) {
        auto living = connection();
        auto ended = co_await std::move(living);
        if (status_.connected) pause = config_.pause_min;
        status_.connected = false;
        status_.last_error = ended.error().message();
        SONM_LOG(warn, "jabber: {}; again in {} ms", status_.last_error, pause.count());
        outgoing_.clear();
        confirmed_ = number_;
        for (auto& [number, waiter] : waiters_) (void)waiter->done.try_push(false);
        co_await sleep_for(pause);
        pause = std::min(2 * pause, config_.pause_max);
    }
}

Async<void> Jabber::drain() {
    streams_.stop();
    co_return Result<void>();
}

void Jabber::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    auto add = [&](const char* name, const char* help, Kind kind, auto value) {
        out.push_back({name, help, kind, static_cast<double>(value), {}});
    };
    add("connected", "1 while there is a session.", Kind::gauge, status_.connected);
    add("listeners", "Callers that receive.", Kind::gauge, listeners_.size());
    add("connections_total", "Sessions so far.", Kind::counter, status_.connections);
    add("sent_total", "Messages that the server confirmed.", Kind::counter, sent_);
    add("received_total", "Messages that came.", Kind::counter, received_);
    add("missed_total", "Messages given up for slow or absent listeners.", Kind::counter, missed_);
}

}  // namespace sonm::jabber
