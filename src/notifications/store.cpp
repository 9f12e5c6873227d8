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

// Counts are kept where what they count is: one rollback takes both.
constexpr std::string_view counts_and_subscribers = R"(
CREATE TABLE total (
    kept INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO total (kept, bytes) SELECT count(*), coalesce(sum(length(body)), 0) FROM notification;
CREATE TRIGGER notification_added AFTER INSERT ON notification BEGIN
    UPDATE total SET kept = kept + 1, bytes = bytes + length(NEW.body);
END;
CREATE TRIGGER notification_gone AFTER DELETE ON notification BEGIN
    UPDATE total SET kept = kept - 1, bytes = bytes - length(OLD.body);
END;
ALTER TABLE webhook ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook ADD COLUMN dead INTEGER NOT NULL DEFAULT 0;
UPDATE webhook SET
    pending = (SELECT count(*) FROM delivery d WHERE d.webhook = webhook.id AND d.dead = 0),
    dead = (SELECT count(*) FROM delivery d WHERE d.webhook = webhook.id AND d.dead = 1);
CREATE TRIGGER delivery_added AFTER INSERT ON delivery BEGIN
    UPDATE webhook SET pending = pending + 1 - NEW.dead, dead = dead + NEW.dead WHERE id = NEW.webhook;
END;
CREATE TRIGGER delivery_gone AFTER DELETE ON delivery BEGIN
    UPDATE webhook SET pending = pending - 1 + OLD.dead, dead = dead - OLD.dead WHERE id = OLD.webhook;
END;
CREATE TRIGGER delivery_turned AFTER UPDATE OF dead ON delivery BEGIN
    UPDATE webhook SET pending = pending + OLD.dead - NEW.dead, dead = dead + NEW.dead - OLD.dead
        WHERE id = NEW.webhook;
END;
CREATE TABLE subscriber (
    topic TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    acknowledged INTEGER NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, name)
) STRICT, WITHOUT ROWID;
)";

// What a row takes beside its texts, and how often these are stored (in indexes), as `needs` has it. Bytes of
// texts, not characters.
constexpr std::string_view bytes_of_rows = R"(
ALTER TABLE notification ADD COLUMN bytes INTEGER GENERATED ALWAYS AS (
    256 + length(body) + length(CAST(type AS BLOB)) + 3 * length(CAST(topic AS BLOB))
    + 2 * coalesce(length(CAST(id AS BLOB)), 0)) VIRTUAL;
DROP TRIGGER notification_added;
DROP TRIGGER notification_gone;
CREATE TRIGGER notification_added AFTER INSERT ON notification BEGIN
    UPDATE total SET kept = kept + 1, bytes = bytes + NEW.bytes;
END;
CREATE TRIGGER notification_gone AFTER DELETE ON notification BEGIN
    UPDATE total SET kept = kept - 1, bytes = bytes - OLD.bytes;
END;
CREATE TRIGGER delivery_added_bytes AFTER INSERT ON delivery BEGIN
    UPDATE total SET bytes = bytes + 128 + length(NEW.error);
END;
CREATE TRIGGER delivery_gone_bytes AFTER DELETE ON delivery BEGIN
    UPDATE total SET bytes = bytes - 128 - length(OLD.error);
END;
CREATE TRIGGER delivery_failed_bytes AFTER UPDATE OF error ON delivery BEGIN
    UPDATE total SET bytes = bytes + length(NEW.error) - length(OLD.error);
END;
UPDATE total SET bytes = (SELECT coalesce(sum(bytes), 0) FROM notification)
    + (SELECT coalesce(sum(128 + length(error)), 0) FROM delivery);
)";

/// What a publication adds to total.bytes with `webhooks` deliveries.
std::uint64_t needs(const Publication& publication, std::size_t webhooks) {
    return 256 + publication.body.size() + publication.type.size() + 3 * publication.topic.size() +
           2 * publication.id.size() + 128 * webhooks;
}

constexpr std::size_t page_bytes = 256 * KiB;

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

