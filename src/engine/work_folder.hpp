#pragma once

#include "sonm/engine/errc.hpp"
#include "sonm/engine/types.hpp"

#include <filesystem>

namespace sonm::engine {

/// How the size of a work folder is kept within its bounds.
enum class QuotaKind {
    loop_ext4,  ///< an ext4 file system in a file of fixed size, reserved at once; survives a reboot
    tmpfs,      ///< in memory, lost on reboot
    none,       ///< not at all: for tests and for machines that can do neither
};
std::string_view to_string(QuotaKind kind);

/// The folder of one task: inputs are put in, the container gets it as a bind mount, outputs are taken out.
/// Value type: the folder lives until WorkFolders::remove.
struct WorkFolder {
    std::string name;
    std::filesystem::path
        path;  ///< what to mount into the container; anybody may write in it, nobody else reaches it
    QuotaKind kind = QuotaKind::none;
    std::uint64_t bytes_max = 0;
};

/// What this machine can do, and why not more.
struct QuotaSupport {
    QuotaKind kind = QuotaKind::none;
    std::string reason;  ///< why nothing better; empty for loop_ext4
};

/// Makes, finds and removes work folders below one root. Nothing is kept in memory: a restarted process finds
/// all that is there. Bounded ones need root. One executor; calls for the same name one at a time.
class WorkFolders {
public:
    /// `root` is made if absent, with mode 0700: tasks of other users of the machine stay out.
    WorkFolders(std::filesystem::path root, QuotaKind kind) : root_(std::move(root)), kind_(kind) {}

    /// The best kind that works below `root`, found by trying (some 50 ms).
    static Async<QuotaSupport> probe(std::filesystem::path root);

    /// An empty folder for at most `bytes_max` bytes (the file system's own needs, about 3 %, included; at
    /// least 1 MiB). `name`: letters, digits, _ . -. Errors: exists (adopt it), no_space, no_quota, invalid.
    Async<WorkFolder> create(std::string name, std::uint64_t bytes_max);
    /// One that was made before, possibly by a process that died. Errors: not_found, corrupt (half made, or
    /// lost with a reboot: remove it).
    Async<WorkFolder> adopt(std::string name);
    /// With all it holds; repeated or half done before is no error. The container must have ended. Errors:
    /// io.
    Async<void> remove(std::string name);
    /// Names of all that are there, half made ones too.
    Result<std::vector<std::string>> list() const;

private:
    std::filesystem::path folder(const std::string& name) const { return root_ / name; }
    Async<void> make(std::string name, std::uint64_t bytes_max);
    Async<void> mount(std::string name, std::uint64_t bytes_max);

    std::filesystem::path root_;
    QuotaKind kind_;
};

}  // namespace sonm::engine
