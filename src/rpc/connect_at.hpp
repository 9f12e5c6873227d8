#pragma once

#include "sonm/rpc/client.hpp"
#include "sonm/rpc/locator.hpp"

namespace sonm::rpc {

/// "host:port", a host of IPv6 in brackets.
std::string address_of(const Endpoint& endpoint);

/// Connects to the service `name` at an endpoint that a locator has told: by its name; without one only at a
/// service's own port, whose name may be another there (of a routing group's member, of what was published)
/// or which knows no names at all (nodes of old; no proof is given then). What is said without a name at a
/// node's port its locator would take for its own: a port that leads to a locator is never spoken to so.
/// Errors: as connect().
Async<Connection> connect_at(TaskGroup& group, Endpoint where, std::string name, ConnectOptions options);

}  // namespace sonm::rpc
