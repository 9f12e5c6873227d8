#include "sonm/base/log.hpp"
#include "sonm/notifications/notifications.hpp"

/// What the service does by itself: deliveries to webhooks, and removing what need not be kept.
namespace sonm::notifications {
namespace {

constexpr Seconds clean_every(60), clean_every_when_crowded(10);
/// Attempts under way when the node stops: cut off, they would be made once more.
constexpr Millis attempts_drain_max(2'000);
/// The pause before an outcome that the disk did not take is written again: twice as long each time.
constexpr Millis note_again_after(1'000), note_again_after_max(60'000);

}  // namespace

/// A delivery that is not to be made again now: an attempt is under way, or has left a look-up behind.
struct Notifications::Busy {
    Busy(Notifications& s, DeliveryKey k) : self(s), key(k) {
        self.busy_.insert(key);
        ++self.attempts_;
    }
    Busy(const Busy&) = delete;
    ~Busy() {
        self.busy_.erase(key);
        end_attempt();
    }
    void end_attempt() {
        if (std::exchange(attempting, false)) --self.attempts_;
        (void)self.work_.try_push(true);
    }
    Notifications& self;
    DeliveryKey key;
    bool attempting = true;
};

Task<void> Notifications::run() {
    auto body = [this](TaskGroup& group) -> Task<void> {
        group.spawn(keep_house());
        return dispatch(group);
    };
    auto all = scope(attempts_at_once_max + 1, std::move(body));
    co_await std::move(all);
}

Async<void> Notifications::drain() {
    streams_.stop();
    auto until = std::chrono::steady_clock::now() + attempts_drain_max;
    while (attempts_ != 0 && std::chrono::steady_clock::now() < until) {
        auto resting = sleep_for(Millis(5));
        co_await std::move(resting);
    }
    co_return Result<void>();
}

Task<void> Notifications::keep_house() {
    UnixTime clean_at;
    while (true) {
        auto look = [keeping = config_.keeping](Store& store) {
            store.keep(keeping);
            return store.counts();
        };
        auto looking = ask(std::move(look), Asker::service);
        auto counts = co_await std::move(looking);
        if (counts)
            counts_ = *counts;
        else
            SONM_LOG(error, "notifications: {}", counts.error().message());
        UnixTime now = clock_.now();
        if (counts_.refused || now >= clean_at) {
            clean_at = now + (counts_.crowded ? clean_every_when_crowded : clean_every);
            auto cleaning = clean();
            co_await std::move(cleaning);
        }
        // Also when somebody has been refused: once a second is often enough.
        co_await sleep_for(std::chrono::seconds(1));
    }
}

Task<void> Notifications::clean() {
    auto failed = [](const Error& error) {
        SONM_LOG(error, "notifications: removing the old ones: {}", error.message());
    };
    std::optional<std::string> topic("");
    while (topic) {
        auto work = [now = clock_.now(), from = *topic](Store& store) { return store.clean(now, from); };
        auto cleaning = ask(std::move(work), Asker::service);
        auto next = co_await std::move(cleaning);
        if (!next) co_return failed(next.error());
        topic = std::move(*next);
    }
    // Before publishing is refused for long, named subscribers lose some of what only they are owed.
    std::optional<Store::Squeezed> at = Store::Squeezed();
    while (at) {
        auto work = [now = clock_.now(), from = *at](Store& store) { return store.squeeze(now, from); };
        auto squeezing = ask(std::move(work), Asker::service);
        auto next = co_await std::move(squeezing);
        if (!next) co_return failed(next.error());
        at = std::move(*next);
    }
}

std::size_t Notifications::room() const {
    auto rest = [](std::size_t most, std::size_t taken) { return most - std::min(most, taken); };
    return std::min(rest(config_.attempts_at_once, attempts_),
                    rest(config_.lookups_left_max, busy_.size() - attempts_));
}

Task<void> Notifications::dispatch(TaskGroup& group) {
    while (true) {
        if (room() != 0 && !streams_.stopped()) {
            auto look = [now = clock_.now(), busy = busy_, room = room(),
                         each = config_.webhook_attempts_at_once](Store& store) {
                return store.due(now, busy, room, each);
            };
            auto looking = ask(std::move(look), Asker::service);
            auto due = co_await std::move(looking);
            if (!due) SONM_LOG(error, "notifications: reading what is due: {}", due.error().message());
            if (due) {
                for (Delivery& delivery : *due) {
                    DeliveryKey key(delivery.webhook, delivery.notification.sequence);
                    group.spawn(attempt(std::move(delivery), std::make_shared<Busy>(*this, key)));
                }
            }
        }
        // Pauses are seconds: once a second is often enough to look.
        auto waiting = within(std::chrono::seconds(1), work_.pop());
        (void)co_await std::move(waiting);
    }
}

Task<void> Notifications::attempt(Delivery delivery, std::shared_ptr<Busy> busy) {
    web::Request request = delivery_request(delivery, clock_.now());
    request.held = busy;
    auto posting = web_->request(std::move(request));
    auto answer = co_await std::move(posting);
    Outcome outcome = outcome_of(delivery, answer);
    auto noting = ask(outcome, Asker::service);
    auto noted = co_await std::move(noting);
    if (!noted) {
        SONM_LOG(error, "notifications: noting the delivery of {}: {}", delivery.notification.sequence,
                 noted.error().message());
        // Busy until then: what is not noted would be posted again at once.
        auto later = streams_.run(note_later(delivery.notification.sequence, std::move(outcome)));
        (void)co_await std::move(later);
    }
    busy->end_attempt();
}

Async<void> Notifications::note_later(std::uint64_t sequence, Outcome outcome) {
    for (Millis pause = note_again_after;; pause = std::min(2 * pause, note_again_after_max)) {
        co_await sleep_for(pause);
        auto noting = ask(outcome, Asker::service);
        auto noted = co_await std::move(noting);
        if (noted) co_return noted;
        SONM_LOG(error, "notifications: noting the delivery of {}: {}", sequence, noted.error().message());
    }
}

Notifications::Outcome Notifications::outcome_of(const Delivery& delivery,
                                                 const Result<web::Response>& answer) {
    constexpr int gone = 410;
    DeliveryKey key(delivery.webhook, delivery.notification.sequence);
    if (answer && answer->status >= 200 && answer->status < 300) {
        ++delivered_;
        return [key](Store& store) { return store.delivered(key); };
    }
    ++failed_;
    std::string why = answer ? fmt::format("status {}", answer->status) : answer.error().message();
    std::uint64_t attempts = delivery.attempts + 1;
    bool last = attempts >= config_.attempts_max || (answer && answer->status == gone);
    UnixTime again = clock_.now() + pause_after(attempts, random_bytes(1).front());
    return [key, why, last, again](Store& store) {
        return last ? store.dead(key, why) : store.retry(key, again, why);
    };
}

void Notifications::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    auto add = [&](const char* name, const char* help, Kind kind, auto value) {
        out.push_back({name, help, kind, static_cast<double>(value), {}});
    };
    if (!store_) return;
    add("kept", "Notifications that are kept.", Kind::gauge, counts_.kept);
    add("bytes", "Bytes of all that is kept.", Kind::gauge, counts_.bytes);
    add("pending", "Deliveries to be made.", Kind::gauge, counts_.pending);
    add("dead", "Dead letters.", Kind::gauge, counts_.dead);
    add("subscribers", "Named subscribers.", Kind::gauge, counts_.subscribers);
    add("subscriptions", "Open streams.", Kind::gauge, topics_.size());
    add("published_total", "Notifications accepted.", Kind::counter, published_);
    add("delivered_total", "Deliveries that webhooks took.", Kind::counter, delivered_);
    add("failed_total", "Attempts that failed.", Kind::counter, failed_);
    add("dropped_total", "Dead letters dropped because there were too many.", Kind::counter, counts_.dropped);
    add("lost_total", "What named subscribers were owed and could not be kept.", Kind::counter, counts_.lost);
}

}  // namespace sonm::notifications
