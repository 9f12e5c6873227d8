#pragma once

#include "sonm/base/shared_database.hpp"
#include "sonm/base/watchers.hpp"
#include "sonm/unicorn/path.hpp"

/// Where the tree lives. Implementations: LocalBackend (SQLite, one node), EtcdBackend.
namespace sonm::unicorn {

struct Children {
    std::int64_t version = 0;  ///< rises with every change
    std::vector<std::string> names;
    bool operator==(const Children&) const = default;
};

struct TreeLimits;
struct TreeSize {
    std::uint64_t nodes = 0, bytes = 0;
};

/// A place in the queue for a lock: first in the queue holds it. Destruction leaves the queue.
class Seat {
public:
    virtual ~Seat() = default;
    /// Waits until nobody is in front. Errors: connection_loss.
    virtual Async<void> first() = 0;
    /// Waits until the place is lost, and says why: connection_loss. Does not return while it is held.
    virtual Async<void> lost() = 0;
};

/// Paths are as parse_path gives them. One executor. Errors: those of UnicornProtocol.
class Backend {
public:
    virtual ~Backend() = default;
    virtual Async<void> start() = 0;
    /// Its own work, until cancelled.
    virtual Task<void> run() = 0;

    /// `asker`: the service for a stream that it has begun. Errors: no_node, child_not_allowed.
    virtual Async<Versioned> get(std::string path, Asker asker) = 0;
    /// The same. Errors: no_node.
    virtual Async<Children> children(std::string path, Asker asker) = 0;
    virtual Async<std::tuple<bool, Versioned>> put(std::string path, rpc::Encoded value,
                                                   std::int64_t version) = 0;
    virtual Async<void> create(std::string path, rpc::Encoded value) = 0;
    virtual Async<void> remove(std::string path, std::int64_t version) = 0;
    virtual Async<Versioned> increment(std::string path, rpc::Encoded delta) = 0;
    virtual Async<std::unique_ptr<Seat>> enqueue(std::string path, rpc::Encoded value) = 0;
    /// Wakes for changes of nodes and of their children. Taken before the first look, so that none is missed.
    virtual Watchers& watchers() = 0;

    /// The tree's size, where it is this backend's alone.
    virtual std::optional<TreeSize> size() const { return std::nullopt; }
    virtual void limit(const TreeLimits&) {}
    /// The node is going down: seats that go from this call on go without their holders' doing. What is
    /// awaited tells what has to be told to others.
    virtual Async<void> drain() { co_return Result<void>(); }
};

}  // namespace sonm::unicorn
