#include "sonm/apphost/places.hpp"

#include "sonm/apphost/remove_tree.hpp"
#include "sonm/base/log.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/services/node_service.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;
using services::NodeErrc;

/// sockaddr_un has room for so many bytes, the end included.
constexpr std::size_t socket_path_bytes_max = 107;
constexpr const char* lock_name = "lock";
constexpr Millis take_pause{20};
/// Where a folder of the system's temporary one is noted.
constexpr const char* note_name = "runtime-folder";
constexpr std::string_view temporary_name = "sonm-XXXXXX";

/// The lock of that folder. Errors: busy (somebody has it, or has just removed it), those of OpenFile.
Result<OpenFile> lock_folder(const fs::path& path) {
    SONM_TRY(OpenFile lock, OpenFile::open(path / lock_name, O_RDWR | O_CREAT | O_NOFOLLOW));
    SONM_CHECK(lock.lock());
    struct stat open {
    }, named{};
    bool same = ::fstat(lock.get(), &open) == 0 && ::stat((path / lock_name).c_str(), &named) == 0 &&
                open.st_ino == named.st_ino && open.st_dev == named.st_dev;
    if (!same) return fail(Errc::busy, "{} has just been removed", path.string());
    return lock;
}

/// Whoever does this has its lock, which goes last: who makes a new one behind that has an empty folder.
void remove_locked(const fs::path& path) {
    if (auto done = empty_folder(path, lock_name); !done) {
        SONM_LOG(warn, "{}", done.error().message());
        return;
    }
    ::unlink((path / lock_name).c_str());
    ::rmdir(path.c_str());
}

/// Says what is left in the log.
void clear(const fs::path& path) {
    if (auto done = remove_tree(path); !done) SONM_LOG(warn, "{}", done.error().message());
}

/// A folder that mkdtemp has made for this user.
bool is_temporary_of_ours(const fs::path& path) {
    std::string name = path.filename().string();
    struct stat status {};
    return path.is_absolute() && name.size() == temporary_name.size() && name.starts_with("sonm-") &&
           ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid();
}

}  // namespace

std::uint64_t number_of(const fs::path& folder) {
    std::error_code ignored;
    auto hash = crypto::sha256(as_bytes(fs::weakly_canonical(folder, ignored).string())).bytes;
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < sizeof out; ++i) out = out << 8 | hash[i];
    return out;
}

std::string tag_of(const fs::path& folder) { return fmt::format("{:016x}", number_of(folder)); }

Result<void> check_way(unsigned user, const fs::path& folder) {
    for (fs::path at = folder; !at.empty() && at != at.root_path(); at = at.parent_path()) {
        struct stat status {};
        if (::stat(at.c_str(), &status) != 0) return fail(Errc::io, "{}", at.string());
        mode_t needed = status.st_uid == user ? S_IXUSR : S_IXOTH;
        if ((status.st_mode & needed) == 0)
            return fail(NodeErrc::resource,
                        "user {} cannot enter {}; `chmod o+x` it, or set `spool` and `runtime`", user,
                        at.string());
    }
    return Result<void>();
}

Result<void> make_passage(const fs::path& folder) {
    SONM_CHECK(make_folder(folder, 0711));
    if (::chmod(folder.c_str(), 0711) != 0) return system_failure("opening", folder);
    return Result<void>();
}

Result<SharedFolder> SharedFolder::try_take(const fs::path& parent, const std::string& name) {
    fs::path path = parent / name;
    SONM_CHECK(make_passage(parent));
    if (::mkdir(path.c_str(), 0711) != 0 && errno != EEXIST) return system_failure("making", path);
    SONM_TRY(OpenFile lock, lock_folder(path));
    SONM_CHECK(make_passage(path));
    return SharedFolder(std::move(path), std::move(lock));
}

