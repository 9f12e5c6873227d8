#pragma once

#include "sonm/rpc/protocol.hpp"

namespace sonm::rpc {

/// Host as a numeric address, and port.
using Endpoint = std::pair<std::string, std::uint16_t>;
/// Where a service is and how it talks: endpoints in the order to try them, version, graph.
using Resolved = std::tuple<std::vector<Endpoint>, std::uint32_t, Encoded>;

/// The well-known service: clients know its numbers by heart. Further methods of the original (connect,
/// refresh, cluster, publish, routing, uuid) take the numbers 1 to 6.
using LocatorProtocol =
    Protocol<"locator", 3,
             Call<0, "resolve", Args<Arg<"name", std::string>, Arg<"seed", std::optional<std::string>>>,
                  Returns<std::vector<Endpoint>, std::uint32_t, Encoded>>>;

}  // namespace sonm::rpc
