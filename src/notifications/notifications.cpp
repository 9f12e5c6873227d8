#include "sonm/notifications/notifications.hpp"

#include "sonm/base/log.hpp"

namespace sonm::notifications {
namespace {

constexpr std::size_t name_bytes_max = 256;
/// Notifications that a subscriber's stream takes from the store at a time.
constexpr std::size_t page = 16;
constexpr std::size_t dead_letters_page_max = 100;

web::Options web_options(const Config& config) {
    web::Options options;
    options.guard = web::AddressGuard(config.allow);
    options.ca_file = config.ca_file;
    options.user_agent = "sonm-notifications";
    options.limits.answer_max = config.attempt_max;
    options.limits.body_bytes_max = 64 * KiB;
    options.limits.transfers_max = config.attempts_at_once;
    return options;
}

/// What goes into a header of a delivery: no control characters, and not too long.
Result<void> check_name(std::string_view what, std::string_view text, bool may_be_empty) {
    auto odd = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (text.size() <= name_bytes_max && (may_be_empty || !text.empty()) &&
        std::none_of(text.begin(), text.end(), odd))
        return Result<void>();
    return fail(Errc::invalid, "the {} must be 1 to {} bytes without control characters", what,
                name_bytes_max);
}

std::string account_of(const rpc::Context& who) {
    return who.identity() ? to_hex0x(who.identity()->bytes) : std::string();
}

}  // namespace

Notifications::Notifications(Executor executor, Config config, const Clock& clock, std::string file)
    : executor_(executor),
      config_(std::move(config)),
      clock_(clock),
      file_(std::move(file)),
      web_(executor, web_options(config_)),
      topics_(executor),
      work_(executor, 1) {
    service_.on<"publish">([this](const Context&, Publication publication) { return publish(publication); });
    service_.on<"subscribe">(
        [this](Context, std::string topic, std::optional<std::uint64_t> after, rpc::Sink<Notification> out) {
            return subscribe(std::move(topic), after, std::move(out));
        });
    service_.on<"add_webhook">(
        [this](const Context& who, std::string topic, std::string url, std::optional<std::string> secret) {
            return add_webhook(who, topic, url, secret);
        });
    service_.on<"remove_webhook">([this](const Context& who, std::uint64_t webhook) -> Result<void> {
        SONM_CHECK(may_change(who, webhook));
        return store_->remove_webhook(webhook);
    });
    service_.on<"webhooks">([this](const Context& who) { return store_->webhooks(account_of(who)); });
    service_.on<"dead_letters">([this](const Context& who, std::uint64_t webhook, std::uint64_t after,
                                       std::uint64_t limit) -> Result<std::vector<DeadLetter>> {
        SONM_CHECK(may_change(who, webhook));
        return store_->dead_letters(webhook, after, std::min<std::uint64_t>(limit, dead_letters_page_max));
    });
    service_.on<"redeliver">(
        [this](const Context& who, std::uint64_t webhook, std::uint64_t sequence) -> Result<void> {
            SONM_CHECK(may_change(who, webhook));
            SONM_CHECK(store_->redeliver({webhook, sequence}, clock_.now()));
            (void)work_.try_push(true);
            return Result<void>();
        });
    service_.on<"drop">(
        [this](const Context& who, std::uint64_t webhook, std::uint64_t sequence) -> Result<void> {
            SONM_CHECK(may_change(who, webhook));
            return store_->drop({webhook, sequence});
        });
}

Async<void> Notifications::start() {
    SONM_CO_TRY(store_, Store::open(file_, config_.keeping));
    co_return Result<void>();
}

Result<std::uint64_t> Notifications::publish(const Publication& publication) {
    SONM_CHECK(check_name("topic", publication.topic, false));
    SONM_CHECK(check_name("type", publication.type, false));
    SONM_CHECK(check_name("id", publication.id, true));
    if (publication.body.size() > config_.body_bytes_max)
        return fail(Errc::too_large, "the body has {} bytes, at most {} are accepted",
                    publication.body.size(), config_.body_bytes_max);
    SONM_TRY(auto accepted, store_->publish(publication, clock_.now()));
    auto [sequence, fresh] = accepted;
    if (!fresh) return sequence;
    ++published_;
    topics_.wake(publication.topic);
    (void)work_.try_push(true);
    return sequence;
}

Async<void> Notifications::subscribe(std::string topic, std::optional<std::uint64_t> after,
                                     rpc::Sink<Notification> out) {
    SONM_CO_CHECK(check_name("topic", topic, false));
    if (topics_.size() >= config_.subscriptions_max)
        co_return fail(Errc::busy, "{} subscriptions are open", topics_.size());
    Watchers::Watch watch(topics_, topic);
    if (!after) {
        SONM_CO_TRY(after, store_->last_sequence());
    }
    // The store is the queue: a reader that is slow costs nothing but its place.
    while (true) {
        SONM_CO_TRY(auto found, store_->after(topic, *after, page));
        for (Notification& notification : found) {
            after = notification.sequence;
            auto writing = out.write(std::move(notification));
            SONM_CO_CHECK(co_await std::move(writing));
        }
        if (!found.empty()) continue;
        auto waiting = watch.changed();
        SONM_CO_CHECK(co_await std::move(waiting));
    }
}

Result<std::tuple<std::uint64_t, std::string>> Notifications::add_webhook(
    const Context& who, const std::string& topic, const std::string& url,
    const std::optional<std::string>& secret) {
    SONM_CHECK(check_name("topic", topic, false));
    bool web = url.starts_with("https://") || url.starts_with("http://");
    if (!web || url.size() > 2 * KiB)
        return fail(Errc::invalid, "'{}' is no URL that begins with https:// or http://", url.substr(0, 100));
    constexpr std::size_t fresh_secret_bytes = 32;
    Bytes key = random_bytes(fresh_secret_bytes);
    if (secret) {
        SONM_TRY(key, parse_secret(*secret));
    }
    SONM_TRY(std::uint64_t id, store_->add_webhook(topic, url, key, account_of(who)));
    return std::tuple(id, print_secret(key));
}

Result<void> Notifications::may_change(const Context& who, std::uint64_t webhook) {
    SONM_TRY(std::string owner, store_->owner(webhook));
    if (owner == account_of(who)) return Result<void>();
    return fail(Errc::denied, "webhook {} is another account's", webhook);
}

Task<void> Notifications::run() {
    auto body = [this](TaskGroup& group) { return dispatch(group); };
    auto all = scope(config_.attempts_at_once, std::move(body));
    co_await std::move(all);
}

Task<void> Notifications::dispatch(TaskGroup& group) {
    constexpr Seconds clean_every(60);
    UnixTime clean_at;
    while (true) {
        UnixTime now = clock_.now();
        if (now >= clean_at) {
            clean_at = now + clean_every;
            auto cleaned = store_->clean(now);
            if (!cleaned)
                SONM_LOG(error, "notifications: removing the old ones: {}", cleaned.error().message());
        }
        std::size_t room = config_.attempts_at_once - group.size();
        auto due = store_->due(now, busy_, room, config_.webhook_attempts_at_once);
        if (!due) SONM_LOG(error, "notifications: reading what is due: {}", due.error().message());
        if (due) {
            for (Delivery& delivery : *due) {
                DeliveryKey key(delivery.webhook, delivery.notification.sequence);
                busy_.insert(key);
                if (!group.spawn(attempt(std::move(delivery)))) busy_.erase(key);
            }
        }
        // Pauses are seconds: once a second is often enough to look.
        auto waiting = within(std::chrono::seconds(1), work_.pop());
        (void)co_await std::move(waiting);
    }
}

Task<void> Notifications::attempt(Delivery delivery) {
    struct Busy {
        Busy(Notifications& s, DeliveryKey k) : self(s), key(k) {}
        ~Busy() {
            self.busy_.erase(key);
            (void)self.work_.try_push(true);
        }
        Notifications& self;
        DeliveryKey key;
    };
    Busy busy(*this, DeliveryKey(delivery.webhook, delivery.notification.sequence));
    auto posting = web_.request(delivery_request(delivery, clock_.now()));
    auto answer = co_await std::move(posting);
    auto settled = settle(delivery, answer);
    if (!settled)
        SONM_LOG(error, "notifications: noting the delivery of {}: {}", delivery.notification.sequence,
                 settled.error().message());
}

Result<void> Notifications::settle(const Delivery& delivery, const Result<web::Response>& answer) {
    constexpr int gone = 410;
    DeliveryKey key(delivery.webhook, delivery.notification.sequence);
    if (answer && answer->status >= 200 && answer->status < 300) {
        ++delivered_;
        return store_->delivered(key);
    }
    ++failed_;
    std::string why = answer ? fmt::format("status {}", answer->status) : answer.error().message();
    std::uint64_t attempts = delivery.attempts + 1;
    if (attempts >= config_.attempts_max || (answer && answer->status == gone)) return store_->dead(key, why);
    return store_->retry(key, clock_.now() + pause_after(attempts, random_bytes(1).front()), why);
}

void Notifications::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    auto add = [&](const char* name, const char* help, Kind kind, auto value) {
        out.push_back({name, help, kind, static_cast<double>(value), {}});
    };
    if (!store_) return;
    if (auto counts = store_->counts()) {
        add("kept", "Notifications that are kept.", Kind::gauge, counts->kept);
        add("pending", "Deliveries to be made.", Kind::gauge, counts->pending);
        add("dead", "Dead letters.", Kind::gauge, counts->dead);
    }
    add("bytes", "Bytes of bodies that are kept.", Kind::gauge, store_->bytes());
    add("subscriptions", "Open streams.", Kind::gauge, topics_.size());
    add("published_total", "Notifications accepted.", Kind::counter, published_);
    add("delivered_total", "Deliveries that webhooks took.", Kind::counter, delivered_);
    add("failed_total", "Attempts that failed.", Kind::counter, failed_);
    add("dropped_total", "Dead letters dropped because there were too many.", Kind::counter,
        store_->dropped());
}

}  // namespace sonm::notifications
