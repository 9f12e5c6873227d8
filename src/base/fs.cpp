#include "sonm/base/fs.hpp"

#include "sonm/base/errc.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace sonm {
namespace {

/// Closes a descriptor.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }

private:
    int fd_;
};

Errc meaning(int number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR: return Errc::not_found;
        case EACCES:
        case EPERM:
        case EROFS: return Errc::denied;
        case ENOSPC:
        case EDQUOT: return Errc::no_space;
        case EFBIG: return Errc::too_large;
        case EISDIR: return Errc::invalid;
        case EEXIST: return Errc::exists;
        default: return Errc::io;
    }
}

tl::unexpected<Error> failed(std::string_view doing, const std::filesystem::path& path, int number = errno) {
    return fail(meaning(number), "{} {}: {}", doing, path.native(), std::generic_category().message(number));
}

Result<void> write_all(int fd, BytesView bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("writing", path);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    if (::fsync(fd) != 0) return failed("writing", path);
    return {};
}

/// A renamed file is only there after a power cut if its folder was written too.
Result<void> sync_folder(const std::filesystem::path& folder) {
    Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return failed("writing the folder", folder);
    return {};
}

Result<void> write_new(const std::filesystem::path& path, int fd, BytesView bytes, unsigned mode) {
    if (::fchmod(fd, static_cast<mode_t>(mode)) != 0) return failed("setting the mode of", path);
    return write_all(fd, bytes, path);
}

}  // namespace

Result<Bytes> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return failed("reading", path);
    struct stat about {};
    if (::fstat(fd.get(), &about) != 0) return failed("reading", path);
    if (S_ISDIR(about.st_mode)) return fail(Errc::invalid, "reading {}: it is a folder", path.native());
    Bytes bytes;
    // The size is only a hint: pipes have none, and files grow.
    bytes.reserve(
        std::min<std::size_t>(static_cast<std::size_t>(std::max<off_t>(about.st_size, 0)), bytes_max) + 1);
    std::array<std::uint8_t, 64 * KiB> chunk;
    while (true) {
        ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("reading", path);
        if (count == 0) return bytes;
        if (bytes.size() + static_cast<std::size_t>(count) > bytes_max) {
            return fail(Errc::too_large, "{} is larger than {} bytes", path.native(), bytes_max);
        }
        bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + count);
    }
}

Result<std::string> read_text(const std::filesystem::path& path, std::size_t bytes_max) {
    SONM_TRY(Bytes bytes, read_file(path, bytes_max));
    return std::string(as_text(bytes));
}

Result<void> write_atomically(const std::filesystem::path& path, BytesView bytes, unsigned mode) {
    std::string neighbour = path.native() + ".XXXXXX";
    Descriptor fd(::mkostemp(neighbour.data(), O_CLOEXEC));
    if (!fd) return failed("writing", path);
    Result<void> written = write_new(path, fd.get(), bytes, mode);
    if (written && ::rename(neighbour.c_str(), path.c_str()) != 0) written = failed("replacing", path);
    if (!written) {
        ::unlink(neighbour.c_str());
        return written;
    }
    std::filesystem::path folder = path.parent_path();
    return sync_folder(folder.empty() ? "." : folder);
}

Result<void> make_folder(const std::filesystem::path& path, unsigned mode) {
    struct stat about {};
    if (::stat(path.c_str(), &about) == 0) {
        if (S_ISDIR(about.st_mode)) return {};
        return fail(Errc::exists, "making the folder {}: a file is there", path.native());
    }
    std::filesystem::path above = path.parent_path();
    if (!above.empty() && above != path) SONM_CHECK(make_folder(above));
    if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST)
        return failed("making the folder", path);
    return {};
}

TempDir::TempDir() {
    const char* root = std::getenv("TMPDIR");
    std::string name = fmt::format("{}/sonm-XXXXXX", root && *root ? root : "/tmp");
    SONM_ASSERT(::mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace sonm
