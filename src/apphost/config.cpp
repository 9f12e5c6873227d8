#include "sonm/apphost/config.hpp"

#include "sonm/base/units.hpp"

namespace sonm::apphost {
namespace {

Result<std::filesystem::path> folder(std::string_view text) {
    if (!text.starts_with("/")) return fail(Errc::invalid, "\"{}\": an absolute path is wanted", text);
    return std::filesystem::path(text);
}

Result<std::uint64_t> count(std::string_view text) {
    SONM_TRY(std::uint64_t value, parse_int<std::uint64_t>(text));
    if (value < 1 || value > 1000) return fail(Errc::invalid, "{} is not between 1 and 1000", value);
    return value;
}

}  // namespace

void fields(YamlReader& r, Config& config) {
    r.optional({"storage", "Service that keeps manifests, archives, profiles and crash logs.", "storage"},
               config.storage, yaml_text);
    r.optional({"runlist", "What is started with the node; its name in the storage.", "default"},
               config.runlist, yaml_text);
    r.optional(
        {"runtime", "Folder of the sockets between node and workers; emptied at each start.", "/run/sonm"},
        config.runtime, folder);
    r.optional({"spool", "Folder of the unpacked archives; emptied at each start.", "/var/spool/sonm"},
               config.spool, folder);
    r.optional(
        {"users",
         "Users that applications run as, one each; the node must be root. Without it a node that is root "
         "takes numbers that systems leave unused; none: all run as the node's user.",
         "1879048192-1879048255"},
        config.users, parse_users);
    r.optional({"seccomp", "Whether workers may only make the system calls of containers.", "true"},
               config.seccomp, yaml_flag);
    r.optional({"control_groups", "Where the kernel's control groups are.", "/sys/fs/cgroup"},
               config.control_groups, folder);
    r.optional(
        {"engine", "Container engine for applications with isolate type container: system, or unix:/path.",
         "system"},
        config.engine, yaml_text);
    r.list({"container_services",
            "Services of this node that workers in containers reach; of a storage they can only read, and "
            "nothing about applications. Without it the storage.",
            "[storage]"},
           config.container_services, yaml_text);
    r.optional({"unpacked_max", "Largest unpacked archive.", "512 MiB"}, config.unpacked_bytes_max,
               parse_bytes);
    r.optional({"apps_max", "Applications at once.", "64"}, config.apps_max, count);
}

}  // namespace sonm::apphost