std::vector<std::string_view> Store::migrations() { return {tables, counts_and_subscribers, bytes_of_rows}; }

Store::Store(Database& database, Keeping keeping) : database_(database), keeping_(keeping) {}

Result<void> Store::begin() {
    SONM_TRY(auto bytes, database_.value<std::uint64_t>("SELECT bytes FROM total"));
    begun_with_ = bytes.value_or(0);
    if (begun_with_ > keeping_.bytes_max)
        SONM_LOG(warn,
                 "notifications: {} bytes are kept and store_max is {}: nothing is accepted until there is"
                 " room; store_max: {} B makes some",
                 begun_with_, keeping_.bytes_max, begun_with_ / 9 * 10 + 10);
    return Result<void>();
}

Result<std::pair<std::uint64_t, bool>> Store::publish(const Publication& publication, UnixTime now) {
    const std::string& topic = publication.topic;
    std::optional<std::string> id;
    if (!publication.id.empty()) id = publication.id;
    if (id) {
        SONM_TRY(auto known, database_.value<std::uint64_t>(
                                 "SELECT sequence FROM notification WHERE topic = ? AND id = ?", topic, *id));
        if (known) return std::pair(*known, false);
    }
    SONM_TRY(auto bytes, database_.value<std::uint64_t>("SELECT bytes FROM total"));
    auto read = [](const Row& row) {
        return std::pair(row.get<std::uint64_t>(0), row.get<std::uint64_t>(1));
    };
    SONM_TRY(auto webhooks, database_.all(read, "SELECT id, pending FROM webhook WHERE topic = ?", topic));
    std::uint64_t needed = needs(publication, webhooks.size());
    if (needed > keeping_.bytes_max)
        return fail(Errc::too_large, "the notification needs {} bytes, the store has {}", needed,
                    keeping_.bytes_max);
    if (bytes.value_or(0) + needed > keeping_.bytes_max) {
        wanted_ = std::max(wanted_, needed);
        return fail(Errc::no_space, "{} bytes of notifications are kept, at most {} may be",
                    bytes.value_or(0), keeping_.bytes_max);
    }
    SONM_TRY(std::size_t fresh, database_.run("INSERT OR IGNORE INTO topic (name) VALUES (?)", topic));
    if (fresh != 0) {
        SONM_TRY(auto topics, database_.value<std::uint64_t>("SELECT count(*) FROM topic"));
        if (topics.value_or(0) > keeping_.topics_max)
            return fail(Errc::busy, "there are {} topics already", keeping_.topics_max);
    }
    SONM_CHECK(database_.run("INSERT INTO notification (topic, id, time, type, body) VALUES (?, ?, ?, ?, ?)",
                             topic, id, now.value, publication.type, publication.body));
    auto sequence = static_cast<std::uint64_t>(database_.last_id());
    for (auto [webhook, pending] : webhooks) {
        bool full = pending >= keeping_.pending_max;
        SONM_CHECK(database_.run(
            "INSERT INTO delivery (webhook, sequence, next_at, dead, error) VALUES (?, ?, ?, ?, ?)", webhook,
            sequence, now.value, full, std::string(full ? "too many were waiting" : "")));
        if (full) SONM_CHECK(trim_dead(webhook));
    }
    return std::pair(sequence, true);
}

Result<std::vector<Notification>> Store::after(const std::string& topic, std::uint64_t after,
                                               std::size_t limit) {
    std::uint64_t last = after, bytes = 0;
    auto measure = [&](const Row& row) {
        if (bytes < page_bytes) last = row.get<std::uint64_t>(0);
        bytes += row.get<std::uint64_t>(1);
    };
    SONM_CHECK(database_.each(measure,
                              "SELECT sequence, length(body) FROM notification WHERE topic = ? AND"
                              " sequence > ? ORDER BY sequence LIMIT ?",
                              topic, after, limit));
    if (last == after) return std::vector<Notification>();
    std::string sql = fmt::format(
        "SELECT {} FROM notification n WHERE topic = ? AND sequence > ? AND sequence <= ? ORDER BY sequence",
        notification_columns);
    SONM_TRY(auto found, database_.all(read_notification, sql, topic, after, last));
    SONM_TRY(auto removed, database_.value<std::uint64_t>("SELECT removed FROM topic WHERE name = ?", topic));
    if (!found.empty()) found.front().gap = after < removed.value_or(0);
    return found;
}

