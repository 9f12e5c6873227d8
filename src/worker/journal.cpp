#include "sonm/worker/journal.hpp"

namespace sonm::rpc {

template <>
inline constexpr auto enum_max<worker::ListingState> = worker::ListingState::gone;

template <>
struct Fields<model::Price> {
    static constexpr auto list =
        fields(field<"per_second">(&model::Price::per_second), field<"currency">(&model::Price::currency));
};
template <>
struct Fields<model::OrderTerms> {
    using R = model::OrderTerms;
    static constexpr auto list =
        fields(field<"price">(&R::price), field<"duration">(&R::duration), field<"netflags">(&R::netflags),
               field<"counterparty">(&R::counterparty), field<"blacklist">(&R::blacklist),
               field<"identity">(&R::identity), field<"tag">(&R::tag), field<"expiry">(&R::expiry),
               field<"rate_min">(&R::rate_min), field<"rate_max">(&R::rate_max));
};
template <>
struct Fields<worker::AskPlan> {
    using R = worker::AskPlan;
    static constexpr auto list =
        fields(field<"name">(&R::name), field<"terms">(&R::terms), field<"resources">(&R::resources));
};
template <>
struct Fields<worker::PlanRecord> {
    using R = worker::PlanRecord;
    static constexpr auto list =
        fields(field<"id">(&R::id), field<"plan">(&R::plan), field<"from_config">(&R::from_config),
               field<"removing">(&R::removing), field<"end_spot">(&R::end_spot),
               field<"generation">(&R::generation), field<"outdated">(&R::outdated));
};
template <>
struct Fields<worker::Listing> {
    using R = worker::Listing;
    static constexpr auto list =
        fields(field<"plan">(&R::plan), field<"generation">(&R::generation), field<"id">(&R::id),
               field<"order">(&R::order), field<"resources">(&R::resources), field<"state">(&R::state));
};
template <>
struct Fields<worker::DealRecord> {
    using R = worker::DealRecord;
    static constexpr auto list =
        fields(field<"deal">(&R::deal), field<"state">(&R::state), field<"plan">(&R::plan),
               field<"holds">(&R::holds), field<"missing_since">(&R::missing_since),
               field<"missing_head">(&R::missing_head), field<"netflags">(&R::netflags));
};
template <>
struct Fields<worker::TaskRecord> {
    using R = worker::TaskRecord;
    static constexpr auto list =
        fields(field<"status">(&R::status), field<"spec">(&R::spec), field<"consumer">(&R::consumer),
               field<"limits">(&R::limits), field<"stop">(&R::stop), field<"image">(&R::image),
               field<"outputs">(&R::outputs), field<"receipt">(&R::receipt), field<"clean">(&R::clean),
               field<"bid">(&R::bid), field<"image_fetched">(&R::image_fetched),
               field<"image_guarded">(&R::image_guarded));
};

}  // namespace sonm::rpc

namespace sonm::worker {
namespace {

/// Records are packed as they travel: new fields at the end, with defaults, need no migration.
const std::vector<std::string_view> migrations{R"sql(
    CREATE TABLE plans (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record BLOB NOT NULL);
    CREATE TABLE listings (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, record BLOB NOT NULL);
    CREATE TABLE deals (seq INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, record BLOB NOT NULL);
    CREATE TABLE tasks (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record BLOB NOT NULL);
    CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
)sql"};

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& path) {
    SONM_TRY(auto db, Database::open(path.string(), migrations));
    return std::unique_ptr<Journal>(new Journal(std::move(db)));
}

template <class T>
Result<void> Journal::put(std::string_view sql, const auto& key, const T& record) {
    Bytes packed;
    rpc::Writer out(packed);
    rpc::pack(out, record);
    SONM_CHECK(db_->run(sql, key, packed));
    return Result<void>();
}

template <class T>
Result<std::vector<T>> Journal::read(std::string_view sql) {
    SONM_TRY(std::vector<Bytes> rows, db_->all([](const Row& row) { return row.get<Bytes>(0); }, sql));
    std::vector<T> out;
    for (const Bytes& row : rows) {
        rpc::Reader in(row);
        auto record = rpc::unpack<T>(in);
        if (!record)
            return fail(Errc::corrupt, "database {}: {}: {}", db_->path(), sql, record.error().message());
        out.push_back(std::move(*record));
    }
    return out;
}

#define SONM_UPSERT(table) \
    "INSERT INTO " table "(id, record) VALUES (?, ?) ON CONFLICT(id) DO UPDATE SET record = excluded.record"
#define SONM_DELETE(table) "DELETE FROM " table " WHERE id = ?"
#define SONM_SELECT(table) "SELECT record FROM " table " ORDER BY seq"

Result<void> Journal::save(const PlanRecord& plan) { return put(SONM_UPSERT("plans"), plan.id, plan); }
Result<void> Journal::forget(const PlanId& plan) {
    return db_->run(SONM_DELETE("plans"), plan).map([](std::size_t) {});
}
Result<std::vector<PlanRecord>> Journal::plans() { return read<PlanRecord>(SONM_SELECT("plans")); }

Result<void> Journal::save(const Listing& listing) {
    return put(SONM_UPSERT("listings"), listing.id.value.bytes, listing);
}
Result<void> Journal::forget(const OrderId& id) {
    return db_->run(SONM_DELETE("listings"), id.value.bytes).map([](std::size_t) {});
}
Result<std::vector<Listing>> Journal::listings() { return read<Listing>(SONM_SELECT("listings")); }

Result<void> Journal::save(const DealRecord& deal) { return put(SONM_UPSERT("deals"), deal.deal.id, deal); }
Result<void> Journal::forget(const DealId& id) {
    return db_->run(SONM_DELETE("deals"), id).map([](std::size_t) {});
}
Result<std::vector<DealRecord>> Journal::deals() { return read<DealRecord>(SONM_SELECT("deals")); }

Result<void> Journal::save(const TaskRecord& task) { return put(SONM_UPSERT("tasks"), task.status.id, task); }
Result<void> Journal::forget(const TaskId& id) {
    return db_->run(SONM_DELETE("tasks"), id).map([](std::size_t) {});
}
Result<std::vector<TaskRecord>> Journal::tasks() { return read<TaskRecord>(SONM_SELECT("tasks")); }

Result<void> Journal::set(std::string_view key, std::string_view value) {
    SONM_CHECK(
        db_->run("INSERT INTO settings(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = "
                 "excluded.value",
                 key, value));
    return Result<void>();
}

Result<std::string> Journal::get(std::string_view key) {
    SONM_TRY(auto value, db_->value<std::string>("SELECT value FROM settings WHERE key = ?", key));
    return value.value_or("");
}

}  // namespace sonm::worker
