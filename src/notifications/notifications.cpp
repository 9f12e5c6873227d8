#include "sonm/notifications/notifications.hpp"

#include "sonm/base/log.hpp"

namespace sonm::notifications {
namespace {

constexpr std::size_t name_bytes_max = 256;
/// Notifications that a subscriber's stream takes from the store at a time.
constexpr std::size_t page = 16;
constexpr std::size_t dead_letters_page_max = 100;
/// What a publication costs in the line for the disk beside its body.
constexpr std::size_t publication_overhead = 512;

web::Options web_options(const Config& config) {
    web::Options options;
    options.guard = web::AddressGuard(config.allow);
    options.ca_file = config.ca_file;
    options.user_agent = "sonm-notifications";
    options.limits.answer_max = config.attempt_max;
    options.limits.lookup_max = config.lookup_max;
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

/// A stream with a name: the newest ends the one before.
struct Notifications::NamedStream {
    NamedStream(Notifications& s, std::pair<std::string, std::string> k) : self(s), key(std::move(k)) {
        end_stream(self, key, "a newer stream of that name has taken over");
        self.named_[key] = this;
    }
    NamedStream(const NamedStream&) = delete;
    ~NamedStream() {
        auto found = self.named_.find(key);
        if (found != self.named_.end() && found->second == this) self.named_.erase(found);
    }
    static void end_stream(Notifications& self, const std::pair<std::string, std::string>& key,
                           std::string_view why) {
        auto found = self.named_.find(key);
        if (found == self.named_.end()) return;
        found->second->why = why;
        found->second->stopper.stop();
    }
    Notifications& self;
    std::pair<std::string, std::string> key;
    Stopper stopper;
    std::string why;
};

Notifications::Notifications(Executor executor, Config config, const Clock& clock, std::string file)
    : executor_(executor),
      config_(std::move(config)),
      clock_(clock),
      file_(std::move(file)),
      topics_(executor),
      work_(executor, 1),
      web_(std::make_unique<web::Client>(executor, web_options(config_))),
      database_(executor) {
    bind();
}

void Notifications::bind() {
    using Name = std::string;
    using Number = std::uint64_t;
    using Out = rpc::Sink<Notification>;
    service_.on<"publish">([this](Context, Publication given) { return publish(std::move(given)); });
    service_.on<"subscribe">([this](Context, Name topic, Place after, Out out) {
        return streams_.run(send_all(std::move(topic), after.value_or(last_), std::move(out)));
    });
    service_.on<"subscribe_as">([this](Context who, Name topic, Name name, Place after, Out out) {
        return streams_.run(subscribe_as(account_of(who), std::move(topic), std::move(name),
                                         after.value_or(last_), std::move(out)));
    });
    service_.on<"acknowledge">([this](Context who, Name topic, Name name, Number sequence) {
        return ask([owner = account_of(who), topic = std::move(topic), name = std::move(name),
                    sequence](Store& store) { return store.acknowledge(topic, name, owner, sequence); });
    });
    service_.on<"forget">([this](Context who, Name topic, Name name) {
        return forget(account_of(who), std::move(topic), std::move(name));
    });
    service_.on<"subscribers">(
        [this](Context who, Name topic) { return subscribers(std::move(topic), account_of(who)); });
    service_.on<"add_webhook">([this](Context who, Name topic, Name url, std::optional<Name> secret) {
        return add_webhook(account_of(who), std::move(topic), std::move(url), std::move(secret));
    });
    service_.on<"remove_webhook">([this](Context who, Number webhook) {
        return ask([owner = account_of(who), webhook](Store& store) -> Result<void> {
            SONM_CHECK(store.check_webhook(webhook, owner));
            return store.remove_webhook(webhook);
        });
    });
    service_.on<"webhooks">([this](Context who) {
        return ask([owner = account_of(who)](Store& store) { return store.webhooks(owner); });
    });
    service_.on<"dead_letters">([this](Context who, Number webhook, Number after, Number limit) {
        return ask([owner = account_of(who), webhook, after,
                    limit](Store& store) -> Result<std::vector<DeadLetter>> {
            SONM_CHECK(store.check_webhook(webhook, owner));
            return store.dead_letters(webhook, after, std::min<Number>(limit, dead_letters_page_max));
        });
    });
    service_.on<"redeliver">([this](Context who, Number webhook, Number sequence) {
        return redeliver(account_of(who), {webhook, sequence});
    });
    service_.on<"drop">([this](Context who, Number webhook, Number sequence) {
        return ask([owner = account_of(who), webhook, sequence](Store& store) -> Result<void> {
            SONM_CHECK(store.check_webhook(webhook, owner));
            return store.drop({webhook, sequence});
        });
    });
}

Async<void> Notifications::start() {
    auto opening = database_.open(file_, Store::migrations());
    SONM_CO_CHECK(co_await std::move(opening));
    auto make = [keeping = config_.keeping](Database& database) -> Result<std::shared_ptr<Store>> {
        return std::make_shared<Store>(database, keeping);
    };
    auto making = database_.run(std::move(make));
    SONM_CO_TRY(store_, co_await std::move(making));
    auto look = [this](Store& store) -> Result<void> {
        SONM_CHECK(store.begin());
        SONM_TRY(counts_, store.counts());
        SONM_TRY(last_, store.last_sequence());
        return Result<void>();
    };
    auto looking = ask(std::move(look));
    SONM_CO_CHECK(co_await std::move(looking));
    co_return Result<void>();
}

Async<std::uint64_t> Notifications::publish(Publication publication) {
    SONM_CO_CHECK(check_name("topic", publication.topic, false));
    SONM_CO_CHECK(check_name("type", publication.type, false));
    SONM_CO_CHECK(check_name("id", publication.id, true));
    if (publication.body.size() > config_.body_bytes_max)
        co_return fail(Errc::too_large, "the body has {} bytes, at most {} are accepted",
                       publication.body.size(), config_.body_bytes_max);
    std::size_t bytes = publication.body.size() + publication_overhead;
    using Accepted = std::pair<std::uint64_t, bool>;
    auto accepted = [this, topic = publication.topic](const Accepted& sequence_and_fresh) {
        if (!sequence_and_fresh.second) return;
        ++published_;
        last_ = std::max(last_, sequence_and_fresh.first);
        topics_.wake(topic);
        (void)work_.try_push(true);
    };
    auto work = [store = store_, publication = std::move(publication), now = clock_.now()](Database&) {
        return store->publish(publication, now);
    };
    auto publishing = database_.run(std::move(work), std::move(accepted), bytes);
    SONM_CO_TRY(Accepted out, co_await std::move(publishing));
    co_return out.first;
}

Async<void> Notifications::send_all(std::string topic, std::uint64_t after, rpc::Sink<Notification> out) {
    SONM_CO_CHECK(check_name("topic", topic, false));
    if (topics_.size() >= config_.subscriptions_max)
        co_return fail(Errc::busy, "{} subscriptions are open", topics_.size());
    Watchers::Watch watch(topics_, topic);
    Asker asker = Asker::client;
    // The store is the queue: a reader that is slow costs nothing but its place.
    while (true) {
        auto read = [topic, after](Store& store) { return store.after(topic, after, page); };
        auto reading = ask(std::move(read), std::exchange(asker, Asker::service));
        SONM_CO_TRY(auto found, co_await std::move(reading));
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

Async<void> Notifications::subscribe_as(std::string owner, std::string topic, std::string name,
                                        std::uint64_t after, rpc::Sink<Notification> out) {
    SONM_CO_CHECK(check_name("topic", topic, false));
    SONM_CO_CHECK(check_name("name", name, false));
    auto attach = [=](Store& store) { return store.attach(topic, name, owner, after); };
    auto attaching = ask(std::move(attach));
    SONM_CO_TRY(std::uint64_t place, co_await std::move(attaching));
    NamedStream own(*this, {topic, name});
    auto running = own.stopper.run(send_all(topic, place, std::move(out)));
    SONM_CO_CHECK(co_await std::move(running));
    co_return fail(Errc::conflict, "{} of {}: {}", name, topic, own.why);
}

Async<void> Notifications::forget(std::string owner, std::string topic, std::string name) {
    auto work = [=](Store& store) { return store.forget(topic, name, owner); };
    auto forgetting = ask(std::move(work));
    SONM_CO_CHECK(co_await std::move(forgetting));
    NamedStream::end_stream(*this, {topic, name}, "it was forgotten");
    co_return Result<void>();
}

Async<std::vector<Subscriber>> Notifications::subscribers(std::string topic, std::string owner) {
    auto work = [topic, owner](Store& store) { return store.subscribers(topic, owner); };
    auto listing = ask(std::move(work));
    SONM_CO_TRY(auto found, co_await std::move(listing));
    for (Subscriber& one : found) one.open = named_.contains({topic, one.name});
    co_return found;
}

Async<std::tuple<std::uint64_t, std::string>> Notifications::add_webhook(std::string owner, std::string topic,
                                                                         std::string url,
                                                                         std::optional<std::string> secret) {
    SONM_CO_CHECK(check_name("topic", topic, false));
    bool web = url.starts_with("https://") || url.starts_with("http://");
    if (!web || url.size() > 2 * KiB)
        co_return fail(Errc::invalid, "'{}' is no URL that begins with https:// or http://",
                       url.substr(0, 100));
    constexpr std::size_t fresh_secret_bytes = 32;
    Bytes key = random_bytes(fresh_secret_bytes);
    if (secret) {
        SONM_CO_TRY(key, parse_secret(*secret));
    }
    auto work = [=](Store& store) { return store.add_webhook(topic, url, key, owner); };
    auto adding = ask(std::move(work));
    SONM_CO_TRY(std::uint64_t id, co_await std::move(adding));
    co_return std::tuple(id, print_secret(key));
}

Async<void> Notifications::redeliver(std::string owner, DeliveryKey key) {
    auto work = [owner, key, now = clock_.now()](Store& store) -> Result<void> {
        SONM_CHECK(store.check_webhook(key.first, owner));
        return store.redeliver(key, now);
    };
    auto asking = ask(std::move(work));
    SONM_CO_CHECK(co_await std::move(asking));
    (void)work_.try_push(true);
    co_return Result<void>();
}

Result<void> Notifications::reload(YamlReader& args) {
    Config fresh;
    read_config(args, fresh);
    if (args.describing()) return Result<void>();
    config_ = std::move(fresh);
    // Attempts under way end as they began.
    web_ = std::make_unique<web::Client>(executor_, web_options(config_));
    (void)work_.try_push(true);
    return Result<void>();
}

}  // namespace sonm::notifications
