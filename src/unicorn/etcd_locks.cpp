#include "sonm/base/log.hpp"
#include "sonm/unicorn/etcd_backend.hpp"

/// Locks in etcd: leases that are kept alive; and the stream of changes.
namespace sonm::unicorn {

using etcd::Json;
using SteadyClock = std::chrono::steady_clock;

namespace {

/// How long before its lease could end a place counts as lost: for the way of the news to the holder.
constexpr Millis margin{1'000};
constexpr Millis drain_max{2'000};
constexpr std::size_t watch_line_bytes_max = 16 * MiB;

}  // namespace

/// A place in a queue: a key with a lease. Its end is told to etcd by the backend; if that fails, the lease
/// runs out.
class EtcdBackend::EtcdSeat final : public Seat {
public:
    EtcdSeat(EtcdBackend& backend, std::string queue, std::int64_t lease, SteadyClock::time_point asked)
        : backend_(backend),
          queue_(std::move(queue)),
          lease_(lease),
          watch_(backend.watchers_, queue_),
          gone_(backend.executor_, 1) {
        alive(asked, static_cast<std::int64_t>(backend.config_.lease.value));
        backend_.seats_[lease_] = this;
    }
    ~EtcdSeat() override {
        backend_.seats_.erase(lease_);
        // A holder that did not let go itself has yet to hear that it holds the lock no more.
        bool unaware = held_ && (lost_ || backend_.draining_);
        auto from = SteadyClock::now() + (unaware ? margin : Millis(0));
        backend_.revoked_.emplace(from, Revoked{lease_, until_});
        (void)backend_.revoke_.try_push(true);
    }
    void place(std::string key) { key_ = std::move(key); }
    void alive(SteadyClock::time_point asked, std::int64_t seconds) {
        if (seconds <= 0) return lose();
        until_ = asked + std::chrono::seconds(seconds) - margin;
    }
    void lose() { (void)gone_.try_push(true); }
    bool overdue() const { return SteadyClock::now() >= until_; }

    Async<void> first() override {
        while (true) {
            auto looking = backend_.front(queue_, key_);
            SONM_CO_TRY(auto front, co_await std::move(looking));
            held_ = front.first == key_;
            if (held_) co_return Result<void>();
            if (!front.second)
                co_return fail(UnicornErrc::connection_loss, "the place in the queue was lost");
            auto waiting = watch_.changed();
            SONM_CO_CHECK(co_await std::move(waiting));
        }
    }
    Async<void> lost() override {
        // By the clock, not by the next answer: the holder must know before somebody else holds the lock.
        while (!overdue()) {
            auto waiting = within(until_ - SteadyClock::now(), gone_.pop());
            auto told = co_await std::move(waiting);
            if (told) break;
        }
        lost_ = true;
        co_return fail(UnicornErrc::connection_loss, "etcd could not be told in time that the holder lives");
    }

private:
    EtcdBackend& backend_;
    std::string queue_, key_;
    std::int64_t lease_;
    SteadyClock::time_point until_;
    bool held_ = false, lost_ = false;
    Watchers::Watch watch_;
    Channel<bool> gone_;
};

Async<std::unique_ptr<Seat>> EtcdBackend::enqueue(std::string path, rpc::Encoded value) {
    auto asked = SteadyClock::now();
    auto granting = ask("lease/grant", etcd::lease_grant(static_cast<std::int64_t>(config_.lease.value)));
    SONM_CO_TRY(std::string text, co_await std::move(granting));
    auto lease = etcd::parse_lease(text);
    if (!lease) co_return fail(UnicornErrc::backend_internal, "{}", lease.error().message());
    // From here on the seat's end gives the lease back.
    auto seat = std::make_unique<EtcdSeat>(*this, path, *lease, asked);
    std::string place = path + "/lock-" + to_hex(random_bytes(8));
    auto inserting = insert(place, std::move(value), *lease);
    SONM_CO_CHECK(co_await std::move(inserting));
    seat->place(key(place));
    co_return Result<std::unique_ptr<Seat>>(std::move(seat));
}

Async<std::pair<std::string, bool>> EtcdBackend::front(std::string queue, std::string own) {
    auto [begin, end] = children_range(queue);
    Json success = Json::array({etcd::range(begin, end, false)});
    auto asking = transact(etcd::txn(Json::array(), std::move(success), Json::array()));
    SONM_CO_TRY(etcd::Txn answer, co_await std::move(asking));
    const etcd::KeyValue* first = nullptr;
    bool there = false;
    if (!answer.ranges.empty()) {
        for (const etcd::KeyValue& kv : answer.ranges[0].kvs) {
            there = there || kv.key == own;
            if (kv.lease != 0 && (!first || kv.create_revision < first->create_revision)) first = &kv;
        }
    }
    co_return std::pair(first ? first->key : std::string(), there);
}

Task<void> EtcdBackend::run() {
    auto body = [this](TaskGroup& group) -> Task<void> {
        group.spawn(follow());
        group.spawn(keep_alive());
        group.spawn(revoke());
        co_await group.join();
    };
    auto all = scope(3, std::move(body));
    co_await std::move(all);
}

Task<void> EtcdBackend::follow() {
    while (true) {
        auto watching = watch_once();
        auto ended = co_await std::move(watching);
        if (!ended) SONM_LOG(debug, "unicorn: the stream of changes ended: {}", ended.error().message());
        ++url_;
        co_await sleep_for(config_.reconnect);
    }
}

Async<void> EtcdBackend::watch_once() {
    web::Request asked = request("watch", etcd::watch(config_.prefix, etcd::prefix_end(config_.prefix)));
    asked.body_bytes_max = std::size_t(1) << 40;  // a stream without end; its lines are bounded
    auto opening = web_.open(std::move(asked));
    SONM_CO_TRY(auto body, co_await std::move(opening));
    std::string buffer;
    while (true) {
        auto reading = body->read();
        SONM_CO_TRY(Bytes piece, co_await std::move(reading));
        if (piece.empty()) co_return fail(Errc::closed, "by etcd");
        buffer += as_text(piece);
        for (std::size_t line; (line = buffer.find('\n')) != buffer.npos; buffer.erase(0, line + 1)) {
            SONM_CO_TRY(etcd::WatchEvents events,
                        etcd::parse_watch(std::string_view(buffer).substr(0, line)));
            if (events.canceled) co_return fail(Errc::closed, "etcd ended the watch");
            // What has changed before the watch stood is not known.
            if (events.created) watchers_.wake_all();
            for (const std::string& key : events.keys) {
                watchers_.wake(path_of(key));
                watchers_.wake(parent_of(path_of(key)));
            }
        }
        if (buffer.size() > watch_line_bytes_max) co_return fail(Errc::too_large, "an event of etcd");
    }
}

Task<void> EtcdBackend::keep_alive() {
    while (true) {
        co_await sleep_for(config_.keep_alive);
        auto body = [this](TaskGroup& group) -> Task<void> {
            for (auto& [lease, seat] : seats_) group.spawn(keep_alive_one(lease));
            co_await group.join();
        };
        auto all = scope(seats_.size() + 1, std::move(body));
        co_await std::move(all);
    }
}

Task<void> EtcdBackend::keep_alive_one(std::int64_t lease) {
    auto asked = SteadyClock::now();
    // No answer may hold up the next round for long.
    auto asking = within(config_.keep_alive, ask("lease/keepalive", etcd::lease_id(lease)));
    auto text = co_await std::move(asking);
    auto seat = seats_.find(lease);
    if (!text || seat == seats_.end()) co_return;
    auto seconds = etcd::parse_keep_alive(*text);
    if (seconds) seat->second->alive(asked, *seconds);
}

Async<void> EtcdBackend::drain() {
    draining_ = true;  // before any seat goes
    return until_revoked();
}

Async<void> EtcdBackend::until_revoked() {
    auto until = SteadyClock::now() + drain_max;
    while (!(seats_.empty() && revoked_.empty()) && SteadyClock::now() < until) co_await sleep_for(Millis(5));
    co_return Result<void>();
}

Task<void> EtcdBackend::revoke() {
    while (true) {
        auto first = revoked_.begin();
        auto now = SteadyClock::now();
        if (first == revoked_.end() || first->first > now) {
            auto pause = first == revoked_.end() ? std::chrono::hours(1) : first->first - now;
            auto waiting = within(pause, revoke_.pop());
            (void)co_await std::move(waiting);
            continue;
        }
        auto asking = ask("lease/revoke", etcd::lease_id(first->second.lease));
        auto done = co_await std::move(asking);
        bool unreachable = !done && done.error().is(UnicornErrc::connection_loss);
        if (!unreachable || SteadyClock::now() > first->second.until + margin)
            revoked_.erase(first);
        else
            co_await sleep_for(config_.reconnect);
    }
}

}  // namespace sonm::unicorn
