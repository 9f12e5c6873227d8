#include "sonm/base/errc.hpp"
#include "sonm/hardware/detail/devices.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace sonm::hardware::detail {
namespace {

/// Reads "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": a line of mountinfo, proc(5).
void read_mount(std::string_view line, std::string_view device_number, Storage& storage) {
    std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) return;
    auto before = split(line.substr(0, dash), ' '), after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 2 || before[2] != device_number) return;
    storage.file_system = after[0];
    storage.device = after[1];
}

/// A partition has no queue of its own: its disk, one level up, has.
std::optional<bool> is_rotational(const Tree& tree, std::string_view device_number) {
    for (std::string_view place : {"/queue/rotational", "/../queue/rotational"}) {
        if (auto value = tree.number(fmt::format("/sys/dev/block/{}{}", device_number, place)))
            return *value != 0;
    }
    return std::nullopt;
}

}  // namespace

Result<Storage> find_storage(const Tree& tree, const std::filesystem::path& folder) {
    struct stat about {};
    struct statvfs volume {};
    if (::stat(folder.c_str(), &about) != 0 || ::statvfs(folder.c_str(), &volume) != 0) {
        std::error_code error(errno, std::generic_category());
        bool missing = error == std::errc::no_such_file_or_directory;
        return fail(missing ? Errc::not_found : Errc::io, "the storage folder {}: {}", folder.native(),
                    error.message());
    }
    Storage storage;
    storage.path = folder;
    storage.size_bytes = std::uint64_t(volume.f_blocks) * volume.f_frsize;
    storage.free_bytes = std::uint64_t(volume.f_bavail) * volume.f_frsize;
    std::string number = fmt::format("{}:{}", major(about.st_dev), minor(about.st_dev));
    std::string mounts = tree.text("/proc/self/mountinfo").value_or("");
    for (std::string_view line : split(mounts, '\n')) read_mount(line, number, storage);
    storage.rotational = is_rotational(tree, number);
    return storage;
}

}  // namespace sonm::hardware::detail
