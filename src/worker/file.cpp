#include "sonm/worker/file.hpp"

#include "sonm/engine/file_handle.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace sonm::worker {
namespace {

tl::unexpected<Error> failure(std::string_view doing, const std::filesystem::path& path) {
    return engine::system_failure(errno, fmt::format("{} {}", doing, path.string()));
}

}  // namespace

Result<File> File::open(const std::filesystem::path& path, int flags, unsigned mode) {
    int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (descriptor < 0) return failure("opening", path);
    return File(descriptor, path);
}

File::~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::size_t> File::read_at(std::span<std::uint8_t> out, std::uint64_t offset) const {
    while (true) {
        ssize_t count = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return failure("reading", path_);
    }
}

Result<void> File::write_at(BytesView bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        ssize_t count = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failure("writing", path_);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return Result<void>();
}

Result<void> File::truncate(std::uint64_t bytes) {
    if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) return failure("cutting", path_);
    return Result<void>();
}

Result<void> File::sync() {
    if (::fdatasync(descriptor_) != 0) return failure("syncing", path_);
    return Result<void>();
}

std::uint64_t File::size() const {
    struct stat facts {};
    return ::fstat(descriptor_, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
}

}  // namespace sonm::worker
