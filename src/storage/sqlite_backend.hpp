#pragma once

#include "sonm/base/shared_database.hpp"
#include "sonm/storage/backend.hpp"

#include <filesystem>

namespace sonm::storage {

/// One database file.
class SqliteBackend final : public Backend {
public:
    SqliteBackend(const Executor& executor, std::filesystem::path file)
        : file_(std::move(file)), db_(executor) {}

    Async<void> open() override;
    Async<Bytes> read(Name name) override;
    Async<void> write(Name name, Bytes value, std::set<std::string> tags) override;
    Async<void> remove(Name name) override;
    Async<std::vector<std::string>> find(Query query) override;
    /// Counts the pages in use; those that removed values have left are used again, not given back.
    Quota* quota() override { return &quota_; }

private:
    std::filesystem::path file_;
    Quota quota_;
    SharedDatabase db_;  ///< last: waits for its thread before anything else goes
};

}  // namespace sonm::storage
