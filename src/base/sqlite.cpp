#include "sonm/base/sqlite.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>

namespace sonm {
namespace {

Errc kind_of(sqlite3* db, int code) {
    switch (code & 0xff) {
        case SQLITE_FULL: return Errc::no_space;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return Errc::corrupt;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return Errc::busy;
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_READONLY: return Errc::denied;
        case SQLITE_TOOBIG: return Errc::too_large;
        case SQLITE_CONSTRAINT:
            return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ? Errc::exists
                                                                                            : Errc::conflict;
        case SQLITE_CANTOPEN:
        case SQLITE_IOERR: {
            int system = db ? sqlite3_system_errno(db) : 0;
            if (system == ENOSPC || system == EDQUOT) return Errc::no_space;
            return system == EACCES || system == EPERM || system == EROFS ? Errc::denied : Errc::io;
        }
        case SQLITE_ERROR:
        case SQLITE_MISUSE: return Errc::internal;
        default: return Errc::io;
    }
}

tl::unexpected<Error> failure(sqlite3* db, std::string_view doing) {
    int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    const char* file = db ? sqlite3_db_filename(db, "main") : nullptr;
    return fail(kind_of(db, code), "database {}: {}: {}", file && *file ? file : "in memory", doing,
                db ? sqlite3_errmsg(db) : "no memory");
}

/// Journals hold what others must not read, also in a folder that is open to them; sqlite makes new files as
/// the umask says. By name: a descriptor of our own, when closed, would take sqlite's locks with it. Files of
/// somebody else stay as they are.
void make_private(const std::string& path) {
    if (path.empty() || path[0] == ':') return;
    // What sqlite puts beside it later gets the rights of the database.
    for (const char* part : {"", "-wal", "-shm"}) (void)::chmod((path + part).c_str(), 0600);
}

/// The part of a statement that tells a reader which one it was.
std::string_view head_of(std::string_view sql) { return sql.substr(0, 60); }

}  // namespace

namespace detail {

StatementUse::~StatementUse() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}
void StatementUse::bind_integer(int index, std::int64_t value) {
    sqlite3_bind_int64(statement_, index, value);
}
void StatementUse::bind_real(int index, double value) { sqlite3_bind_double(statement_, index, value); }
// The values of one call outlive its statement's use, so nothing needs to be copied.
void StatementUse::bind_text(int index, std::string_view value) {
    sqlite3_bind_text64(statement_, index, value.data() ? value.data() : "", value.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
}
void StatementUse::bind_blob(int index, BytesView value) {
    // U256 and other temporaries are bound from the stack of `bind`: copy.
    sqlite3_bind_blob64(statement_, index, value.empty() ? "" : static_cast<const void*>(value.data()),
                        value.size(), SQLITE_TRANSIENT);
}
void StatementUse::bind_null(int index) { sqlite3_bind_null(statement_, index); }

Result<bool> StatementUse::step() {
    if (range_)
        return fail(Errc::overflow, "{}: a number above 2^63 - 1 cannot be stored",
                    head_of(sqlite3_sql(statement_)));
    int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return failure(db_, head_of(sqlite3_sql(statement_)));
}

bool StatementUse::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t StatementUse::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double StatementUse::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string_view StatementUse::text(int column) const {
    auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {data ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
BytesView StatementUse::blob(int column) const {
    auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace detail

Result<std::unique_ptr<Database>> Database::open(const std::string& path,
                                                 const std::vector<std::string_view>& migrations,
                                                 DatabaseOptions options) {
    sqlite3* handle = nullptr;
    int flags = SQLITE_OPEN_NOMUTEX |
                (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    std::unique_ptr<Database> db(new Database(handle, path));
    if (code != SQLITE_OK)
        return fail(kind_of(handle, code), "opening database {}: {}", path, sqlite3_errstr(code));
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, options.busy_ms_max);
    if (options.read_only) return db;
    make_private(path);
    SONM_CHECK(
        db->script(options.sync_every_commit
                       ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"
                       : "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON"));
    SONM_CHECK(db->migrate(migrations));
    return db;
}

Database::~Database() {
    for (auto& [sql, statement] : cache_) sqlite3_finalize(statement);
    sqlite3_close_v2(db_);
}

Result<void> Database::migrate(const std::vector<std::string_view>& migrations) {
    return transact([&]() -> Result<void> {
        SONM_TRY(auto version, value<std::size_t>("PRAGMA user_version"));
        std::size_t done = version.value_or(0);
        if (done > migrations.size()) {
            return fail(Errc::conflict,
                        "database {} was written by a newer program (its version is {}, this program knows "
                        "{}); update",
                        path_, done, migrations.size());
        }
        for (std::size_t next = done; next < migrations.size(); ++next) SONM_CHECK(script(migrations[next]));
        if (done == migrations.size()) return Result<void>();
        return script(fmt::format("PRAGMA user_version = {}", migrations.size()));
    });
}

Result<sqlite3_stmt*> Database::prepare(std::string_view sql, std::size_t values) {
    std::string key(sql);
    auto found = cache_.find(key);
    // A statement that is still being read (a query inside a row's handler) needs a second instance of its
    // own.
    SONM_ASSERT(found == cache_.end() || !sqlite3_stmt_busy(found->second));
    if (found == cache_.end()) {
        sqlite3_stmt* statement = nullptr;
        const char* tail = nullptr;
        if (sqlite3_prepare_v3(db_, key.data(), int(key.size() + 1), SQLITE_PREPARE_PERSISTENT, &statement,
                               &tail) != SQLITE_OK) {
            return failure(db_, head_of(sql));
        }
        SONM_ASSERT(statement && !*tail);
        found = cache_.emplace(std::move(key), statement).first;
    }
    SONM_ASSERT(std::size_t(sqlite3_bind_parameter_count(found->second)) == values);
    return found->second;
}

Result<void> Database::script(std::string_view sql) {
    std::string text(sql);
    if (sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return failure(db_, head_of(sql));
    return Result<void>();
}

Result<void> Database::begin() {
    SONM_CHECK(script(depth_ == 0 ? std::string("BEGIN IMMEDIATE") : fmt::format("SAVEPOINT s{}", depth_)));
    ++depth_;
    return Result<void>();
}

Result<void> Database::commit() {
    auto done = script(depth_ == 1 ? std::string("COMMIT") : fmt::format("RELEASE s{}", depth_ - 1));
    if (!done) {
        roll_back();
        return done;
    }
    --depth_;
    return done;
}

void Database::roll_back() {
    --depth_;
    // Fails only where SQLite has rolled back by itself already.
    (void)script(depth_ == 0 ? std::string("ROLLBACK")
                             : fmt::format("ROLLBACK TO s{0}; RELEASE s{0}", depth_));
}

std::size_t Database::changes() const { return static_cast<std::size_t>(sqlite3_changes64(db_)); }
std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(db_); }

tl::unexpected<Error> Database::damaged(std::string_view sql, int column) const {
    return fail(Errc::corrupt, "database {}: {}: column {} holds a value of another form", path_,
                head_of(sql), column);
}

}  // namespace sonm
