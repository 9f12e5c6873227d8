#pragma once

#include "sonm/rpc/dialog.hpp"

namespace sonm::rpc {

/// Host as a numeric address, and port.
using Endpoint = std::pair<std::string, std::uint16_t>;
/// Where a service is and how it talks: endpoints in the order to try them, version, graph.
using Resolved = std::tuple<std::vector<Endpoint>, std::uint32_t, Encoded>;

/// A service as locators tell each other. Without endpoints: it is gone. Version 0 and an empty graph: it
/// speaks something else than this protocol family.
struct Offer {
    std::vector<Endpoint> endpoints;
    std::uint32_t version = 0;
    Encoded graph{Bytes{0x80}};
};
template <>
struct Fields<Offer> {
    static constexpr auto list = fields(field<"endpoints">(&Offer::endpoints),
                                        field<"version">(&Offer::version), field<"graph">(&Offer::graph));
};

/// Ends what is held by its channel: a publication, a subscription.
using Discard = State<Say<0, "discard">>;
/// Services of one node that have come, changed or gone; the first message has all of them.
using Announced = Streaming<std::string, std::map<std::string, Offer>>;
/// The rings of all routing groups; again whenever they were read anew.
using Rings = Streaming<std::map<std::string, std::vector<std::pair<std::uint32_t, std::string>>>>;

/// The well-known service: clients know its numbers by heart. What of it may be believed: docs/locator.md.
///
/// 0 resolve   where a service is: endpoints in the order to try them, version, graph. A routing group's name
///             leads to one of its services, by `seed` or by chance. Then this node's own come first, then
///             those of other nodes. Errors: locator.service_not_available.
/// 1 connect   for other nodes: first everything that this node serves, then each change; a service without
///             endpoints is gone. A newer stream of the same uuid closes the older. Closes at once if this
///             node is in no cluster. Errors: invalid (uuid), busy.
/// 2 refresh   reads routing groups anew, all if none is named; those that are gone are dropped. Errors:
///             locator.routing_storage, invalid (not a group).
/// 3 cluster   other nodes by uuid, and where they are; 0.0.0.0:0 while there is no link.
/// 4 publish   a name for a service that this node does not serve itself, for as long as the channel is held.
///             Without metadata it speaks another protocol. Errors: security.permission_denied, exists,
///             invalid, busy, locator.missing_version (a graph without a version).
/// 5 routing   the rings of all routing groups, at once and after each reading. A newer stream of the same
///             router closes the older.
/// 6 uuid      who this node is among nodes.
struct LocatorProtocol
    : Protocol<"locator", 3,
               Call<0, "resolve", Args<Arg<"name", std::string>, Arg<"seed", std::optional<std::string>>>,
                    Returns<std::vector<Endpoint>, std::uint32_t, Encoded>>,
               Dialog<1, "connect", Args<Arg<"uuid", std::string>>, Nothing, Announced>,
               Call<2, "refresh", Args<Arg<"groups", std::vector<std::string>>>>,
               Call<3, "cluster", Args<>, Returns<std::map<std::string, Endpoint>>>,
               Dialog<4, "publish",
                      Args<Arg<"name", std::string>, Arg<"endpoints", std::vector<Endpoint>>,
                           Arg<"metadata", std::optional<std::pair<std::uint32_t, Encoded>>>>,
                      Discard, Primitive<>>,
               Dialog<5, "routing", Args<Arg<"router", std::string>>, Discard, Rings>,
               Call<6, "uuid", Args<>, Returns<std::string>>> {};

/// Header on the frames of `connect` streams: a map of what a node says of itself.
inline constexpr std::string_view locator_extra_header = "x-cocaine-locator-extra";

}  // namespace sonm::rpc
