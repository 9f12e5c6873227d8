#pragma once

#include "sonm/base/sqlite.hpp"
#include "sonm/services/worker_service.hpp"
#include "sonm/worker/ask_plan.hpp"

#include <filesystem>
#include <memory>

namespace sonm::worker {

/// An ask plan, and how far it has come.
struct PlanRecord {
    PlanId id;
    AskPlan plan;
    bool from_config = false;  ///< follows worker.yaml: rewritten and removed with it
    bool removing = false, end_spot = false;
    std::uint32_t generation = 0;  ///< of its newest ask
    bool outdated = false;         ///< rewritten since that ask was made
};

/// A deal, for as long as anything on this machine belongs to it.
struct DealRecord {
    Deal deal;
    DealState state;  ///< the last word of the chain
    std::optional<PlanId> plan;
    Resources holds;
    std::optional<UnixTime> missing_since;
    std::uint64_t missing_head = 0;
    model::NetFlags netflags;  ///< what the ask offered
};

/// Everything about a task that must outlive this process.
struct TaskRecord {
    model::TaskStatus status;
    model::TaskSpec spec;  ///< without the registry's password once the image is here
    Address consumer;
    Resources limits;                 ///< what it may use: inside the deal's
    std::optional<std::string> stop;  ///< why it was asked to end
    crypto::Hash image;               ///< id of what ran
    crypto::Hash outputs;             ///< SHA-256 of the output archive; zero if there is none
    std::optional<services::SignedReceipt> receipt;
    bool clean = false;  ///< neither container nor work folder is left
    model::OrderId bid;  ///< of the deal: its number may come back for another one after a reorganisation
    bool image_fetched = false;  ///< from a registry, for this deal
    bool image_guarded = false;  ///< with the deal's credentials
};

/// What a worker must not forget, in one SQLite file: every intention stands here before its first effect.
/// One executor; a write takes about a millisecond. Errors of all calls: those of Database.
class Journal {
public:
    /// ":memory:" for tests.
    static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& path);

    Result<void> save(const PlanRecord& plan);
    Result<void> forget(const PlanId& plan);
    Result<std::vector<PlanRecord>> plans();

    Result<void> save(const Listing& listing);
    Result<void> forget(const OrderId& listing);
    Result<std::vector<Listing>> listings();

    Result<void> save(const DealRecord& deal);
    Result<void> forget(const DealId& deal);
    Result<std::vector<DealRecord>> deals();

    Result<void> save(const TaskRecord& task);
    Result<void> forget(const TaskId& task);
    Result<std::vector<TaskRecord>> tasks();

    Result<void> set(std::string_view key, std::string_view value);
    /// Empty if never set.
    Result<std::string> get(std::string_view key);

    /// Runs `body() -> Result<...>` as a whole or not at all.
    template <class F>
    auto transact(F body) {
        return db_->transact(std::move(body));
    }

private:
    explicit Journal(std::unique_ptr<Database> db) : db_(std::move(db)) {}
    template <class T>
    Result<void> put(std::string_view sql, const auto& key, const T& record);
    template <class T>
    Result<std::vector<T>> read(std::string_view sql);
    std::unique_ptr<Database> db_;
};

}  // namespace sonm::worker
