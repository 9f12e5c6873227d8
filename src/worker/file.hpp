#pragma once

#include "sonm/base/bytes.hpp"

#include <filesystem>

namespace sonm::worker {

/// An open file. Movable; closes at the end of its life. Errors of all calls: not_found, no_space, denied,
/// io.
class File {
public:
    /// `flags` as of open(2); close-on-exec is added.
    static Result<File> open(const std::filesystem::path& path, int flags, unsigned mode = 0600);
    File(File&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}
    File& operator=(File&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        std::swap(path_, other.path_);
        return *this;
    }
    ~File();

    /// Bytes read: 0 at the end of the file.
    Result<std::size_t> read_at(std::span<std::uint8_t> out, std::uint64_t offset) const;
    /// Everything, or an error.
    Result<void> write_at(BytesView bytes, std::uint64_t offset);
    Result<void> truncate(std::uint64_t bytes);
    Result<void> sync();
    std::uint64_t size() const;

private:
    File(int descriptor, std::filesystem::path path) : descriptor_(descriptor), path_(std::move(path)) {}
    int descriptor_;
    std::filesystem::path path_;
};

}  // namespace sonm::worker
