#include "sonm/hardware/detail/disk_speed.hpp"

#include "sonm/base/bytes.hpp"
#include "sonm/base/errc.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace sonm::hardware::detail {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t piece_bytes = 4 * MiB;
constexpr std::size_t alignment = 4096;  // what O_DIRECT asks for on any present disk

tl::unexpected<Error> failed(std::string_view doing, const std::filesystem::path& folder) {
    std::error_code error(errno, std::generic_category());
    Errc code = error == std::errc::no_space_on_device || errno == EDQUOT ? Errc::no_space
                : error == std::errc::permission_denied || errno == EROFS ? Errc::denied
                : error == std::errc::no_such_file_or_directory           ? Errc::not_found
                                                                          : Errc::io;
    return fail(code, "{} in {}: {}", doing, folder.native(), error.message());
}

/// A file without a name in the folder.
class HiddenFile {
public:
    explicit HiddenFile(const std::filesystem::path& folder) {
        for (int flags : {O_TMPFILE | O_DIRECT, O_TMPFILE}) {
            direct_ = (flags & O_DIRECT) != 0;
            fd_ = ::open(folder.c_str(), flags | O_RDWR | O_CLOEXEC, 0600);
            if (fd_ >= 0) return;
        }
        // Some file systems have no nameless files.
        std::string name = (folder / ".sonm-benchmark-XXXXXX").native();
        fd_ = ::mkostemp(name.data(), O_CLOEXEC);
        if (fd_ >= 0) ::unlink(name.c_str());
    }
    HiddenFile(const HiddenFile&) = delete;
    ~HiddenFile() {
        if (fd_ >= 0) ::close(fd_);
    }
    explicit operator bool() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    bool direct() const { return direct_; }

private:
    int fd_ = -1;
    bool direct_ = false;
};

double megabytes_per_second(std::uint64_t bytes, Clock::duration span) {
    return static_cast<double>(bytes) / 1e6 / std::max(std::chrono::duration<double>(span).count(), 1e-9);
}

}  // namespace

Result<double> disk_speed(const std::filesystem::path& folder, std::uint64_t bytes_max,
                          std::chrono::nanoseconds span) {
    HiddenFile file(folder);
    if (!file) return failed("making a file", folder);
    std::unique_ptr<void, decltype(&std::free)> piece(std::aligned_alloc(alignment, piece_bytes), std::free);
    SONM_ASSERT(piece != nullptr);
    // Random, for disks and file systems that compress.
    Bytes noise = random_bytes(piece_bytes);
    std::memcpy(piece.get(), noise.data(), piece_bytes);

    std::uint64_t written = 0;
    Clock::time_point begin = Clock::now();
    do {
        ssize_t part = ::pwrite(file.fd(), piece.get(), piece_bytes, static_cast<off_t>(written));
        if (part < 0 && errno == EINTR) continue;
        if (part <= 0) return failed("writing", folder);
        written += static_cast<std::uint64_t>(part);
        if (static_cast<std::size_t>(part) != piece_bytes)
            break;  // the disk is full: what is there is enough
    } while (written + piece_bytes <= bytes_max && Clock::now() - begin < span / 2);
    if (::fdatasync(file.fd()) != 0) return failed("writing", folder);
    double write_rate = megabytes_per_second(written, Clock::now() - begin);

    if (!file.direct()) ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
    std::uint64_t taken = 0;
    begin = Clock::now();
    while (taken < written && Clock::now() - begin < span / 2) {
        ssize_t part = ::pread(file.fd(), piece.get(), piece_bytes, static_cast<off_t>(taken));
        if (part < 0 && errno == EINTR) continue;
        if (part <= 0) return failed("reading", folder);
        taken += static_cast<std::uint64_t>(part);
    }
    double read_rate = megabytes_per_second(taken, Clock::now() - begin);
    return 2 / (1 / write_rate + 1 / read_rate);
}

}  // namespace sonm::hardware::detail
