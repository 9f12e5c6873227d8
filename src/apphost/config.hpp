#pragma once

#include "sonm/apphost/users.hpp"
#include "sonm/base/yaml.hpp"

namespace sonm::apphost {

/// The service's arguments in the node's configuration.
struct Config {
    std::string storage = "storage";
    std::string runlist = "default";
    std::filesystem::path runtime;  ///< sockets; empty = see Places
    std::filesystem::path spool;    ///< unpacked archives; empty = see Places
    UserChoice users;
    bool seccomp = true;
    std::filesystem::path control_groups = "/sys/fs/cgroup";
    std::string engine;  ///< "" = no containers, "system" = DOCKER_HOST or the usual socket, or an address
    std::vector<std::string> container_services;  ///< of this node, for containers; empty = the storage
    std::uint64_t unpacked_bytes_max = 512 * MiB;
    std::uint64_t apps_max = 64;
};

void fields(YamlReader& reader, Config& config);

}  // namespace sonm::apphost
