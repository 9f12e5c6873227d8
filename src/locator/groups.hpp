#pragma once

#include "sonm/locator/types.hpp"
#include "sonm/rpc/client.hpp"
#include "sonm/services/continuum.hpp"

namespace sonm::locator {

using services::Continuum;
/// A routing group: which share of the callers each service gets.
using Group = services::Shares;

/// Where routing groups are kept. One executor.
class GroupStore {
public:
    virtual ~GroupStore() = default;
    /// Names of all groups. Errors: locator.routing_storage.
    virtual Async<std::vector<std::string>> list() = 0;
    /// Errors: not_found, invalid (not a group), locator.routing_storage.
    virtual Async<Group> read(std::string name) = 0;
    /// Whether list() has failed because there is no such place in the whole cluster.
    virtual bool missing() const { return false; }
};

/// In the collection `groups` of a `storage` service, where existing tools put them: values are maps from
/// service to weight, tagged `group` and `active`.
class StorageGroups final : public GroupStore {
public:
    using Connect = std::function<Async<rpc::Connection>()>;
    explicit StorageGroups(Connect connect) : connect_(std::move(connect)) {}
    Async<std::vector<std::string>> list() override;
    Async<Group> read(std::string name) override;
    bool missing() const override { return missing_; }

private:
    Connect connect_;
    bool missing_ = false;
};

/// In memory, for tests and for nodes without a storage.
class MemoryGroups final : public GroupStore {
public:
    std::map<std::string, Group> groups;
    Async<std::vector<std::string>> list() override;
    Async<Group> read(std::string name) override;
};

/// The groups that this node routes by.
class Groups {
public:
    static constexpr std::size_t groups_max = 256;
    static constexpr std::size_t points_max = 300'000;  ///< of all groups: one frame tells them all
    static constexpr std::size_t bytes_max = 8 * MiB;   ///< of that frame

    /// The service of a caller with that seed (or of a random one, with none), or nothing if `name` is no
    /// group.
    const std::string* route(const std::string& name, const std::optional<std::string>& seed,
                             const Random& random) const;
    /// Errors: invalid, busy (bounds). The group that was there stays then.
    Result<void> put(const std::string& name, const Group& group);
    void remove(const std::string& name) { rings_.erase(name); }
    const std::map<std::string, Continuum>& all() const { return rings_; }

private:
    std::map<std::string, Continuum> rings_;
};

/// Reads `names` anew (all that the store has and all that `groups` had, if empty): those that the store has
/// no more go. One that cannot be read keeps its old ring. Errors: the first of them, when all are done.
Async<void> refresh(GroupStore& store, Groups& groups, std::vector<std::string> names);

}  // namespace sonm::locator
