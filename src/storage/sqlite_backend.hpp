#pragma once

#include "sonm/base/sqlite.hpp"
#include "sonm/storage/backend.hpp"
#include "sonm/storage/turns.hpp"

#include <filesystem>

namespace sonm::storage {

/// One database file. Calls that come while it is busy are then done together: one commit, one wait for the
/// disk.
class SqliteBackend final : public Backend {
public:
    SqliteBackend(const Executor& executor, std::filesystem::path file)
        : file_(std::move(file)), turns_(executor, 1) {}

    Async<void> open() override;
    Async<Bytes> read(Name name) override;
    Async<void> write(Name name, Bytes value, std::set<std::string> tags) override;
    Async<void> remove(Name name) override;
    Async<std::vector<std::string>> find(Query query) override;
    /// Counts the pages in use; those that removed values have left are used again, not given back.
    Quota* quota() override { return &quota_; }

private:
    using Work = std::function<Result<void>(Database&)>;
    struct Job {
        Work work;
        std::optional<Result<void>> outcome;
    };
    using Jobs = std::vector<std::shared_ptr<Job>>;
    Async<void> run(Work work);
    static void run_together(Database& db, const Jobs& jobs);

    std::filesystem::path file_;
    std::unique_ptr<Database> db_;
    Turns turns_;
    Jobs waiting_;
    Quota quota_;
};

}  // namespace sonm::storage
