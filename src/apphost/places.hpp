#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/base/open_file.hpp"

#include <memory>
#include <optional>

/// Where the sockets and the unpacked archives of one service lie.
namespace sonm::apphost {

/// A number that tells a folder from others of this machine, and the same as 16 hexadecimal digits.
std::uint64_t number_of(const std::filesystem::path& folder);
std::string tag_of(const std::filesystem::path& folder);

/// Whether that user can enter the folder: every one on the way lets it through. Errors: resource, with what
/// to do.
Result<void> check_way(unsigned user, const std::filesystem::path& folder);

/// Makes the folder so that everybody can go through it and nobody else see what is in it, whatever the
/// umask.
Result<void> make_passage(const std::filesystem::path& folder);

/// A folder below one that nodes share: ours, by a lock in it, as long as this lives, and gone with all it
/// holds afterwards. Blocking.
class SharedFolder {
public:
    /// Waits while somebody has it: who sweeps lets it go soon. Errors: busy, denied, io.
    static Result<SharedFolder> take(const std::filesystem::path& parent, const std::string& name,
                                     Millis patience = Millis(5'000));
    /// Removes those whose owners have died.
    static void sweep(const std::filesystem::path& parent);
    SharedFolder(SharedFolder&&) = default;
    ~SharedFolder();
    const std::filesystem::path& path() const { return path_; }

private:
    static Result<SharedFolder> try_take(const std::filesystem::path& parent, const std::string& name);
    SharedFolder(std::filesystem::path path, OpenFile lock)
        : path_(std::move(path)), lock_(std::make_unique<OpenFile>(std::move(lock))) {}
    std::filesystem::path path_;
    std::unique_ptr<OpenFile> lock_;
};

/// The two folders, empty. They are as configured; else in the service's folder; else, if workers cannot come
/// there or a socket's path would be too long, in folders that nodes share, or (this one's sockets) in the
/// system's temporary one. Blocking.
class Places {
public:
    Places() = default;
    Places(const Places&) = delete;
    ~Places();
    struct Wanted {
        std::filesystem::path folder;                        ///< the service's
        std::filesystem::path runtime, spool;                ///< as configured; may be empty
        std::filesystem::path shared_runtime, shared_spool;  ///< for nodes whose own cannot be reached
        std::size_t socket_bytes_max = 0;                    ///< of a socket's path below `runtime`
        std::optional<unsigned> user;  ///< who must come there; nothing: only this program's user
    };
    /// First removes what dead nodes have left. Errors: those of making them. That a configured one cannot be
    /// reached is found out by check_way later.
    Result<void> open(const Wanted& wanted);

    const std::filesystem::path& runtime() const { return runtime_; }
    const std::filesystem::path& spool() const { return spool_; }

private:
    Result<void> share_runtime(const Wanted& wanted);
    static void clear_left(const Wanted& wanted);
    std::filesystem::path runtime_, spool_;
    std::filesystem::path temporary_;  ///< in the system's temporary folder; may be empty
    std::filesystem::path note_;       ///< where that is noted
    std::optional<SharedFolder> shared_runtime_, shared_spool_;
};

}  // namespace sonm::apphost
