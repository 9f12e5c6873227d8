#pragma once

#include "sonm/engine/types.hpp"

#include <string>

namespace sonm::engine {

/// Keeps what is attached to a bridge away from this machine, from private and link-local networks and from
/// other bridges, and keeps all of those from opening connections to it; what is left is a way out to public
/// addresses. A bridge alone, even an "internal" one, reaches every service of the host. The rules go into
/// the network namespace of the engine that listens on `socket_path`. Repeating it is no error. Needs root
/// and iptables. Errors: not_isolated, with what could not be done.
Async<void> isolate_bridge(std::string bridge, std::string socket_path);
/// Takes the rules away again; none being there is no error.
Async<void> release_bridge(std::string bridge, std::string socket_path);

}  // namespace sonm::engine
