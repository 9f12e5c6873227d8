#pragma once

#include "sonm/base/sqlite.hpp"
#include "sonm/unicorn/backend.hpp"

namespace sonm::unicorn {

/// The tree in one SQLite file of this process. What is answered is on the disk. Places in queues are rows
/// too, so that they can be seen; those of an earlier process are removed at the start, since its connections
/// are gone.
class LocalBackend final : public Backend {
public:
    /// `file`: ":memory:" for tests.
    LocalBackend(Executor executor, std::string file, std::size_t nodes_max);
    ~LocalBackend() override;

    Async<void> start() override;
    Task<void> run() override { co_return; }
    Async<Versioned> get(std::string path) override;
    Async<Children> children(std::string path) override;
    Async<std::tuple<bool, Versioned>> put(std::string path, rpc::Encoded value,
                                           std::int64_t version) override;
    Async<void> create(std::string path, rpc::Encoded value) override;
    Async<void> remove(std::string path, std::int64_t version) override;
    Async<Versioned> increment(std::string path, rpc::Encoded delta) override;
    Async<std::unique_ptr<Seat>> enqueue(std::string path, rpc::Encoded value) override;
    Watchers& watchers() override { return watchers_; }

private:
    class LocalSeat;
    Result<std::optional<Versioned>> find(const std::string& path);
    Result<bool> has_children(const std::string& path);
    Result<Versioned> readable(const std::string& path);
    Result<Versioned> look(const std::string& path);
    /// Writes the node and those above it that are missing; the paths whose watchers are to be woken.
    Result<std::vector<std::string>> insert(const std::string& path, const rpc::Encoded& value,
                                            bool ephemeral);
    Result<Versioned> overwrite(const std::string& path, const rpc::Encoded& value, std::int64_t version);
    Result<void> erase(const std::string& path);
    void wake(const std::vector<std::string>& paths);

    Executor executor_;
    std::string file_;
    std::size_t nodes_max_;
    std::size_t nodes_ = 0;
    std::unique_ptr<Database> database_;
    Watchers watchers_;
};

}  // namespace sonm::unicorn
