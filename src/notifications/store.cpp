#include "sonm/notifications/store.hpp"

#include "sonm/base/log.hpp"

namespace sonm::notifications {
namespace {

// removed: the highest sequence of the topic that is no longer kept.
constexpr std::string_view tables = R"(
CREATE TABLE topic (
    name TEXT PRIMARY KEY,
    removed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE notification (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    id TEXT,
    time INTEGER NOT NULL,
    type TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX notification_topic ON notification (topic, sequence);
CREATE UNIQUE INDEX notification_id ON notification (topic, id) WHERE id IS NOT NULL;
CREATE TABLE webhook (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    url TEXT NOT NULL,
    secret BLOB NOT NULL,
    owner TEXT NOT NULL,
    last_error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX webhook_topic ON webhook (topic);
CREATE TABLE delivery (
    webhook INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    dead INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (webhook, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (webhook, dead, next_at, sequence);
CREATE INDEX delivery_sequence ON delivery (sequence);
)";

constexpr std::string_view notification_columns = "n.sequence, n.topic, n.id, n.time, n.type, n.body";

Notification read_notification(const Row& row) {
    Notification out;
    out.sequence = row.get<std::uint64_t>(0);
    out.topic = row.get<std::string>(1);
    out.id = row.get<std::optional<std::string>>(2).value_or("");
    out.time = row.get<std::uint64_t>(3);
    out.type = row.get<std::string>(4);
    out.body = row.get<Bytes>(5);
    return out;
}

std::string error_text(std::string_view error) { return std::string(error.substr(0, 500)); }

}  // namespace

Store::Store(std::unique_ptr<Database> database, Keeping keeping)
    : database_(std::move(database)), keeping_(keeping) {}

Result<std::unique_ptr<Store>> Store::open(const std::string& file, Keeping keeping) {
    SONM_TRY(auto database, Database::open(file, {tables}));
    std::unique_ptr<Store> store(new Store(std::move(database), keeping));
    SONM_TRY(auto bytes, store->database_->value<std::uint64_t>(
                             "SELECT coalesce(sum(length(body)), 0) FROM notification"));
    store->bytes_ = bytes.value_or(0);
    auto count = [&](const Row& row) {
        store->pending_[row.get<std::uint64_t>(0)] = row.get<std::uint64_t>(1);
    };
    SONM_CHECK(store->database_->each(
        count, "SELECT webhook, count(*) FROM delivery WHERE dead = 0 GROUP BY webhook"));
    return store;
}

Result<std::pair<std::uint64_t, bool>> Store::publish(const Publication& publication, UnixTime now) {
    const std::string& topic = publication.topic;
    std::optional<std::string> id;
    if (!publication.id.empty()) id = publication.id;
    if (id) {
        SONM_TRY(auto known, database_->value<std::uint64_t>(
                                 "SELECT sequence FROM notification WHERE topic = ? AND id = ?", topic, *id));
        if (known) return std::pair(*known, false);
    }
    if (bytes_ + publication.body.size() > keeping_.bytes_max)
        return fail(Errc::no_space, "{} bytes of notifications are kept, at most {} may be", bytes_,
                    keeping_.bytes_max);
    std::uint64_t sequence = 0;
    std::vector<std::uint64_t> waiting;
    auto body = [&]() -> Result<void> {
        SONM_TRY(std::size_t fresh, database_->run("INSERT OR IGNORE INTO topic (name) VALUES (?)", topic));
        SONM_TRY(auto topics, database_->value<std::uint64_t>("SELECT count(*) FROM topic"));
        if (fresh != 0 && topics.value_or(0) > keeping_.topics_max)
            return fail(Errc::busy, "there are {} topics already", keeping_.topics_max);
        SONM_CHECK(
            database_->run("INSERT INTO notification (topic, id, time, type, body) VALUES (?, ?, ?, ?, ?)",
                           topic, id, now.value, publication.type, publication.body));
        sequence = static_cast<std::uint64_t>(database_->last_id());
        SONM_TRY(waiting, fan_out(topic, sequence, now));
        return Result<void>();
    };
    SONM_CHECK(database_->transact(body));
    for (std::uint64_t webhook : waiting) ++pending_[webhook];
    bytes_ += publication.body.size();
    return std::pair(sequence, true);
}

Result<std::vector<std::uint64_t>> Store::fan_out(const std::string& topic, std::uint64_t sequence,
                                                  UnixTime now) {
    auto id = [](const Row& row) { return row.get<std::uint64_t>(0); };
    SONM_TRY(auto webhooks, database_->all(id, "SELECT id FROM webhook WHERE topic = ?", topic));
    std::vector<std::uint64_t> waiting;
    for (std::uint64_t webhook : webhooks) {
        auto pending = pending_.find(webhook);
        bool full = pending != pending_.end() && pending->second >= keeping_.pending_max;
        SONM_CHECK(database_->run(
            "INSERT INTO delivery (webhook, sequence, next_at, dead, error) VALUES (?, ?, ?, ?, ?)", webhook,
            sequence, now.value, full, std::string(full ? "too many were waiting" : "")));
        if (full)
            SONM_CHECK(trim_dead(webhook));
        else
            waiting.push_back(webhook);
    }
    return waiting;
}

void Store::no_longer_pending(std::uint64_t webhook) {
    auto pending = pending_.find(webhook);
    if (pending != pending_.end() && --pending->second == 0) pending_.erase(pending);
}

Result<std::vector<Notification>> Store::after(const std::string& topic, std::uint64_t after,
                                               std::size_t limit) {
    std::string sql = fmt::format(
        "SELECT {} FROM notification n WHERE topic = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        notification_columns);
    SONM_TRY(auto found, database_->all(read_notification, sql, topic, after, limit));
    if (found.empty()) return found;
    SONM_TRY(auto removed,
             database_->value<std::uint64_t>("SELECT removed FROM topic WHERE name = ?", topic));
    found.front().gap = after < removed.value_or(0);
    return found;
}

Result<std::uint64_t> Store::last_sequence() {
    return database_->value<std::uint64_t>("SELECT seq FROM sqlite_sequence WHERE name = 'notification'")
        .map([](auto value) { return value.value_or(0); });
}

Result<std::uint64_t> Store::add_webhook(const std::string& topic, const std::string& url,
                                         const Bytes& secret, const std::string& owner) {
    SONM_TRY(auto all, database_->value<std::uint64_t>("SELECT count(*) FROM webhook"));
    SONM_TRY(auto here,
             database_->value<std::uint64_t>("SELECT count(*) FROM webhook WHERE topic = ?", topic));
    if (all.value_or(0) >= keeping_.webhooks_max || here.value_or(0) >= keeping_.topic_webhooks_max)
        return fail(Errc::busy, "there are {} webhooks, {} of this topic", all.value_or(0), here.value_or(0));
    SONM_CHECK(database_->run("INSERT INTO webhook (topic, url, secret, owner) VALUES (?, ?, ?, ?)", topic,
                              url, secret, owner));
    return static_cast<std::uint64_t>(database_->last_id());
}

Result<std::string> Store::owner(std::uint64_t webhook) {
    SONM_TRY(auto owner, database_->value<std::string>("SELECT owner FROM webhook WHERE id = ?", webhook));
    if (!owner) return fail(Errc::not_found, "webhook {}", webhook);
    return *owner;
}

Result<void> Store::remove_webhook(std::uint64_t webhook) {
    auto body = [&]() -> Result<void> {
        SONM_CHECK(database_->run("DELETE FROM delivery WHERE webhook = ?", webhook));
        SONM_CHECK(database_->run("DELETE FROM webhook WHERE id = ?", webhook));
        return Result<void>();
    };
    SONM_CHECK(database_->transact(body));
    pending_.erase(webhook);
    return Result<void>();
}

Result<std::vector<Webhook>> Store::webhooks(const std::string& owner) {
    auto read = [](const Row& row) {
        return Webhook{row.get<std::uint64_t>(0), row.get<std::string>(1),   row.get<std::string>(2),
                       row.get<std::string>(3),   row.get<std::uint64_t>(4), row.get<std::uint64_t>(5),
                       row.get<std::string>(6)};
    };
    return database_->all(
        read,
        "SELECT id, topic, url, owner,"
        " (SELECT count(*) FROM delivery d WHERE d.webhook = w.id AND d.dead = 0),"
        " (SELECT count(*) FROM delivery d WHERE d.webhook = w.id AND d.dead = 1), last_error"
        " FROM webhook w WHERE owner = ? ORDER BY id",
        owner);
}

Result<std::vector<Delivery>> Store::due(UnixTime now, const std::set<DeliveryKey>& busy, std::size_t limit,
                                         std::size_t each) {
    std::map<std::uint64_t, std::size_t> of_webhook;
    for (const DeliveryKey& key : busy) ++of_webhook[key.first];
    std::vector<DeliveryKey> chosen;
    // Webhook by webhook, each in its turn, so that a long queue of one hides no other.
    for (std::size_t looked = 0; looked < pending_.size() && chosen.size() < limit; ++looked) {
        auto next = pending_.upper_bound(turn_);
        if (next == pending_.end()) next = pending_.begin();
        turn_ = next->first;
        auto choose = [&](const Row& row) {
            DeliveryKey key(turn_, row.get<std::uint64_t>(0));
            if (chosen.size() >= limit || busy.contains(key) || of_webhook[turn_] >= each) return;
            ++of_webhook[turn_];
            chosen.push_back(key);
        };
        SONM_CHECK(database_->each(choose,
                                   "SELECT sequence FROM delivery WHERE webhook = ? AND dead = 0 AND"
                                   " next_at <= ? ORDER BY next_at, sequence LIMIT ?",
                                   turn_, now.value, 2 * each));
    }
    std::vector<Delivery> out;
    std::string sql = fmt::format(
        "SELECT {}, w.url, w.secret, d.attempts FROM delivery d JOIN notification n USING (sequence)"
        " JOIN webhook w ON w.id = d.webhook WHERE d.webhook = ? AND d.sequence = ?",
        notification_columns);
    for (const DeliveryKey& key : chosen) {
        auto read = [&](const Row& row) {
            out.push_back(Delivery{key.first, row.get<std::string>(6), row.get<Bytes>(7),
                                   read_notification(row), row.get<std::uint64_t>(8)});
        };
        SONM_CHECK(database_->each(read, sql, key.first, key.second));
    }
    return out;
}

Result<void> Store::delivered(const DeliveryKey& key) {
    SONM_TRY(std::size_t gone, database_->run("DELETE FROM delivery WHERE webhook = ? AND sequence = ?",
                                              key.first, key.second));
    if (gone != 0) no_longer_pending(key.first);
    return Result<void>();
}

Result<void> Store::retry(const DeliveryKey& key, UnixTime at, std::string_view error) {
    auto body = [&]() -> Result<void> {
        SONM_CHECK(
            database_->run("UPDATE delivery SET attempts = attempts + 1, next_at = ?, error = ?"
                           " WHERE webhook = ? AND sequence = ?",
                           at.value, error_text(error), key.first, key.second));
        SONM_CHECK(
            database_->run("UPDATE webhook SET last_error = ? WHERE id = ?", error_text(error), key.first));
        return Result<void>();
    };
    return database_->transact(body);
}

Result<void> Store::dead(const DeliveryKey& key, std::string_view error) {
    std::size_t died = 0;
    auto body = [&]() -> Result<void> {
        SONM_TRY(died, database_->run("UPDATE delivery SET attempts = attempts + 1, dead = 1, error = ?"
                                      " WHERE webhook = ? AND sequence = ? AND dead = 0",
                                      error_text(error), key.first, key.second));
        SONM_CHECK(
            database_->run("UPDATE webhook SET last_error = ? WHERE id = ?", error_text(error), key.first));
        return trim_dead(key.first);
    };
    SONM_CHECK(database_->transact(body));
    if (died != 0) no_longer_pending(key.first);
    return Result<void>();
}

Result<void> Store::trim_dead(std::uint64_t webhook) {
    SONM_TRY(std::size_t dropped,
             database_->run(
                 "DELETE FROM delivery WHERE webhook = ?1 AND dead = 1 AND sequence IN (SELECT sequence"
                 " FROM delivery WHERE webhook = ?1 AND dead = 1 ORDER BY sequence DESC LIMIT -1 OFFSET ?2)",
                 webhook, keeping_.dead_max));
    if (dropped == 0) return Result<void>();
    dropped_ += dropped;
    SONM_LOG(warn, "notifications: webhook {} has too many dead letters; dropped the oldest {}", webhook,
             dropped);
    return Result<void>();
}

Result<std::vector<DeadLetter>> Store::dead_letters(std::uint64_t webhook, std::uint64_t after,
                                                    std::size_t limit) {
    auto read = [](const Row& row) {
        return DeadLetter{read_notification(row), row.get<std::uint64_t>(6), row.get<std::string>(7)};
    };
    std::string sql = fmt::format(
        "SELECT {}, d.attempts, d.error FROM delivery d JOIN notification n USING (sequence)"
        " WHERE d.webhook = ? AND d.dead = 1 AND d.sequence > ? ORDER BY d.sequence LIMIT ?",
        notification_columns);
    return database_->all(read, sql, webhook, after, limit);
}

Result<void> Store::found(Result<std::size_t> changed, const DeliveryKey& key) {
    SONM_TRY(std::size_t count, std::move(changed));
    if (count == 0) return fail(Errc::not_found, "dead letter {} of webhook {}", key.second, key.first);
    return Result<void>();
}

Result<void> Store::redeliver(const DeliveryKey& key, UnixTime now) {
    SONM_CHECK(found(database_->run("UPDATE delivery SET dead = 0, attempts = 0, next_at = ?"
                                    " WHERE webhook = ? AND sequence = ? AND dead = 1",
                                    now.value, key.first, key.second),
                     key));
    ++pending_[key.first];
    return Result<void>();
}

Result<void> Store::drop(const DeliveryKey& key) {
    return found(database_->run("DELETE FROM delivery WHERE webhook = ? AND sequence = ? AND dead = 1",
                                key.first, key.second),
                 key);
}

Result<void> Store::clean(UnixTime now) {
    auto name = [](const Row& row) { return row.get<std::string>(0); };
    SONM_TRY(auto topics, database_->all(name, "SELECT name FROM topic"));
    for (const std::string& topic : topics) SONM_CHECK(clean_topic(topic, now));
    return Result<void>();
}

Result<void> Store::clean_topic(const std::string& topic, UnixTime now) {
    // Everything up to here is too old, or beyond the count.
    SONM_TRY(auto beyond,
             database_->value<std::uint64_t>(
                 "SELECT sequence FROM notification WHERE topic = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?",
                 topic, keeping_.count_max));
    std::uint64_t oldest = now.value > keeping_.age_max.value ? now.value - keeping_.age_max.value : 0;
    auto body = [&]() -> Result<std::uint64_t> {
        std::uint64_t freed = 0, highest = 0;
        auto count = [&](const Row& row) {
            freed = row.get<std::uint64_t>(0);
            highest = row.get<std::uint64_t>(1);
        };
        constexpr std::string_view which =
            "FROM notification WHERE topic = ? AND (time < ? OR sequence <= ?)"
            " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.sequence = notification.sequence)";
        SONM_CHECK(database_->each(
            count, fmt::format("SELECT coalesce(sum(length(body)), 0), coalesce(max(sequence), 0) {}", which),
            topic, oldest, beyond.value_or(0)));
        if (highest == 0) return freed;
        SONM_CHECK(database_->run(fmt::format("DELETE {}", which), topic, oldest, beyond.value_or(0)));
        SONM_CHECK(
            database_->run("UPDATE topic SET removed = max(removed, ?) WHERE name = ?", highest, topic));
        return freed;
    };
    SONM_TRY(std::uint64_t freed, database_->transact(body));
    bytes_ -= std::min(bytes_, freed);
    return Result<void>();
}

Result<Store::Counts> Store::counts() {
    Counts out;
    auto read = [&](const Row& row) {
        out = Counts{row.get<std::uint64_t>(0), row.get<std::uint64_t>(1), row.get<std::uint64_t>(2)};
    };
    SONM_CHECK(database_->each(read,
                               "SELECT (SELECT count(*) FROM notification),"
                               " (SELECT count(*) FROM delivery WHERE dead = 0),"
                               " (SELECT count(*) FROM delivery WHERE dead = 1)"));
    return out;
}

}  // namespace sonm::notifications
