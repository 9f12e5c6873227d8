#include "sonm/base/open_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm {

tl::unexpected<Error> system_failure(std::string_view doing, const std::filesystem::path& path, int number) {
    Errc kind = Errc::io;
    switch (number) {
        case ENOENT:
        case ENOTDIR: kind = Errc::not_found; break;
        case EACCES:
        case EPERM:
        case EROFS: kind = Errc::denied; break;
        case ENOSPC:
        case EDQUOT: kind = Errc::no_space; break;
        case EFBIG: kind = Errc::too_large; break;
        case EMFILE:
        case ENFILE: kind = Errc::busy; break;
        default: break;
    }
    return fail(kind, "{} {}: {}", doing, path.native(), std::generic_category().message(number));
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    SONM_TRY(OpenFile opened, OpenFile::open(folder, O_RDONLY | O_DIRECTORY));
    return opened.sync();
}

Result<OpenFile> OpenFile::open(const std::filesystem::path& path, int flags, unsigned mode) {
    int fd = ::open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode));
    if (fd < 0) return system_failure("opening", path);
    return OpenFile(fd, path);
}

OpenFile::~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> OpenFile::read_at(std::span<std::uint8_t> out, std::uint64_t offset) const {
    std::size_t done = 0;
    while (done < out.size()) {
        ssize_t count = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("reading", path_);
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

Result<void> OpenFile::write_all(BytesView bytes) {
    while (!bytes.empty()) {
        ssize_t count = ::write(fd_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("writing", path_);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> OpenFile::sync() {
    if (::fsync(fd_) != 0) return system_failure("writing", path_);
    return {};
}

Result<std::uint64_t> OpenFile::size() const {
    struct stat about {};
    if (::fstat(fd_, &about) != 0) return system_failure("reading", path_);
    return static_cast<std::uint64_t>(about.st_size);
}

Result<void> OpenFile::truncate(std::uint64_t bytes) {
    if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) return system_failure("cutting", path_);
    return {};
}

Result<void> OpenFile::lock() {
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) return fail(Errc::busy, "{} is in use by another process", path_.native());
    return system_failure("locking", path_);
}

}  // namespace sonm
