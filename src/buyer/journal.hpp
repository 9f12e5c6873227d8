#pragma once

#include "sonm/base/sqlite.hpp"
#include "sonm/buyer/decide.hpp"
#include "sonm/buyer/plan.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace sonm::buyer {

/// Short name of a run: 8 hex digits.
using RunId = Strong<std::string, struct RunIdTag>;

/// What a run has to remember by itself. All else comes from the chain and the worker.
struct RunRecord {
    RunId id;
    UnixTime created;
    RunPlan plan;
    bool cancel_asked = false;
    bool bid_sent = false;  ///< written before the bid is: it may reach the chain after we were killed
    std::optional<model::TaskState> task;  ///< last seen; final states stay true when the worker is gone
    std::int32_t exit_code = 0;
    std::string reason;  ///< the worker's, if the task failed or was stopped
    bool result_saved = false;
    std::uint64_t logs_seen = 0;  ///< position in the task's log up to which it was shown
    std::string outcome;          ///< empty while it is not done
    std::string receipt_json;
};

/// The runs of one buyer, in one SQLite file. A run is written before its first step; one process at a time
/// works on a run
/// (`lock`). Errors of all calls: those of Database.
class Journal {
public:
    static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& path);

    Result<RunId> add(const RunPlan& plan, UnixTime now);
    /// Any unambiguous beginning of an id. Errors: not_found, invalid (ambiguous).
    Result<RunRecord> get(std::string_view id_prefix);
    Result<std::vector<RunRecord>> all();
    Result<void> save(const RunRecord& record);
    Result<void> ask_cancel(const RunId& id);
    Result<bool> cancel_asked(const RunId& id);

    /// Held while a process works on a run; the system drops it when the process dies. Errors: busy.
    class Lock {
    public:
        explicit Lock(int descriptor) : descriptor_(descriptor) {}
        Lock(Lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
        Lock& operator=(Lock&& other) noexcept {
            std::swap(descriptor_, other.descriptor_);
            return *this;
        }
        ~Lock();

    private:
        int descriptor_;
    };
    Result<Lock> lock(const RunId& id);

private:
    Journal(std::unique_ptr<Database> db, std::filesystem::path folder)
        : db_(std::move(db)), folder_(std::move(folder)) {}
    std::unique_ptr<Database> db_;
    std::filesystem::path folder_;
};

}  // namespace sonm::buyer
