#include "sonm/engine/image_archive.hpp"

#include "sonm/engine/sources.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

namespace sonm::engine {
namespace {

/// An empty file of our own in `folder`.
Result<SpooledImage> make_file(const std::filesystem::path& folder) {
    std::string name = (folder / "sonm-image-XXXXXX").string();
    FileHandle file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) return fail(Errc::io, "making a file in {}: {}", folder.string(), std::strerror(errno));
    return SpooledImage(name, ImageId());
}

}  // namespace

SpooledImage::~SpooledImage() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

Async<SpooledImage> spool_image(std::filesystem::path folder, ByteSource archive, ImageLimits limits) {
    SONM_CO_TRY(SpooledImage raw, make_file(folder));
    SONM_CO_TRY(FileHandle out, FileHandle::open(raw.path(), O_WRONLY));
    while (true) {
        SONM_CO_TRY(Bytes piece, co_await archive());
        if (piece.empty()) break;
        SONM_CO_CHECK(out.write_all(piece));
    }
    out.close();
    SONM_CO_TRY(SpooledImage examined, make_file(folder));
    auto work = [in = raw.path(), to = examined.path(), limits] { return rewrite_image(in, to, limits); };
    auto task = offload(std::move(work));
    SONM_CO_TRY(ImageId id, co_await std::move(task));
    examined.set_id(std::move(id));
    co_return Result<SpooledImage>(std::move(examined));
}

Result<ByteSource> read_spooled(const std::filesystem::path& file) {
    SONM_TRY(FileHandle handle, FileHandle::open(file, O_RDONLY));
    return read_source(std::move(handle));
}

}  // namespace sonm::engine