Result<std::uint64_t> Store::last_sequence() {
    return database_.value<std::uint64_t>("SELECT seq FROM sqlite_sequence WHERE name = 'notification'")
        .map([](auto value) { return value.value_or(0); });
}

Result<std::uint64_t> Store::add_webhook(const std::string& topic, const std::string& url,
                                         const Bytes& secret, const std::string& owner) {
    SONM_TRY(auto all, database_.value<std::uint64_t>("SELECT count(*) FROM webhook"));
    SONM_TRY(auto here,
             database_.value<std::uint64_t>("SELECT count(*) FROM webhook WHERE topic = ?", topic));
    if (all.value_or(0) >= keeping_.webhooks_max || here.value_or(0) >= keeping_.topic_webhooks_max)
        return fail(Errc::busy, "there are {} webhooks, {} of this topic", all.value_or(0), here.value_or(0));
    SONM_CHECK(database_.run("INSERT INTO webhook (topic, url, secret, owner) VALUES (?, ?, ?, ?)", topic,
                             url, secret, owner));
    return static_cast<std::uint64_t>(database_.last_id());
}

Result<void> Store::check_webhook(std::uint64_t webhook, const std::string& owner) {
    SONM_TRY(auto found, database_.value<std::string>("SELECT owner FROM webhook WHERE id = ?", webhook));
    if (!found) return fail(Errc::not_found, "webhook {}", webhook);
    if (*found != owner) return fail(Errc::denied, "webhook {} is another account's", webhook);
    return Result<void>();
}

Result<void> Store::remove_webhook(std::uint64_t webhook) {
    SONM_CHECK(database_.run("DELETE FROM webhook WHERE id = ?", webhook));
    SONM_CHECK(database_.run("DELETE FROM delivery WHERE webhook = ?", webhook));
    return Result<void>();
}

Result<std::vector<Webhook>> Store::webhooks(const std::string& owner) {
    auto read = [](const Row& row) {
        return Webhook{row.get<std::uint64_t>(0), row.get<std::string>(1),   row.get<std::string>(2),
                       row.get<std::string>(3),   row.get<std::uint64_t>(4), row.get<std::uint64_t>(5),
                       row.get<std::string>(6)};
    };
    return database_.all(
        read,
        "SELECT id, topic, url, owner, pending, dead, last_error FROM webhook WHERE owner = ? ORDER BY id",
        owner);
}

Result<std::vector<Delivery>> Store::due(UnixTime now, const std::set<DeliveryKey>& busy, std::size_t limit,
                                         std::size_t each) {
    std::map<std::uint64_t, std::size_t> of_webhook;
    for (const DeliveryKey& key : busy) ++of_webhook[key.first];
    auto id = [](const Row& row) { return row.get<std::uint64_t>(0); };
    SONM_TRY(auto waiting, database_.all(id, "SELECT id FROM webhook WHERE pending > 0 ORDER BY id"));
    auto first = std::upper_bound(waiting.begin(), waiting.end(), turn_);
    std::rotate(waiting.begin(), first, waiting.end());
    std::vector<DeliveryKey> chosen;
    // Webhook by webhook, each in its turn, so that a long queue of one hides no other.
    for (std::uint64_t webhook : waiting) {
        if (chosen.size() >= limit) break;
        turn_ = webhook;
        auto choose = [&](const Row& row) {
            DeliveryKey key(webhook, row.get<std::uint64_t>(0));
            if (chosen.size() >= limit || busy.contains(key) || of_webhook[webhook] >= each) return;
            ++of_webhook[webhook];
            chosen.push_back(key);
        };
        SONM_CHECK(database_.each(choose,
                                  "SELECT sequence FROM delivery WHERE webhook = ? AND dead = 0 AND"
                                  " next_at <= ? ORDER BY next_at, sequence LIMIT ?",
                                  webhook, now.value, 2 * each));
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
        SONM_CHECK(database_.each(read, sql, key.first, key.second));
    }
    return out;
}

