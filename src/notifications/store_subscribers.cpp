#include "sonm/base/log.hpp"
#include "sonm/notifications/store.hpp"

/// Named subscriptions, and what is kept for whom how long.
namespace sonm::notifications {
namespace {

/// Looked at, and removed, in one piece of work: others wait for the database meanwhile.
constexpr std::size_t topics_step = 64, looked_step = 4'000, removed_step = 1'000;
constexpr std::size_t owed_counted_max = 1'000;
constexpr std::uint64_t no_floor = std::numeric_limits<std::int64_t>::max();

std::uint64_t before(UnixTime now, Seconds age) { return now.value > age.value ? now.value - age.value : 0; }

}  // namespace

Result<std::uint64_t> Store::acknowledged(const std::string& topic, const std::string& name,
                                          const std::string& owner) {
    std::optional<std::pair<std::uint64_t, std::string>> row_found;
    auto read = [&](const Row& row) {
        row_found.emplace(row.get<std::uint64_t>(0), row.get<std::string>(1));
    };
    SONM_CHECK(database_.each(read, "SELECT acknowledged, owner FROM subscriber WHERE topic = ? AND name = ?",
                              topic, name));
    if (!row_found) return fail(Errc::not_found, "subscriber {} of {}", name, topic);
    if (row_found->second != owner)
        return fail(Errc::denied, "subscriber {} of {} is another account's", name, topic);
    return row_found->first;
}

Result<std::uint64_t> Store::attach(const std::string& topic, const std::string& name,
                                    const std::string& owner, std::optional<std::uint64_t> after) {
    auto known = acknowledged(topic, name, owner);
    if (known || !known.error().is(Errc::not_found)) return known;
    SONM_TRY(auto count, database_.value<std::uint64_t>("SELECT count(*) FROM subscriber"));
    if (count.value_or(0) >= keeping_.subscribers_max)
        return fail(Errc::busy, "there are {} named subscribers already", keeping_.subscribers_max);
    SONM_TRY(std::uint64_t last, last_sequence());
    std::uint64_t begin = std::min(after.value_or(last), last);
    SONM_CHECK(database_.run("INSERT INTO subscriber (topic, name, owner, acknowledged) VALUES (?, ?, ?, ?)",
                             topic, name, owner, begin));
    return begin;
}

Result<void> Store::acknowledge(const std::string& topic, const std::string& name, const std::string& owner,
                                std::uint64_t sequence) {
    SONM_TRY(std::uint64_t before, acknowledged(topic, name, owner));
    SONM_TRY(std::uint64_t last, last_sequence());
    if (sequence > last)
        return fail(Errc::invalid, "{} is no sequence yet; the newest is {}", sequence, last);
    if (sequence <= before) return Result<void>();
    SONM_CHECK(database_.run("UPDATE subscriber SET acknowledged = ? WHERE topic = ? AND name = ?", sequence,
                             topic, name));
    return Result<void>();
}

Result<void> Store::forget(const std::string& topic, const std::string& name, const std::string& owner) {
    SONM_CHECK(acknowledged(topic, name, owner));
    SONM_CHECK(database_.run("DELETE FROM subscriber WHERE topic = ? AND name = ?", topic, name));
    return Result<void>();
}

Result<std::vector<Subscriber>> Store::subscribers(const std::string& topic, const std::string& owner) {
    auto read = [&](const Row& row) {
        return Subscriber{topic,
                          row.get<std::string>(0),
                          owner,
                          row.get<std::uint64_t>(1),
                          row.get<std::uint64_t>(3),
                          row.get<std::uint64_t>(2),
                          false};
    };
    return database_.all(
        read,
        "SELECT name, acknowledged, lost, (SELECT count(*) FROM (SELECT 1 FROM notification n"
        " WHERE n.topic = s.topic AND n.sequence > s.acknowledged LIMIT ?))"
        " FROM subscriber s WHERE topic = ? AND owner = ? ORDER BY name",
        owed_counted_max, topic, owner);
}

Result<std::optional<std::string>> Store::clean(UnixTime now, std::string topic) {
    auto name = [](const Row& row) { return row.get<std::string>(0); };
    SONM_TRY(auto topics, database_.all(name, "SELECT name FROM topic WHERE name > ? ORDER BY name LIMIT ?",
                                        topic, topics_step));
    std::size_t removed = 0;
    for (const std::string& next : topics) {
        SONM_TRY(std::size_t here, clean_topic(next, now));
        removed += here;
        if (here < removed_step) topic = next;
        if (removed >= removed_step) return std::optional(topic);
    }
    return topics.size() < topics_step ? std::nullopt : std::optional(topic);
}

Result<std::uint64_t> Store::beyond(const std::string& topic, std::size_t count) {
    return database_
        .value<std::uint64_t>(
            "SELECT sequence FROM notification WHERE topic = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?",
            topic, count)
        .map([](auto found) { return found.value_or(0); });
}

Result<std::size_t> Store::clean_topic(const std::string& topic, UnixTime now) {
    SONM_TRY(std::uint64_t too_many, beyond(topic, keeping_.count_max));
    // Up to the floor nobody is owed anything any more.
    SONM_TRY(auto floor, database_.value<std::optional<std::uint64_t>>(
                             "SELECT min(acknowledged) FROM subscriber WHERE topic = ?", topic));
    SONM_TRY(std::uint64_t owed_too_many, beyond(topic, keeping_.owed_max));
    std::uint64_t none_owed = std::max(floor.value_or(std::nullopt).value_or(no_floor), owed_too_many);
    auto sequence = [](const Row& row) { return row.get<std::uint64_t>(0); };
    SONM_TRY(auto which,
             database_.all(sequence,
                           "SELECT sequence FROM notification n WHERE topic = ?"
                           " AND (time < ? OR sequence <= ?) AND (sequence <= ? OR time < ?)"
                           " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.sequence = n.sequence)"
                           " ORDER BY sequence LIMIT ?",
                           topic, before(now, keeping_.age_max), too_many, none_owed,
                           before(now, keeping_.owed_age_max), removed_step));
    if (!which.empty()) SONM_CHECK(remove(topic, which));
    return which.size();
}

Result<std::optional<Store::Squeezed>> Store::squeeze(UnixTime now, Squeezed at) {
    SONM_TRY(auto taken, database_.value<std::uint64_t>("SELECT bytes FROM total"));
    std::uint64_t bytes = taken.value_or(0);
    std::uint64_t enough = crowded_above();
    if (wanted_ != 0) enough = std::min(enough, keeping_.bytes_max - std::min(wanted_, keeping_.bytes_max));
    std::optional<std::uint64_t> looked_at;
    if (bytes > enough) {
        SONM_TRY(auto last, database_.value<std::optional<std::uint64_t>>(
                                "SELECT max(sequence) FROM (SELECT sequence FROM notification"
                                " WHERE sequence > ? ORDER BY sequence LIMIT ?)",
                                at.after, looked_step));
        looked_at = last.value_or(std::nullopt);
    }
    if (!looked_at) {
        wanted_ = 0;
        return std::optional<Squeezed>();
    }
    struct Candidate {
        std::uint64_t sequence, time, bytes;
        std::string topic;
    };
    auto read = [](const Row& row) {
        return Candidate{row.get<std::uint64_t>(0), row.get<std::uint64_t>(1), row.get<std::uint64_t>(2),
                         row.get<std::string>(3)};
    };
    // The sign keeps sqlite from going topic by topic.
    SONM_TRY(auto candidates,
             database_.all(read,
                           "SELECT sequence, time, bytes, topic FROM notification n"
                           " WHERE sequence > ? AND sequence <= ?"
                           " AND +topic IN (SELECT topic FROM subscriber)"
                           " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.sequence = n.sequence)"
                           " ORDER BY sequence",
                           at.after, *looked_at));
    at.after = *looked_at;
    std::map<std::string, std::vector<std::uint64_t>> which;
    std::size_t count = 0;
    for (const Candidate& next : candidates) {
        if (bytes <= enough) break;
        auto [limit, fresh] = at.too_many.try_emplace(next.topic);
        if (fresh) {
            SONM_TRY(limit->second, beyond(next.topic, keeping_.count_max));
        }
        if (next.sequence > limit->second && next.time >= before(now, keeping_.age_max)) continue;
        which[next.topic].push_back(next.sequence);
        bytes -= std::min(bytes, next.bytes);
        if (++count == removed_step) {
            at.after = next.sequence;
            break;
        }
    }
    for (const auto& [topic, sequences] : which) SONM_CHECK(remove(topic, sequences));
    return std::optional(std::move(at));
}

Result<void> Store::remove(const std::string& topic, const std::vector<std::uint64_t>& sequences) {
    auto read = [](const Row& row) { return std::pair(row.get<std::string>(0), row.get<std::uint64_t>(1)); };
    SONM_TRY(
        auto behind,
        database_.all(read, "SELECT name, acknowledged FROM subscriber WHERE topic = ? AND acknowledged < ?",
                      topic, sequences.back()));
    for (const auto& [name, acknowledged] : behind) {
        auto first = std::upper_bound(sequences.begin(), sequences.end(), acknowledged);
        auto lost = static_cast<std::uint64_t>(sequences.end() - first);
        SONM_CHECK(database_.run("UPDATE subscriber SET lost = lost + ? WHERE topic = ? AND name = ?", lost,
                                 topic, name));
        SONM_CHECK(database_.run("UPDATE total SET lost = lost + ?", lost));
        SONM_LOG(warn, "notifications: subscriber {} of {} has not had {} that are kept no longer", name,
                 topic, lost);
    }
    for (std::uint64_t sequence : sequences)
        SONM_CHECK(database_.run("DELETE FROM notification WHERE sequence = ?", sequence));
    SONM_CHECK(
        database_.run("UPDATE topic SET removed = max(removed, ?) WHERE name = ?", sequences.back(), topic));
    return Result<void>();
}

}  // namespace sonm::notifications
