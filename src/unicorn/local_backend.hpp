#pragma once

#include "sonm/base/shared_database.hpp"
#include "sonm/unicorn/tree.hpp"

namespace sonm::unicorn {

/// The tree in one SQLite file of this process. What is answered is on the disk. Places in queues are rows
/// too, so that they can be seen; those of an earlier process are removed at the start, since its connections
/// are gone.
class LocalBackend final : public Backend {
public:
    /// `file`: ":memory:" for tests.
    LocalBackend(Executor executor, std::string file, TreeLimits limits = TreeLimits(),
                 SharedDatabaseLimits line = SharedDatabaseLimits());
    ~LocalBackend() override;

    Async<void> start() override;
    /// Takes those who have left out of their queues.
    Task<void> run() override;
    Async<Versioned> get(std::string path, Asker asker) override;
    Async<Children> children(std::string path, Asker asker) override;
    Async<std::tuple<bool, Versioned>> put(std::string path, rpc::Encoded value,
                                           std::int64_t version) override;
    Async<void> create(std::string path, rpc::Encoded value) override;
    Async<void> remove(std::string path, std::int64_t version) override;
    Async<Versioned> increment(std::string path, rpc::Encoded delta) override;
    Async<std::unique_ptr<Seat>> enqueue(std::string path, rpc::Encoded value) override;
    Watchers& watchers() override { return watchers_; }
    std::optional<TreeSize> size() const override { return size_; }
    void limit(const TreeLimits& limits) override { limits_ = limits; }
    /// Places that nobody holds any more and that are still to be taken out.
    std::size_t leaving() const { return left_.size(); }

private:
    class LocalSeat;
    /// A place in a queue: on the disk or not, held or left.
    struct Place {
        explicit Place(std::string where) : path(std::move(where)) {}
        std::string path;
        bool is_entered = false, is_left = false;
    };
    using PlacePtr = std::shared_ptr<Place>;
    /// Has `work(Tree&)` done that only reads.
    template <class F>
    auto read(F work, Asker asker) {
        auto inside = [work = std::move(work)](Database& database) {
            Tree tree(database);
            return work(tree);
        };
        return database_.run(std::move(inside), asker);
    }
    /// The same for work that gives a Change; wakes whom it says, also if the caller has gone meanwhile.
    /// `place`: has entered with it.
    template <class F>
    auto change(F work, std::size_t bytes = 0, Asker asker = Asker::client, PlacePtr place = nullptr);
    /// What is on the disk and left is to be taken out.
    void take_notice(const Place& place);
    Task<void> take_out();

    Executor executor_;
    std::string file_;
    TreeLimits limits_;
    TreeSize size_;
    Watchers watchers_;
    std::deque<std::string> left_;  ///< places whose holders have gone
    bool failing_ = false;          ///< to take them out
    Channel<bool> leaving_;
    SharedDatabase database_;  ///< last: waits for its thread before anything else goes
};

}  // namespace sonm::unicorn