Result<SharedFolder> SharedFolder::take(const fs::path& parent, const std::string& name, Millis patience) {
    for (Millis waited(0);; waited += take_pause) {
        auto taken = try_take(parent, name);
        // Whoever sweeps may remove both folders at each step, until ours is locked.
        if (taken || !(taken.error().is(Errc::busy) || taken.error().is(Errc::not_found))) return taken;
        if (waited >= patience) return taken;
        ::poll(nullptr, 0, static_cast<int>(take_pause.count()));
    }
}

void SharedFolder::sweep(const fs::path& parent) {
    std::error_code ignored;
    std::vector<fs::path> found;
    for (fs::directory_iterator at(parent, ignored), end; !ignored && at != end; at.increment(ignored))
        found.push_back(at->path());
    for (const fs::path& path : found)
        if (auto lock = lock_folder(path)) remove_locked(path);
    // If it is empty now.
    ::rmdir(parent.c_str());
}

SharedFolder::~SharedFolder() {
    if (!lock_) return;
    remove_locked(path_);
    ::rmdir(path_.parent_path().c_str());
}

Result<void> Places::open(const Wanted& wanted) {
    clear_left(wanted);
    runtime_ = wanted.runtime.empty() ? wanted.folder / "run" : wanted.runtime;
    spool_ = wanted.spool.empty() ? wanted.folder / "spool" : wanted.spool;
    for (const fs::path& folder : {runtime_, spool_}) {
        SONM_CHECK(make_passage(folder));
        if (auto done = empty_folder(folder); !done) SONM_LOG(warn, "{}", done.error().message());
    }
    auto reached = [&](const fs::path& folder) {
        return !wanted.user || check_way(*wanted.user, folder).has_value();
    };
    bool too_long = runtime_.string().size() + wanted.socket_bytes_max > socket_path_bytes_max;
    if (too_long || (wanted.runtime.empty() && !reached(runtime_))) SONM_CHECK(share_runtime(wanted));
    if (!wanted.spool.empty() || reached(spool_)) return Result<void>();
    auto taken = SharedFolder::take(wanted.shared_spool, tag_of(wanted.folder));
    if (!taken) {
        // Applications in containers do not need it, others say what is missing when they start.
        SONM_LOG(warn, "app workers cannot come to {}, and there is no other folder: {}", spool_.string(),
                 taken.error().message());
        return Result<void>();
    }
    shared_spool_.emplace(std::move(*taken));
    spool_ = shared_spool_->path() / "spool";
    return make_passage(spool_);
}

Result<void> Places::share_runtime(const Wanted& wanted) {
    // Short, so that sockets' names have room.
    auto taken = wanted.user ? SharedFolder::take(wanted.shared_runtime, tag_of(wanted.folder).substr(0, 8))
                             : fail(Errc::denied, "only root has that folder");
    if (taken && taken->path().string().size() + wanted.socket_bytes_max <= socket_path_bytes_max) {
        shared_runtime_.emplace(std::move(*taken));
        runtime_ = shared_runtime_->path();
        return Result<void>();
    }
    const char* root = std::getenv("TMPDIR");
    std::string made = fmt::format("{}/{}", root && *root ? root : "/tmp", temporary_name);
    if (::mkdtemp(made.data()) == nullptr)
        return system_failure("for sockets with short paths (set `runtime` to have them elsewhere): making",
                              made);
    runtime_ = temporary_ = made;
    note_ = wanted.folder / note_name;
    SONM_CHECK(write_atomically(note_, to_bytes(made), 0600));
    return make_passage(runtime_);
}

void Places::clear_left(const Wanted& wanted) {
    if (::geteuid() == 0)
        for (const fs::path& parent : {wanted.shared_runtime, wanted.shared_spool})
            SharedFolder::sweep(parent);
    auto noted = read_text(wanted.folder / note_name, socket_path_bytes_max);
    if (!noted) return;
    if (is_temporary_of_ours(*noted)) clear(*noted);
    ::unlink((wanted.folder / note_name).c_str());
}

Places::~Places() {
    if (temporary_.empty()) return;
    clear(temporary_);
    ::unlink(note_.c_str());
}

}  // namespace sonm::apphost
