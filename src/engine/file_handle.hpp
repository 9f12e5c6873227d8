#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/engine/types.hpp"

#include <utility>

namespace sonm::engine {

/// Owner of a file descriptor. Movable.
class FileHandle {
public:
    FileHandle() = default;
    explicit FileHandle(int fd) : fd_(fd) {}
    FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileHandle& operator=(FileHandle&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~FileHandle() { close(); }
    /// `flags` of open(2), O_CLOEXEC added. Errors: not_found, denied, io.
    static Result<FileHandle> open(const std::filesystem::path& path, int flags, unsigned mode = 0600);

    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }
    void close();
    /// Errors: no_space, io.
    Result<void> write_all(BytesView bytes);
    /// At most out.size() bytes; 0 at the end. Errors: io.
    Result<std::size_t> read(std::span<std::uint8_t> out);

private:
    int fd_ = -1;
};

/// errno as an error of ours: no_space, not_found, denied, exists, or io; `what` says what was being done.
tl::unexpected<Error> system_failure(int number, std::string_view what);

}  // namespace sonm::engine
