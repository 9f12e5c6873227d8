#include "sonm/buyer/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace sonm::buyer {
namespace {

constexpr std::string_view schema =
    "CREATE TABLE runs (id TEXT PRIMARY KEY, created INTEGER NOT NULL, plan TEXT NOT NULL, cancel_asked "
    "INTEGER NOT NULL DEFAULT 0,"
    " task INTEGER, exit_code INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', result_saved "
    "INTEGER NOT NULL DEFAULT 0,"
    " logs_seen INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT '', receipt TEXT NOT NULL DEFAULT "
    "'')";

/// Of a run of an older version nobody knows.
constexpr std::string_view with_bid_sent =
    "ALTER TABLE runs ADD COLUMN bid_sent INTEGER NOT NULL DEFAULT 0; UPDATE runs SET bid_sent = 1";

constexpr std::string_view columns =
    "SELECT id, created, plan, cancel_asked, task, exit_code, reason, result_saved, logs_seen, outcome, "
    "receipt, bid_sent FROM runs ";

Result<RunRecord> read(const Row& row) {
    RunRecord record;
    record.id = RunId(row.get<std::string>(0));
    record.created = UnixTime(row.get<std::uint64_t>(1));
    SONM_TRY(record.plan, plan_from_json(row.get<std::string>(2)));
    record.cancel_asked = row.get<bool>(3);
    auto task = row.get<std::optional<std::int64_t>>(4);
    if (task) record.task = model::TaskState(*task);
    record.exit_code = row.get<std::int32_t>(5);
    record.reason = row.get<std::string>(6);
    record.result_saved = row.get<bool>(7);
    record.logs_seen = row.get<std::uint64_t>(8);
    record.outcome = row.get<std::string>(9);
    record.receipt_json = row.get<std::string>(10);
    record.bid_sent = row.get<bool>(11);
    return record;
}

Result<std::vector<RunRecord>> sound(std::vector<Result<RunRecord>> rows) {
    std::vector<RunRecord> out;
    for (auto& row : rows) {
        SONM_TRY(RunRecord record, std::move(row));
        out.push_back(std::move(record));
    }
    return out;
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& path) {
    SONM_TRY(auto db, Database::open(path.string(), {schema, with_bid_sent}));
    return std::unique_ptr<Journal>(new Journal(std::move(db), path.parent_path()));
}

Result<RunId> Journal::add(const RunPlan& plan, UnixTime now) {
    RunId id(to_hex(random_bytes(4)));
    SONM_CHECK(db_->run("INSERT INTO runs (id, created, plan) VALUES (?, ?, ?)", id.value, now.value,
                        to_json(plan)));
    return id;
}

Result<RunRecord> Journal::get(std::string_view id_prefix) {
    // Only hex is compared, so that no pattern character means anything.
    bool hex =
        !id_prefix.empty() && id_prefix.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!hex) return fail(Errc::invalid, "'{}' is not the id of a run (hex digits)", id_prefix.substr(0, 64));
    SONM_TRY(auto rows, db_->all(read, std::string(columns) + "WHERE substr(id, 1, length(?)) = ? LIMIT 2",
                                 std::string(id_prefix), std::string(id_prefix)));
    SONM_TRY(auto records, sound(std::move(rows)));
    if (records.empty()) return fail(Errc::not_found, "no run {}: see `sonm run ls`", id_prefix);
    if (records.size() > 1) return fail(Errc::invalid, "'{}' begins the ids of several runs", id_prefix);
    return std::move(records.front());
}

Result<std::vector<RunRecord>> Journal::all() {
    SONM_TRY(auto rows, db_->all(read, std::string(columns) + "ORDER BY created, id"));
    return sound(std::move(rows));
}

Result<void> Journal::save(const RunRecord& r) {
    std::optional<std::int64_t> task;
    if (r.task) task = static_cast<std::int64_t>(*r.task);
    SONM_CHECK(
        db_->run("UPDATE runs SET task = ?, exit_code = ?, reason = ?, result_saved = ?, logs_seen = ?, "
                 "outcome = ?, receipt = ?, bid_sent = ? "
                 "WHERE id = ?",
                 task, r.exit_code, r.reason, r.result_saved, r.logs_seen, r.outcome, r.receipt_json,
                 r.bid_sent, r.id.value));
    return {};
}

Result<void> Journal::ask_cancel(const RunId& id) {
    SONM_CHECK(db_->run("UPDATE runs SET cancel_asked = 1 WHERE id = ?", id.value));
    return {};
}

Result<bool> Journal::cancel_asked(const RunId& id) {
    SONM_TRY(auto asked, db_->value<std::int64_t>("SELECT cancel_asked FROM runs WHERE id = ?", id.value));
    return asked.value_or(0) != 0;
}

Journal::Lock::~Lock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Journal::Lock> Journal::lock(const RunId& id) {
    std::filesystem::path path = folder_ / fmt::format("run-{}.lock", id);
    int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return fail(Errc::io, "opening {}", path.string());
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        ::close(descriptor);
        return fail(Errc::busy, "another process is working on run {}", id);
    }
    return Lock(descriptor);
}

}  // namespace sonm::buyer
