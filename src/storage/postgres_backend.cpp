#include "sonm/storage/postgres_backend.hpp"

#include "sonm/storage/postgres_connection.hpp"

namespace sonm::storage {
namespace {

// Tags stand in the row of their value, so that every call is one statement and happens as a whole.
constexpr const char* schema[] = {
    "CREATE TABLE IF NOT EXISTS sonm_storage (collection bytea NOT NULL, key bytea NOT NULL, "
    "value bytea NOT NULL, tags bytea[] NOT NULL CHECK (cardinality(tags) <= 64), "
    "PRIMARY KEY (collection, key))",
    "CREATE INDEX IF NOT EXISTS sonm_storage_tags ON sonm_storage USING gin (tags)"};
static_assert(tags_max == 64);

constexpr const char* write_sql =
    "INSERT INTO sonm_storage AS old (collection, key, value, tags) VALUES ($1::bytea, $2::bytea, $3::bytea, "
    "convert_from($4::bytea, 'UTF8')::bytea[]) ON CONFLICT (collection, key) DO UPDATE SET value = "
    "excluded.value, tags = (SELECT coalesce(array_agg(DISTINCT tag), '{}') FROM unnest(old.tags || "
    "excluded.tags) AS tag)";
constexpr const char* find_sql =
    "SELECT key FROM sonm_storage WHERE collection = $1::bytea AND tags @> convert_from($2::bytea, "
    "'UTF8')::bytea[] AND key > $3::bytea ORDER BY key LIMIT convert_from($4::bytea, 'UTF8')::bigint";

/// An array of bytea as the server writes it in text.
Bytes array_of(const std::set<std::string>& tags) {
    std::string out = "{";
    for (const std::string& tag : tags) {
        if (out.size() > 1) out += ',';
        out += "\"\\\\x" + to_hex(as_bytes(tag)) + '"';
    }
    return to_bytes(out + "}");
}

}  // namespace

PostgresBackend::PostgresBackend(const Executor& executor, PostgresSettings settings)
    : settings_(std::move(settings)), idle_(executor, settings_.connections_max) {
    for (std::size_t i = 0; i < settings_.connections_max; ++i) idle_.try_push(nullptr);
}
PostgresBackend::~PostgresBackend() = default;

Async<PostgresBackend::Rows> PostgresBackend::try_once(const std::string& sql,
                                                       const std::vector<Bytes>& parameters) {
    auto waiting = idle_.pop();
    SONM_CO_TRY(Slot slot, co_await std::move(waiting));
    struct Return {
        Return(Channel<Slot>& channel, Slot& place) : idle(channel), slot(place) {}
        Return(const Return&) = delete;
        // A statement that was given up, or a lost connection, leaves an empty place.
        ~Return() { idle.try_push(slot && slot->is_usable() ? std::move(slot) : nullptr); }
        Channel<Slot>& idle;
        Slot& slot;
    };
    Return back(idle_, slot);
    if (!slot) {
        auto opening = PostgresConnection::open(settings_.url);
        SONM_CO_TRY(slot, co_await std::move(opening));
    }
    auto running = slot->run(sql, parameters);
    co_return co_await std::move(running);
}

Async<PostgresBackend::Rows> PostgresBackend::run(std::string sql, std::vector<Bytes> parameters) {
    // Connections die with a server that was restarted, all of them; every statement may be repeated.
    for (std::size_t attempt = 0;; ++attempt) {
        auto work = try_once(sql, parameters);
        auto limited = within(settings_.answer_max, std::move(work));
        Result<Rows> rows = co_await std::move(limited);
        if (rows || !rows.error().is(Errc::unavailable) || attempt == settings_.connections_max)
            co_return rows;
    }
}

Async<void> PostgresBackend::open() {
    for (const char* sql : schema) {
        // Two nodes that create it at the same time: one is told that it exists.
        for (int attempt = 0;; ++attempt) {
            auto running = run(sql, {});
            auto made = co_await std::move(running);
            if (made) break;
            if (!made.error().is(Errc::exists) || attempt == 3)
                co_return tl::unexpected<Error>(std::move(made.error()));
        }
    }
    co_return Result<void>();
}

Async<Bytes> PostgresBackend::read(Name name) {
    std::vector<Bytes> parameters{to_bytes(name.collection), to_bytes(name.key)};
    auto running = run("SELECT value FROM sonm_storage WHERE collection = $1::bytea AND key = $2::bytea",
                       std::move(parameters));
    SONM_CO_TRY(Rows rows, co_await std::move(running));
    if (rows.empty()) co_return fail(Errc::not_found, "{}", name.path());
    co_return std::move(rows.front());
}

Async<void> PostgresBackend::write(Name name, Bytes value, std::set<std::string> tags) {
    std::vector<Bytes> parameters{to_bytes(name.collection), to_bytes(name.key), std::move(value),
                                  array_of(tags)};
    auto running = run(write_sql, std::move(parameters));
    auto written = co_await std::move(running);
    if (!written) co_return tl::unexpected<Error>(std::move(written.error()));
    co_return Result<void>();
}

Async<void> PostgresBackend::remove(Name name) {
    std::vector<Bytes> parameters{to_bytes(name.collection), to_bytes(name.key)};
    auto running = run("DELETE FROM sonm_storage WHERE collection = $1::bytea AND key = $2::bytea",
                       std::move(parameters));
    auto removed = co_await std::move(running);
    if (!removed) co_return tl::unexpected<Error>(std::move(removed.error()));
    co_return Result<void>();
}

Async<std::vector<std::string>> PostgresBackend::find(Query query) {
    std::vector<Bytes> parameters{to_bytes(query.collection), array_of(query.tags), to_bytes(query.after),
                                  to_bytes(fmt::format("{}", query.keys_max))};
    auto running = run(find_sql, std::move(parameters));
    SONM_CO_TRY(Rows rows, co_await std::move(running));
    std::vector<std::string> keys;
    for (const Bytes& row : rows) keys.emplace_back(as_text(row));
    co_return keys;
}

}  // namespace sonm::storage
