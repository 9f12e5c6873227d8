#pragma once

#include "sonm/base/sqlite.hpp"
#include "sonm/unicorn/backend.hpp"

namespace sonm::unicorn {

/// What the tree may have.
struct TreeLimits {
    std::uint64_t nodes_max = 1'000'000;
    std::uint64_t bytes_max = 1 * GiB;  ///< of values and paths
};

/// The tree as rows of one database. All of it is work for one thread at a time; a change belongs in a
/// transaction of the caller's and can be repeated if that is rolled back.
class Tree {
public:
    static std::vector<std::string_view> migrations();

    /// What a change did: whose watchers are to be woken, how large the tree is now.
    struct Change {
        std::vector<std::string> paths;
        TreeSize size;
    };
    template <class T>
    struct Changed : Change {
        T value{};
    };

    /// `database` must outlive it.
    explicit Tree(Database& database) : database_(database) {}

    /// Removes the places in queues of an earlier process.
    Result<TreeSize> begin();
    /// Errors: no_node, child_not_allowed.
    Result<Versioned> readable(const std::string& path);
    /// Errors: no_node.
    Result<Children> children(const std::string& path);
    Result<Changed<std::tuple<bool, Versioned>>> put(const std::string& path, const rpc::Encoded& value,
                                                     std::int64_t version, const TreeLimits& limits);
    /// With the nodes above that are missing. `passing`: a place in a queue. Errors: node_exists, no_space,
    /// child_not_allowed (below a place in a queue).
    Result<Change> insert(const std::string& path, const rpc::Encoded& value, bool passing,
                          const TreeLimits& limits);
    Result<Change> remove(const std::string& path, std::int64_t version);
    Result<Changed<Versioned>> increment(const std::string& path, const rpc::Encoded& delta,
                                         const TreeLimits& limits);
    /// The place that comes first in a queue, if there is one.
    Result<std::optional<std::string>> front(const std::string& queue);
    /// Leaves queues; those places that are in none are passed over.
    Result<Change> leave(const std::vector<std::string>& places);

private:
    Result<std::optional<Versioned>> find(const std::string& path);
    Result<Versioned> look(const std::string& path);
    Result<bool> has_children(const std::string& path);
    Result<Versioned> overwrite(const std::string& path, const rpc::Encoded& value, std::int64_t version,
                                const TreeLimits& limits);
    Result<void> add(std::string_view path, const rpc::Encoded& value, bool passing);
    Result<Change> erase(const std::string& path);
    Result<TreeSize> size();
    /// What has not grown beyond a bound is good, also if it was beyond before. Errors: no_space.
    Result<TreeSize> checked_size(const TreeSize& before, const TreeLimits& limits);

    Database& database_;
};

}  // namespace sonm::unicorn