Result<void> Store::delivered(const DeliveryKey& key) {
    return database_.run("DELETE FROM delivery WHERE webhook = ? AND sequence = ?", key.first, key.second)
        .map([](std::size_t) {});
}

Result<void> Store::retry(const DeliveryKey& key, UnixTime at, std::string_view error) {
    SONM_CHECK(
        database_.run("UPDATE delivery SET attempts = attempts + 1, next_at = ?, error = ?"
                      " WHERE webhook = ? AND sequence = ?",
                      at.value, error_text(error), key.first, key.second));
    SONM_CHECK(database_.run("UPDATE webhook SET last_error = ? WHERE id = ?", error_text(error), key.first));
    return Result<void>();
}

Result<void> Store::dead(const DeliveryKey& key, std::string_view error) {
    SONM_CHECK(
        database_.run("UPDATE delivery SET attempts = attempts + 1, dead = 1, error = ?"
                      " WHERE webhook = ? AND sequence = ? AND dead = 0",
                      error_text(error), key.first, key.second));
    SONM_CHECK(database_.run("UPDATE webhook SET last_error = ? WHERE id = ?", error_text(error), key.first));
    return trim_dead(key.first);
}

Result<void> Store::trim_dead(std::uint64_t webhook) {
    SONM_TRY(std::size_t dropped,
             database_.run(
                 "DELETE FROM delivery WHERE webhook = ?1 AND dead = 1 AND sequence IN (SELECT sequence"
                 " FROM delivery WHERE webhook = ?1 AND dead = 1 ORDER BY sequence DESC LIMIT -1 OFFSET ?2)",
                 webhook, keeping_.dead_max));
    if (dropped == 0) return Result<void>();
    SONM_CHECK(database_.run("UPDATE total SET dropped = dropped + ?", dropped));
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
    return database_.all(read, sql, webhook, after, limit);
}

Result<void> Store::found(Result<std::size_t> changed, const DeliveryKey& key) {
    SONM_TRY(std::size_t count, std::move(changed));
    if (count == 0) return fail(Errc::not_found, "dead letter {} of webhook {}", key.second, key.first);
    return Result<void>();
}

Result<void> Store::redeliver(const DeliveryKey& key, UnixTime now) {
    return found(database_.run("UPDATE delivery SET dead = 0, attempts = 0, next_at = ?"
                               " WHERE webhook = ? AND sequence = ? AND dead = 1",
                               now.value, key.first, key.second),
                 key);
}

Result<void> Store::drop(const DeliveryKey& key) {
    return found(database_.run("DELETE FROM delivery WHERE webhook = ? AND sequence = ? AND dead = 1",
                               key.first, key.second),
                 key);
}

Result<Store::Counts> Store::counts() {
    Counts out;
    auto read = [&](const Row& row) {
        out.kept = row.get<std::uint64_t>(0);
        out.bytes = row.get<std::uint64_t>(1);
        out.dropped = row.get<std::uint64_t>(2);
        out.lost = row.get<std::uint64_t>(3);
        out.pending = row.get<std::uint64_t>(4);
        out.dead = row.get<std::uint64_t>(5);
        out.subscribers = row.get<std::uint64_t>(6);
    };
    SONM_CHECK(database_.each(read,
                              "SELECT kept, bytes, dropped, lost,"
                              " (SELECT coalesce(sum(pending), 0) FROM webhook),"
                              " (SELECT coalesce(sum(dead), 0) FROM webhook),"
                              " (SELECT count(*) FROM subscriber) FROM total"));
    begun_with_ = std::min(begun_with_, out.bytes);
    out.crowded = out.bytes > crowded_above();
    out.refused = wanted_ != 0;
    return out;
}

}  // namespace sonm::notifications
