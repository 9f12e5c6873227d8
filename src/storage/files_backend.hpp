#pragma once

#include "sonm/storage/files_store.hpp"
#include "sonm/storage/turns.hpp"

namespace sonm::storage {

/// The default: a folder of this machine, one process at a time. Calls wait for the disk on threads of their
/// own.
class FilesBackend final : public Backend {
public:
    FilesBackend(const Executor& executor, std::filesystem::path root)
        : store_(std::move(root)), turns_(executor) {}

    Async<void> open() override;
    Async<Bytes> read(Name name) override;
    Async<void> write(Name name, Bytes value, std::set<std::string> tags) override;
    Async<void> remove(Name name) override;
    Async<std::vector<std::string>> find(Query query) override;
    Quota* quota() override { return &store_.quota(); }

private:
    FilesStore store_;
    Turns turns_;
};

}  // namespace sonm::storage
