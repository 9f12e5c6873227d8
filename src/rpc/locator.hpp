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

/// The well-known service: clients know its numbers by heart. What each method does, and what of it may be
/// believed: docs/locator.md.
struct LocatorProtocol
    : Protocol<
          "locator", 3,
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
