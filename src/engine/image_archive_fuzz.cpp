#include "sonm/engine/file_handle.hpp"
#include "sonm/engine/image_archive.hpp"

#include <sys/mman.h>

using namespace sonm;
using namespace sonm::engine;

namespace {

std::string path_of(const FileHandle& file) { return fmt::format("/proc/self/fd/{}", file.get()); }

}  // namespace

/// An image archive from a stranger. Whatever is let through is let through again, with the same id.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FileHandle in(::memfd_create("in", MFD_CLOEXEC)), out(::memfd_create("out", MFD_CLOEXEC)),
        again(::memfd_create("again", MFD_CLOEXEC));
    if (!in.write_all(BytesView(data, size))) return 0;
    ImageLimits limits;
    limits.unpacked_bytes_max = 1 * MiB;
    limits.files_max = 1000;
    auto id = rewrite_image(path_of(in), path_of(out), limits);
    if (!id) return 0;
    auto second = rewrite_image(path_of(out), path_of(again), limits);
    if (!second || *second != *id) __builtin_trap();
    return 0;
}
