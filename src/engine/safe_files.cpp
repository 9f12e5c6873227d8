#include "sonm/engine/safe_files.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sonm::engine {

Result<std::string> clean_relative(std::string_view path, bool whole) {
    constexpr std::size_t path_bytes_max = 4096;
    bool bad = path.empty() || path.size() > path_bytes_max || path.front() == '/' ||
               path.find('\0') != std::string_view::npos;
    std::string out;
    for (const auto& part : std::filesystem::path(path)) {
        if (part == "..") bad = true;
        if (part == "." || part.empty()) continue;
        if (!out.empty()) out += '/';
        out += part;
    }
    if (out.empty() && whole) out = ".";
    if (bad || out.empty())
        return fail(EngineErrc::path_escapes, "\"{}\": give a path inside the work folder, without ..",
                    path.substr(0, 200));
    return out;
}

Result<FileHandle> open_folder(const std::filesystem::path& path) {
    return FileHandle::open(path, O_PATH | O_DIRECTORY);
}

Result<FileHandle> open_beneath(const FileHandle& folder, const std::string& path, int flags, unsigned mode) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    while (true) {
        FileHandle file(
            static_cast<int>(::syscall(SYS_openat2, folder.get(), path.c_str(), &how, sizeof how)));
        if (file) return file;
        // EAGAIN: something on the way was renamed meanwhile; the kernel could not be sure.
        if (errno == EINTR || errno == EAGAIN) continue;
        if (errno == ELOOP || errno == EXDEV)
            return fail(EngineErrc::path_escapes, "{}: a symbolic link is on the way", path);
        return system_failure(errno, path);
    }
}

Result<FileHandle> make_parents(const FileHandle& folder, const std::string& path) {
    SONM_TRY(FileHandle at, open_beneath(folder, ".", O_PATH | O_DIRECTORY));
    for (const auto& part : std::filesystem::path(path).parent_path()) {
        if (::mkdirat(at.get(), part.c_str(), 0777) == 0) {
            ::fchmodat(at.get(), part.c_str(), 0777, 0);
        } else if (errno != EEXIST) {
            return system_failure(errno, "making folder " + part.string());
        }
        SONM_TRY(at, open_beneath(at, part.string(), O_PATH | O_DIRECTORY));
    }
    return at;
}

Result<FileHandle> create_beneath(const FileHandle& folder, const std::string& path, bool executable) {
    SONM_TRY(FileHandle parent, make_parents(folder, path));
    std::string name = std::filesystem::path(path).filename();
    unsigned mode = executable ? 0777 : 0666;
    if (::unlinkat(parent.get(), name.c_str(), 0) != 0 && errno != ENOENT)
        return system_failure(errno, "replacing " + path);
    SONM_TRY(FileHandle file, open_beneath(parent, name, O_WRONLY | O_CREAT | O_EXCL, mode));
    if (::fchmod(file.get(), mode) != 0) return system_failure(errno, path);
    return file;
}

}  // namespace sonm::engine
