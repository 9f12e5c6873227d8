#include "sonm/storage/sqlite_backend.hpp"

namespace sonm::storage {
namespace {

const std::vector<std::string_view> migrations{
    "CREATE TABLE value (collection BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
    "  PRIMARY KEY (collection, key)) WITHOUT ROWID;"
    "CREATE TABLE tag (collection BLOB NOT NULL, tag BLOB NOT NULL, key BLOB NOT NULL,"
    "  PRIMARY KEY (collection, tag, key)) WITHOUT ROWID;"
    "CREATE INDEX tag_of_key ON tag (collection, key)",
};

/// What a write costs in the line for the disk beside its value.
constexpr std::size_t write_overhead = 1 * KiB;

/// Keys looked at in one go by a find.
constexpr std::size_t step_keys = 1000;

Result<void> write_value(Database& db, const Name& name, BytesView value, const std::set<std::string>& tags) {
    BytesView collection = as_bytes(name.collection), key = as_bytes(name.key);
    SONM_CHECK(db.run("INSERT OR REPLACE INTO value (collection, key, value) VALUES (?, ?, ?)", collection,
                      key, value));
    for (const std::string& tag : tags)
        SONM_CHECK(db.run("INSERT OR IGNORE INTO tag (collection, tag, key) VALUES (?, ?, ?)", collection,
                          as_bytes(tag), key));
    SONM_TRY(auto count, db.value<std::size_t>("SELECT count(*) FROM tag WHERE collection = ? AND key = ?",
                                               collection, key));
    if (count.value_or(0) > tags_max)
        return fail(Errc::too_large, "{} would have {} tags; at most {} are allowed", name.path(), *count,
                    tags_max);
    return {};
}

/// Bytes of all pages that hold something, in the transaction that is open.
Result<std::uint64_t> used_bytes(Database& db) {
    std::uint64_t values[3];
    const char* questions[] = {"PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size"};
    for (std::size_t i = 0; i < 3; ++i) {
        SONM_TRY(auto value, db.value<std::uint64_t>(questions[i]));
        values[i] = value.value_or(0);
    }
    return (values[0] - values[1]) * values[2];
}

Result<bool> has_tags(Database& db, BytesView collection, BytesView key, const std::set<std::string>& tags) {
    for (const std::string& tag : tags) {
        SONM_TRY(auto row, db.value<bool>("SELECT 1 FROM tag WHERE collection = ? AND tag = ? AND key = ?",
                                          collection, as_bytes(tag), key));
        if (!row) return false;
    }
    return true;
}

Result<std::vector<std::string>> find_keys(Database& db, const Query& query) {
    std::vector<std::string> found;
    std::set<std::string> others = query.tags;
    std::string first = others.extract(others.begin()).value();
    BytesView collection = as_bytes(query.collection);
    Bytes after = to_bytes(query.after);
    while (found.size() < query.keys_max) {
        auto key = [](const Row& row) { return row.get<Bytes>(0); };
        SONM_TRY(auto step, db.all(key,
                                   "SELECT key FROM tag WHERE collection = ? AND tag = ? AND key > ? "
                                   "ORDER BY key LIMIT ?",
                                   collection, as_bytes(first), after, step_keys));
        for (const Bytes& candidate : step) {
            SONM_TRY(bool all, has_tags(db, collection, candidate, others));
            if (all && found.size() < query.keys_max) found.emplace_back(as_text(candidate));
        }
        if (step.size() < step_keys) break;
        after = std::move(step.back());
    }
    return found;
}

}  // namespace

Async<void> SqliteBackend::open() {
    auto opening = db_.open(file_.native(), migrations);
    SONM_CO_CHECK(co_await std::move(opening));
    auto counting = db_.run(used_bytes);
    SONM_CO_TRY(std::uint64_t used, co_await std::move(counting));
    quota_.set_used(used);
    co_return Result<void>();
}

Async<Bytes> SqliteBackend::read(Name name) {
    return db_.run([name = std::move(name)](Database& db) -> Result<Bytes> {
        SONM_TRY(auto value, db.value<Bytes>("SELECT value FROM value WHERE collection = ? AND key = ?",
                                             as_bytes(name.collection), as_bytes(name.key)));
        if (!value) return fail(Errc::not_found, "{}", name.path());
        return std::move(*value);
    });
}

Async<void> SqliteBackend::write(Name name, Bytes value, std::set<std::string> tags) {
    std::size_t bytes = value.size() + write_overhead;
    auto work = [this, name = std::move(name), value = std::move(value),
                 tags = std::move(tags)](Database& db) -> Result<std::uint64_t> {
        SONM_TRY(std::uint64_t before, used_bytes(db));
        SONM_CHECK(write_value(db, name, value, tags));
        SONM_TRY(std::uint64_t now, used_bytes(db));
        SONM_CHECK(quota_.check(before, now));
        return now;
    };
    auto counted = [this](std::uint64_t used) { quota_.set_used(used); };
    auto writing = db_.run(std::move(work), std::move(counted), bytes);
    SONM_CO_CHECK(co_await std::move(writing));
    co_return Result<void>();
}

Async<void> SqliteBackend::remove(Name name) {
    auto work = [name = std::move(name)](Database& db) -> Result<std::uint64_t> {
        for (std::string_view sql : {"DELETE FROM value WHERE collection = ? AND key = ?",
                                     "DELETE FROM tag WHERE collection = ? AND key = ?"})
            SONM_CHECK(db.run(sql, as_bytes(name.collection), as_bytes(name.key)));
        return used_bytes(db);
    };
    auto removing = db_.run(std::move(work), [this](std::uint64_t used) { quota_.set_used(used); });
    SONM_CO_CHECK(co_await std::move(removing));
    co_return Result<void>();
}

Async<std::vector<std::string>> SqliteBackend::find(Query query) {
    return db_.run([query = std::move(query)](Database& db) { return find_keys(db, query); });
}

}  // namespace sonm::storage
