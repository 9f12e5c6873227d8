#pragma once

#include "sonm/base/strong.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace sonm {

/// How a database file is opened.
struct DatabaseOptions {
    int busy_ms_max = 5'000;        ///< how long a statement waits for another process's lock
    bool sync_every_commit = true;  ///< survive a power cut, not only a killed process; ~1 ms a commit
    bool read_only = false;
};

namespace detail {

/// One prepared statement in use: bound, stepped row by row, and given back to the cache clean when
/// destroyed.
class StatementUse {
public:
    StatementUse(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
    StatementUse(const StatementUse&) = delete;
    ~StatementUse();

    void bind_integer(int index, std::int64_t value);
    void bind_real(int index, double value);
    void bind_text(int index, std::string_view value);
    void bind_blob(int index, BytesView value);
    void bind_null(int index);
    /// True if there is a row. Errors: those of Database.
    Result<bool> step();

    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string_view text(int column) const;
    BytesView blob(int column) const;
    /// Remembered and reported by whoever reads the rows: a stored value does not have the form that the
    /// reader expects.
    void mismatch(int column) { mismatch_ = column; }
    std::optional<int> mismatch() const { return mismatch_; }
    void out_of_range() { range_ = true; }

private:
    sqlite3* db_;
    sqlite3_stmt* statement_;
    std::optional<int> mismatch_;
    bool range_ = false;
};

template <class T>
struct Column;  // how a C++ type is stored: bind(use, index, value) and read(use, column)

}  // namespace detail

/// One row of an answer, valid until the next. `row.get<T>(column)`, column from 0; T: integers, bool,
/// double, std::string, Bytes, FixedBytes<N>, U256 (32 bytes big-endian, so that it sorts), Strong<T>,
/// std::optional<T>.
class Row {
public:
    explicit Row(detail::StatementUse& use) : use_(use) {}
    template <class T>
    T get(int column) const {
        return detail::Column<T>::read(use_, column);
    }

private:
    detail::StatementUse& use_;
};

/// One SQLite file in WAL mode. Resource type; one thread at a time (calls are short: a commit is about a
/// millisecond).
///
/// Errors of every call: no_space (disk or quota full), corrupt, busy (locked by another process), exists (a
/// unique key is taken), conflict (another constraint), denied (not writable), overflow (an unsigned number
/// above 2^63 - 1), io.
class Database {
public:
    /// Opens or creates `path` (":memory:" for tests) and brings it up to date: migration i is run once, in
    /// order, in one transaction, and never edited after release. Errors: conflict if a newer program wrote
    /// it.
    static Result<std::unique_ptr<Database>> open(const std::string& path,
                                                  const std::vector<std::string_view>& migrations,
                                                  DatabaseOptions options = DatabaseOptions());
    Database(const Database&) = delete;
    ~Database();

    /// Runs one statement without an answer, its `?` filled with `values`. Returns how many rows it changed.
    template <class... Values>
    Result<std::size_t> run(std::string_view sql, const Values&... values) {
        return each([](const Row&) {}, sql, values...).map([this] { return changes(); });
    }
    /// Runs one statement and calls `on_row(const Row&)` for each row.
    template <class F, class... Values>
    Result<void> each(F on_row, std::string_view sql, const Values&... values) {
        SONM_TRY(sqlite3_stmt * statement, prepare(sql, sizeof...(values)));
        detail::StatementUse use(db_, statement);
        int index = 0;
        (detail::Column<Values>::bind(use, ++index, values), ...);
        while (true) {
            SONM_TRY(bool more, use.step());
            if (!more) return Result<void>();
            on_row(Row(use));
            if (use.mismatch()) return damaged(sql, *use.mismatch());
        }
    }
    /// The first column of the first row, if there is one.
    template <class T, class... Values>
    Result<std::optional<T>> value(std::string_view sql, const Values&... values) {
        std::optional<T> out;
        auto keep = [&](const Row& row) {
            if (!out) out = row.get<T>(0);
        };
        SONM_CHECK(each(keep, sql, values...));
        return out;
    }
    /// All rows, each turned into a value by `read(const Row&)`.
    template <class F, class... Values>
    auto all(F read, std::string_view sql, const Values&... values)
        -> Result<std::vector<std::invoke_result_t<F, const Row&>>> {
        std::vector<std::invoke_result_t<F, const Row&>> out;
        SONM_CHECK(each([&](const Row& row) { out.push_back(read(row)); }, sql, values...));
        return out;
    }
    /// Runs `body() -> Result<...>` as a whole or not at all. May be nested.
    template <class F>
    std::invoke_result_t<F> transact(F body) {
        SONM_CHECK(begin());
        auto result = body();
        if (!result) {
            roll_back();
            return result;
        }
        SONM_CHECK(commit());
        return result;
    }
    /// Several statements separated by `;`, without values.
    Result<void> script(std::string_view sql);
    std::int64_t last_id() const;
    const std::string& path() const { return path_; }

private:
    Database(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
    Result<void> migrate(const std::vector<std::string_view>& migrations);
    Result<sqlite3_stmt*> prepare(std::string_view sql, std::size_t values);
    Result<void> begin();
    Result<void> commit();
    void roll_back();
    std::size_t changes() const;
    tl::unexpected<Error> damaged(std::string_view sql, int column) const;

    sqlite3* db_;
    std::string path_;
    int depth_ = 0;
    std::unordered_map<std::string, sqlite3_stmt*> cache_;
};

}  // namespace sonm

#include "sonm/base/detail/sqlite_columns.hpp"
