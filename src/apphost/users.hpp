#pragma once

#include "sonm/apphost/places.hpp"
#include "sonm/apphost/strays.hpp"

#include <functional>

/// Who app workers run as.
namespace sonm::apphost {

/// Users that applications run as, one for each.
struct UserRange {
    unsigned first = 0, last = 0;
    bool operator==(const UserRange&) const = default;
};

/// What the configuration says of them.
struct UserChoice {
    bool none = false;               ///< all run as the node does
    std::optional<UserRange> range;  ///< nothing: default_users(), if the node may change users
    bool operator==(const UserChoice&) const = default;
};

/// "none", a number, or "first-last" without root. Errors: invalid.
Result<UserChoice> parse_users(std::string_view text);

/// 1024 numbers by the path of the service's folder and the namespace of process numbers, so that a container
/// with the same path has others: of those that Linux systems leave unused, 0x70000000 to 0x7fffffff. Source:
/// systemd, docs/UIDS-GIDS.md.
UserRange default_users(const std::filesystem::path& folder);

/// Whether all of them are numbers of this user namespace; `map` is like /proc/self/uid_map. True if there is
/// no such file.
bool are_mapped(UserRange users, const std::filesystem::path& map);

/// That none of them is somebody's for his containers, without being an account: `claims` is like
/// /etc/subuid, lines of "owner:first:count". Source: subuid(5). Errors: exists (with whose it is),
/// too_large, io.
Result<void> check_unclaimed(UserRange users, const std::filesystem::path& claims);

/// The users of one service; nothing: workers run as the node does. Errors: denied, with what to configure,
/// and those of check_unclaimed.
Result<std::optional<UserRange>> worker_users(const UserChoice& choice, const std::filesystem::path& folder);

/// Gives each application a user that no other has, and as whom nothing runs yet. The last of a range (of
/// more than one) is given to none: as it runs whoever ends the others' processes. One thread, which waits.
class UserLeases {
public:
    /// Ends all processes of a user, by a process of the second.
    using EndFn = std::function<Result<void>(unsigned, unsigned)>;
    /// `locks`: a folder that all nodes of the machine share.
    explicit UserLeases(std::optional<UserRange> range, EndFn end = end_processes_of,
                        std::filesystem::path locks = "/run/sonm-apps")
        : range_(range), end_(std::move(end)), locks_(std::move(locks)) {}
    const std::optional<UserRange>& range() const { return range_; }
    /// Ends what earlier lives of this node have left running. Before the first take(). Errors: exists (a node
    /// that runs has a range with the same first number).
    Result<void> clean_up();
    /// The lowest that is free, until the last copy of the pointer is gone: before and afterwards all that
    /// runs as it is ended. One where that fails is left out; after two seconds no further one is tried.
    /// nullptr where there is no range. Errors: busy (all are taken), and those of ending.
    Result<std::shared_ptr<const unsigned>> take();

    /// Ends all that runs as one that take() has given. Blocking, any thread. Errors: those of ending.
    Result<void> end(unsigned user) const { return end_(user, range_->last); }

private:
    std::optional<UserRange> range_;
    EndFn end_;
    std::filesystem::path locks_;
    std::optional<SharedFolder> lock_;  ///< from clean_up() on, if it can be made
    std::shared_ptr<std::set<unsigned>> taken_ = std::make_shared<std::set<unsigned>>();
};

}  // namespace sonm::apphost
