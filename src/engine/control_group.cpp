#include "sonm/engine/control_group.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>

namespace sonm::engine {
namespace {

constexpr std::string_view parent = "/sonm/";
const std::string root = "/sys/fs/cgroup";
/// Version 1 has a tree for each of these; an engine puts a group into all of them. Source: cgroups(7).
constexpr const char* trees[] = {
    "cpu",        "cpuacct", "cpu,cpuacct", "cpuset",  "memory",   "blkio",
    "pids",       "devices", "freezer",     "net_cls", "net_prio", "net_cls,net_prio",
    "perf_event", "hugetlb", "rdma",        "misc",    "systemd",  "unified"};

/// A file of one number; nullopt if there is none ("max" is none).
std::optional<std::uint64_t> number_in(const std::string& path) {
    auto text = read_text(path, 4 * KiB);
    if (!text) return std::nullopt;
    while (!text->empty() && text->back() == '\n') text->pop_back();
    auto number = parse_int<std::uint64_t>(*text);
    return number ? std::optional(*number) : std::nullopt;
}

/// cpu.stat of version 2: "usage_usec 1234" among other lines.
std::optional<std::uint64_t> microseconds_in(const std::string& path) {
    std::ifstream file(path);
    std::string key;
    std::uint64_t value = 0;
    while (file >> key >> value)
        if (key == "usage_usec") return value;
    return std::nullopt;
}

/// Version 1: lines "8:0 Read 4096"; version 2: lines "8:0 rbytes=4096 wbytes=0 …".
void add_disks(const std::string& path, Usage& usage) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string device, word;
        words >> device;
        while (words >> word) {
            std::uint64_t value = 0;
            if (word == "Read" && words >> value)
                usage.disk_bytes_read += value;
            else if (word == "Write" && words >> value)
                usage.disk_bytes_written += value;
            else if (word.starts_with("rbytes="))
                usage.disk_bytes_read += parse_int<std::uint64_t>(word.substr(7)).value_or(0);
            else if (word.starts_with("wbytes="))
                usage.disk_bytes_written += parse_int<std::uint64_t>(word.substr(7)).value_or(0);
        }
    }
}

}  // namespace

std::string control_group_around(const std::string& container_name) {
    return std::string(parent) + container_name;
}

bool is_control_group(std::string_view path) {
    if (!path.starts_with(parent)) return false;
    std::string_view name = path.substr(parent.size());
    return !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
}

std::optional<Usage> read_control_group(const std::string& path) {
    if (!is_control_group(path)) return std::nullopt;
    Usage usage;
    if (auto cpu_us = microseconds_in(root + path + "/cpu.stat")) {
        usage.cpu_ns = *cpu_us * 1000;
        usage.memory_bytes_peak = number_in(root + path + "/memory.peak").value_or(0);
        add_disks(root + path + "/io.stat", usage);
        return usage;
    }
    auto cpu_ns = number_in(root + "/cpuacct" + path + "/cpuacct.usage");
    if (!cpu_ns) return std::nullopt;
    usage.cpu_ns = *cpu_ns;
    usage.memory_bytes_peak = number_in(root + "/memory" + path + "/memory.max_usage_in_bytes").value_or(0);
    add_disks(root + "/blkio" + path + "/blkio.throttle.io_service_bytes_recursive", usage);
    return usage;
}

void remove_control_group(const std::string& path) {
    if (!is_control_group(path)) return;
    ::rmdir((root + path).c_str());
    for (const char* tree : trees) ::rmdir((root + "/" + tree + path).c_str());
}

}  // namespace sonm::engine
