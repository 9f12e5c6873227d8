#include "sonm/engine/file_handle.hpp"

#include "sonm/base/errc.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

namespace sonm::engine {

tl::unexpected<Error> system_failure(int number, std::string_view what) {
    Errc code = Errc::io;
    if (number == ENOSPC || number == EDQUOT) code = Errc::no_space;
    if (number == ENOENT) code = Errc::not_found;
    if (number == EACCES || number == EPERM || number == EROFS) code = Errc::denied;
    if (number == EEXIST) code = Errc::exists;
    return fail(code, "{}: {}", what, std::strerror(number));
}

Result<FileHandle> FileHandle::open(const std::filesystem::path& path, int flags, unsigned mode) {
    FileHandle file(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!file) return system_failure(errno, "opening " + path.string());
    return file;
}

void FileHandle::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<void> FileHandle::write_all(BytesView bytes) {
    while (!bytes.empty()) {
        ssize_t count = ::write(fd_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure(errno, "writing a file");
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<std::size_t> FileHandle::read(std::span<std::uint8_t> out) {
    while (true) {
        ssize_t count = ::read(fd_, out.data(), out.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return system_failure(errno, "reading a file");
    }
}

}  // namespace sonm::engine
