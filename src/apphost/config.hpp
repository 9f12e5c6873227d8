#pragma once

#include "sonm/base/yaml.hpp"

#include <optional>

namespace sonm::apphost {

/// Users that applications run as, one for each.
struct UserRange {
    unsigned first = 0, last = 0;
};

/// The service's arguments in the node's configuration.
struct Config {
    std::string storage = "storage";
    std::string runlist = "default";
    std::filesystem::path runtime;  ///< sockets; empty = in the service's folder
    std::filesystem::path spool;    ///< unpacked archives; empty = in the service's folder
    std::optional<UserRange> users;
    bool seccomp = true;
    std::filesystem::path control_groups = "/sys/fs/cgroup";
    std::string engine;  ///< "" = no containers, "system" = DOCKER_HOST or the usual socket, or an address
    std::vector<std::string> container_services;  ///< of this node, for containers; empty = the storage
    std::uint64_t unpacked_bytes_max = 512 * MiB;
    std::uint64_t apps_max = 64;
};

void fields(YamlReader& reader, Config& config);

}  // namespace sonm::apphost
