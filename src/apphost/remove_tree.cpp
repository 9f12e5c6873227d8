#include "sonm/apphost/remove_tree.hpp"

#include "sonm/base/open_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes time_max{2};

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

/// Its owner, who may be us, may have closed it to himself. Never through a link: whoever still writes there
/// could have root open any folder of the machine.
bool unlock(int in, const char* name) {
    return errno == EACCES && ::fchmodat(in, name, 0700, AT_SYMLINK_NOFOLLOW) == 0;
}

Folder open_folder(int in, const char* name, int flags = O_NOFOLLOW) {
    flags |= O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int descriptor = ::openat(in, name, flags);
    if (descriptor < 0 && unlock(in, name)) descriptor = ::openat(in, name, flags);
    Folder out(descriptor < 0 ? nullptr : ::fdopendir(descriptor), ::closedir);
    if (!out && descriptor >= 0) ::close(descriptor);
    return out;
}

/// Folders in folders are moved up to `root` and emptied there: so depth costs nothing.
class Emptying {
public:
    Emptying(fs::path path, Folder root, std::string_view spared)
        : path_(std::move(path)), root_(std::move(root)), spared_(spared) {}

    Result<void> run() {
        // Each time round removes something, or was the last.
        for (bool removed = true; removed;) {
            removed = false;
            failure_.reset();
            ::rewinddir(root_.get());
            auto one = [&](const char* name) { removed |= name != spared_ && remove(name); };
            SONM_CHECK(each(*root_, one));
        }
        if (failure_) return tl::unexpected<Error>(std::move(*failure_));
        return Result<void>();
    }

private:
    template <class F>
    Result<void> each(DIR& folder, F one) {
        while (const dirent* entry = ::readdir(&folder)) {
            std::string_view name = entry->d_name;
            if (name == "." || name == "..") continue;
            if (std::chrono::steady_clock::now() > until_)
                return fail(Errc::timeout, "removing what is in {} takes too long", path_.string());
            one(entry->d_name);
        }
        return Result<void>();
    }

    /// An entry of the root.
    bool remove(const char* name) {
        if (::unlinkat(::dirfd(root_.get()), name, 0) == 0) return true;
        if (errno != EISDIR) return failed(name);
        if (Folder folder = open_folder(::dirfd(root_.get()), name)) {
            ::fchmod(::dirfd(folder.get()), 0700);
            auto one = [&](const char* inner) { strip(::dirfd(folder.get()), inner); };
            (void)each(*folder, one);
        }
        return ::unlinkat(::dirfd(root_.get()), name, AT_REMOVEDIR) == 0 || failed(name);
    }

    /// An entry of a folder of the root.
    void strip(int folder, const char* name) {
        if (::unlinkat(folder, name, 0) == 0) return;
        if (errno != EISDIR || !move_up(folder, name)) failed(name);
    }

    bool move_up(int folder, const char* name) {
        bool again = true;
        while (again) {
            std::string place = fmt::format(".{}", ++moved_);
            if (::renameat(folder, name, ::dirfd(root_.get()), place.c_str()) == 0) return true;
            // To move a folder is to write its "..".
            again = errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR || unlock(folder, name);
        }
        return false;
    }

    bool failed(const char* name) {
        if (errno != ENOENT && !failure_) failure_ = system_failure("removing", path_ / name).value();
        return false;
    }

    fs::path path_;
    Folder root_;
    std::string_view spared_;
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::now() + time_max;
    std::uint64_t moved_ = 0;
    std::optional<Error> failure_;
};

}  // namespace

Result<void> empty_folder(const fs::path& folder, std::string_view spared) {
    Folder root = open_folder(AT_FDCWD, folder.c_str(), 0);
    if (!root) return system_failure("opening", folder);
    return Emptying(folder, std::move(root), spared).run();
}

asio::thread_pool& removal_pool() {
    static asio::thread_pool pool(1);
    return pool;
}

Result<void> remove_tree(const fs::path& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return Result<void>();
    if (errno != EISDIR) return system_failure("removing", path);
    Folder root = open_folder(AT_FDCWD, path.c_str());
    if (!root) return system_failure("opening", path);
    SONM_CHECK(Emptying(path, std::move(root), {}).run());
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return system_failure("removing", path);
    return Result<void>();
}

}  // namespace sonm::apphost
