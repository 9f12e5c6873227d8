#pragma once

#include "sonm/engine/errc.hpp"
#include "sonm/engine/types.hpp"

#include <filesystem>

/// Image archives from strangers are examined before the engine sees them: a small archive can unpack to more
/// than the disk, and its tags can take the place of other people's images. What goes on to the engine is
/// written anew from what was examined.
namespace sonm::engine {

/// An examined image archive in a file of our own, removed at the end of its life. Movable, one owner.
class SpooledImage {
public:
    SpooledImage(std::filesystem::path path, ImageId id) : path_(std::move(path)), id_(std::move(id)) {}
    SpooledImage(SpooledImage&& other) noexcept
        : path_(std::exchange(other.path_, {})), id_(std::move(other.id_)) {}
    SpooledImage& operator=(SpooledImage&&) = delete;
    ~SpooledImage();
    const std::filesystem::path& path() const { return path_; }
    /// SHA-256 of the image's configuration: the id that the engine will give it.
    const ImageId& id() const { return id_; }
    void set_id(ImageId id) { id_ = std::move(id); }

private:
    std::filesystem::path path_;
    ImageId id_;
};

/// Reads `archive` (as `docker save` writes it, also compressed) into `folder` and examines it, on the work
/// pool. Errors: image_refused (not exactly one image, damaged, names outside of it), image_too_large,
/// no_space, what `archive` says.
Async<SpooledImage> spool_image(std::filesystem::path folder, ByteSource archive, ImageLimits limits);

/// The file in pieces of 64 KiB. Errors: io.
Result<ByteSource> read_spooled(const std::filesystem::path& file);

/// The blocking heart of it: examines `in`, writes the same image without tags to `out`, gives its id.
Result<ImageId> rewrite_image(const std::filesystem::path& in, const std::filesystem::path& out,
                              ImageLimits limits);

}  // namespace sonm::engine
