#include "sonm/hardware/detail/devices.hpp"

namespace sonm::hardware::detail {
namespace {

void lower(std::optional<std::uint64_t>& limit, std::optional<std::uint64_t> other) {
    if (other && (!limit || *other < *limit)) limit = other;
}

std::optional<std::uint64_t> millicores(std::optional<std::uint64_t> quota_us,
                                        std::optional<std::uint64_t> period_us) {
    if (!quota_us || !period_us || *period_us == 0 || *quota_us > UINT64_MAX / 1000) return std::nullopt;
    return *quota_us * 1000 / *period_us;
}

/// Version 2: "max 100000" or "150000 100000".
std::optional<std::uint64_t> read_cpu_max(const Tree& tree, const std::string& folder) {
    auto text = tree.text(folder + "/cpu.max");
    if (!text) return std::nullopt;
    auto parts = split(*text, ' ');
    return parts.size() == 2 ? millicores(parse_number(parts[0]), parse_number(parts[1])) : std::nullopt;
}

/// Calls `read(folder)` for the group and all groups above it. The path is the host's, so inside of a
/// container its lower levels may be absent here while the mounted root is the container's own group: both
/// are looked at.
template <class F>
void walk(const std::string& mount, std::string path, F read) {
    while (true) {
        read(mount + path);
        std::size_t slash = path.rfind('/');
        if (path.empty() || slash == std::string::npos) return;
        path.resize(slash);
    }
}

void read_v2(const Tree& tree, const std::string& mount, const std::string& path, Limits& limits) {
    walk(mount, path, [&](const std::string& folder) {
        lower(limits.cpu_millicores, read_cpu_max(tree, folder));
        lower(limits.memory_bytes, tree.number(folder + "/memory.max"));  // "max" is no number
    });
}

void read_v1(const Tree& tree, std::string_view controller, const std::string& path, Limits& limits) {
    if (controller == "memory") {
        walk("/sys/fs/cgroup/memory", path, [&](const std::string& folder) {
            lower(limits.memory_bytes, tree.number(folder + "/memory.limit_in_bytes"));
        });
    }
    if (controller == "cpu") {
        std::string mount =
            tree.exists("/sys/fs/cgroup/cpu") ? "/sys/fs/cgroup/cpu" : "/sys/fs/cgroup/cpu,cpuacct";
        walk(mount, path, [&](const std::string& folder) {
            // An unlimited quota is -1, which is no number here.
            auto quota = tree.number(folder + "/cpu.cfs_quota_us"),
                 period = tree.number(folder + "/cpu.cfs_period_us");
            lower(limits.cpu_millicores, millicores(quota, period));
        });
    }
}

}  // namespace

Limits read_limits(const Tree& tree) {
    Limits limits;
    std::string groups = tree.text("/proc/self/cgroup").value_or("");
    for (std::string_view line : split(groups, '\n')) {
        // "4:memory:/path" in version 1, "0::/path" in version 2.
        std::size_t first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) continue;
        std::string path(line.substr(second + 1));
        if (path == "/") path.clear();
        std::string_view controllers = line.substr(first + 1, second - first - 1);
        if (controllers.empty()) {
            bool hybrid = tree.exists("/sys/fs/cgroup/unified");
            read_v2(tree, hybrid ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup", path, limits);
            continue;
        }
        for (std::string_view controller : split(controllers, ',')) read_v1(tree, controller, path, limits);
    }
    return limits;
}

}  // namespace sonm::hardware::detail
