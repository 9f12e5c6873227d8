#include "sonm/apphost/places.hpp"

#include "sonm/base/log.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/services/node_service.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;
using services::NodeErrc;

/// sockaddr_un has room for so many bytes, the end included.
constexpr std::size_t socket_path_bytes_max = 107;
constexpr const char* lock_name = "lock";

bool is_file_of(int descriptor, const fs::path& path) {
    struct stat open {
    }, named{};
    return ::fstat(descriptor, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
           open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

void empty_folder(const fs::path& folder) {
    std::error_code ignored;
    for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored))
        fs::remove_all(at->path(), ignored);
}

/// Removes the folders in `parent` that nobody has.
void sweep(const fs::path& parent) {
    std::error_code ignored;
    for (fs::directory_iterator at(parent, ignored), end; !ignored && at != end; at.increment(ignored)) {
        auto lock = OpenFile::open(at->path() / lock_name, O_RDWR);
        if (!lock)
            ::rmdir(at->path().c_str());  // somebody is just making it, or died then
        else if (lock->lock())
            fs::remove_all(at->path(), ignored);
    }
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

Result<SharedFolder> SharedFolder::take(const fs::path& parent, const std::string& name) {
    fs::path path = parent / name;
    constexpr int tries = 10;
    for (int i = 0; i < tries; ++i) {
        SONM_CHECK(make_passage(parent));
        sweep(parent);
        // Another node may sweep it away at each step, until it is locked.
        if (::mkdir(path.c_str(), 0711) != 0 && errno == ENOENT) continue;
        auto lock = OpenFile::open(path / lock_name, O_RDWR | O_CREAT);
        if (!lock && lock.error().is(Errc::not_found)) continue;
        if (!lock) return tl::unexpected<Error>(std::move(lock.error()));
        if (!lock->lock()) continue;
        if (!is_file_of(lock->get(), path / lock_name)) continue;
        SONM_CHECK(make_passage(path));
        return SharedFolder(std::move(path), std::move(*lock));
    }
    return fail(Errc::busy, "another process has {}", path.string());
}

SharedFolder::~SharedFolder() {
    if (!lock_) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    ::rmdir(path_.parent_path().c_str());
}

Result<void> Places::open(const Wanted& wanted) {
    runtime_ = wanted.runtime.empty() ? wanted.folder / "run" : wanted.runtime;
    spool_ = wanted.spool.empty() ? wanted.folder / "spool" : wanted.spool;
    for (const fs::path& folder : {runtime_, spool_}) {
        SONM_CHECK(make_passage(folder));
        empty_folder(folder);
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
    short_runtime_ = std::make_unique<TempDir>();
    runtime_ = short_runtime_->path();
    return make_passage(runtime_);
}

}  // namespace sonm::apphost
