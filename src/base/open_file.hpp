#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/base/errc.hpp"

#include <cerrno>
#include <filesystem>

namespace sonm {

/// The failure of a system call, from errno: not_found, denied, no_space, too_large, busy (no descriptors
/// left), io.
tl::unexpected<Error> system_failure(std::string_view doing, const std::filesystem::path& path,
                                     int number = errno);
/// Makes new and renamed entries of a folder last through a power cut.
Result<void> sync_folder(const std::filesystem::path& folder);

/// An open file, closed at the end of its life. Blocking calls, any thread. Errors: those of system_failure.
class OpenFile {
public:
    static Result<OpenFile> open(const std::filesystem::path& path, int flags, unsigned mode = 0600);
    OpenFile(OpenFile&& other) noexcept : fd_(other.release()), path_(std::move(other.path_)) {}
    OpenFile& operator=(OpenFile&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(path_, other.path_);
        return *this;
    }
    ~OpenFile();

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    /// Fills `out` as far as the file goes; gives how far.
    Result<std::size_t> read_at(std::span<std::uint8_t> out, std::uint64_t offset) const;
    Result<void> write_all(BytesView bytes);
    Result<void> sync();
    Result<std::uint64_t> size() const;
    Result<void> truncate(std::uint64_t bytes);
    /// Keeps other processes (that ask, too) away for as long as this is open. Errors: busy.
    Result<void> lock();

private:
    OpenFile(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
    int fd_;
    std::filesystem::path path_;
};

}  // namespace sonm
