#include "sonm/apphost/archive.hpp"

using namespace sonm;
using namespace sonm::apphost;

namespace fs = std::filesystem;

/// An archive from a stranger: whatever is unpacked lies in the folder, and links in it lead nowhere else.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const TempDir place;
    fs::path folder = place / "in/app";
    fs::create_directories(folder.parent_path());
    ArchiveLimits limits;
    limits.unpacked_bytes_max = 256 * KiB;
    limits.entries_max = 200;
    (void)unpack_archive(BytesView(data, size), folder, limits);
    std::size_t outside = 0;
    for (const auto& entry : fs::directory_iterator(place.path())) outside += entry.path() != place / "in";
    for (const auto& entry : fs::directory_iterator(place / "in")) outside += entry.path() != folder;
    if (outside != 0) __builtin_trap();
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_symlink()) continue;
        fs::path target = (entry.path().parent_path() / fs::read_symlink(entry.path())).lexically_normal();
        if (!target.string().starts_with(folder.string())) __builtin_trap();
    }
    fs::remove_all(folder);
    return 0;
}
