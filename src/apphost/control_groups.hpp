#pragma once

#include "sonm/apphost/manifest.hpp"
#include "sonm/engine/file_handle.hpp"

#include <filesystem>

/// A kernel control group around each worker: limits that hold for all of its processes together, and the
/// sure way to end them all. Versions 2 and 1; where none can be written, workers run without, and
/// `missing()` says so.
namespace sonm::apphost {

/// What makes a process number mean the same process.
std::uint64_t process_namespace();

/// The group of one worker, in each hierarchy that there is. Movable; does not remove it.
class ControlGroup {
public:
    ControlGroup() = default;
    explicit ControlGroup(std::vector<std::filesystem::path> folders) : folders_(std::move(folders)) {}

    /// Files whose writing of "0" moves the writer into the group: opened before the fork.
    Result<std::vector<engine::FileHandle>> entrances() const;
    /// Kills every process in it. Does not wait.
    void kill() const;
    /// Kills, and removes it once it is empty. False: something is still dying in there.
    bool remove() const;

private:
    std::vector<std::filesystem::path> folders_;
};

/// The groups of one node, below sonm-apps/<tag>.<process numbers' namespace>.<process>: `tag` tells them
/// from those of another on the same machine, the process whether their owner is still there.
class ControlGroups {
public:
    /// Makes the node's folders in what this machine offers below `root`.
    ControlGroups(std::filesystem::path root, std::string tag);
    ControlGroups(const ControlGroups&) = delete;
    /// Kills and removes what is left, and the folders above it, as far as they are nobody else's.
    ~ControlGroups();

    /// Why there are no limits by control group; empty if there are.
    const std::string& missing() const { return missing_; }
    /// What they do not limit, for want of a controller: "memory, cpu"; empty if they limit all.
    std::string unlimited() const;
    bool limit_memory() const;
    bool limit_processes() const;
    /// A new group with limits. Errors: io.
    Result<ControlGroup> make(const std::string& name, const Isolate& limits) const;
    /// Those that earlier lives of this node have left, and those of this one. Not those of another
    /// namespace, nor of a process that is there: its owner may live, and if not, then its end was theirs.
    std::vector<ControlGroup> leftovers() const;
    /// Removes the folders of earlier lives, and of other nodes that have died, unless something lives in
    /// them; of this node's in other namespaces only those without any group.
    void sweep() const;

private:
    struct Hierarchy {
        std::filesystem::path folder;  ///< the node's
        bool memory = false, processes = false, cpu = false;
    };
    void use_version_2(const std::filesystem::path& root);
    void use_version_1(const std::filesystem::path& root);
    bool make_node_folder(const std::filesystem::path& folder) const;
    bool any_limits(bool Hierarchy::*controller) const;
    Result<void> limit(const std::filesystem::path& folder, const Hierarchy& hierarchy,
                       const Isolate& limits) const;

    std::string tag_, name_, missing_;
    bool version_2_ = false;
    std::vector<Hierarchy> hierarchies_;
};

}  // namespace sonm::apphost
