#include "sonm/locator/options.hpp"

#include "sonm/base/units.hpp"

namespace sonm::locator {
namespace {

Result<Millis> span(std::string_view text) {
    return parse_span(text).map([](Seconds s) { return Millis(s.value * 1000); });
}

Result<Publishers> publishers(std::string_view text) {
    if (text == "nobody") return Publishers::nobody;
    if (text == "this_machine") return Publishers::this_machine;
    if (text == "anyone") return Publishers::anyone;
    return fail(Errc::invalid, "{}: write nobody, this_machine or anyone", text);
}

Result<std::string> gateway_type(std::string_view text) {
    static const std::vector<std::string> types{"none", "adhoc", "weighted", "least_loaded", "ipvs"};
    if (std::ranges::find(types, text) == types.end())
        return fail(Errc::invalid, "{}: write one of {}", text, fmt::join(types, ", "));
    return std::string(text);
}

Result<std::string> uuid(std::string_view text) {
    SONM_CHECK(check_uuid(text));
    return std::string(text);
}

void multicast_fields(YamlReader& r, MulticastOptions& m) {
    r.required({"group", "Multicast address, IPv4 or IPv6; the same on all nodes.", "239.255.10.53"}, m.group,
               yaml_text);
    r.optional({"port", "UDP port.", "10053"}, m.port, parse_int<std::uint16_t>);
    r.optional({"interface", "IPv4: an address of the interface. IPv6: its name.", "192.0.2.10"}, m.interface,
               yaml_text);
    r.optional({"hops", "How many networks far announcements go.", "1"}, m.hops, parse_int<unsigned>);
    if (m.hops > 255) r.problem("hops", "at most 255");
    r.optional({"loopback", "Other nodes of this machine hear them too.", "false"}, m.loopback, yaml_flag);
}

void ipvs_fields(YamlReader& r, IpvsOptions& o) {
    r.required({"address", "Address of this machine that callers are sent to.", "192.0.2.10"}, o.address,
               yaml_text);
    r.optional({"port_low", "First port for balanced services.", "20000"}, o.port_low,
               parse_int<std::uint16_t>);
    r.optional({"port_high", "Last one.", "20999"}, o.port_high, parse_int<std::uint16_t>);
    r.optional({"scheduler", "The kernel's way to choose.", "wlc"}, o.scheduler, yaml_text);
    r.optional({"forward", "masquerade, direct or tunnel.", "masquerade"}, o.forward, yaml_text);
    if (r.describing()) return;
    if (auto checked = check_ipvs(o); !checked) r.problem("address", checked.error().context);
}

}  // namespace

void fields(YamlReader& r, Options& o) {
    r.optional({"uuid",
                "This node's name among nodes. Others that list it as a peer need it.\n"
                "Without one it has a new one at each start.",
                "a31f6a62-6e12-4c57-b0a0-3a7f0f6ad201"},
               o.uuid, uuid);
    r.optional({"cluster", "Nodes that say another name are not used.", "main"}, o.cluster, yaml_text);
    std::vector<std::string> restricted;
    r.list({"restrict", "Services that no other node is told of.", "[storage]"}, restricted, yaml_text);
    o.restricted.insert(restricted.begin(), restricted.end());
    r.optional(
        {"publish", "Who may publish names that this node does not serve: nobody, this_machine, anyone.",
         "this_machine"},
        o.publishers, publishers);
    r.optional({"announce", "Tell nodes that ask what runs here, even without multicast and peers.", "false"},
               o.announce, yaml_flag);
    r.child({"multicast", "Find other nodes of this network segment. Anyone there can announce himself."},
            false, [&](YamlReader& m) { multicast_fields(m, o.multicast.emplace()); });
    r.entries({"peers", "Other nodes: their uuid and where their locator is.",
               "{a31f6a62-6e12-4c57-b0a0-3a7f0f6ad201: 192.0.2.11:10053}"},
              [&](std::string_view key, std::string_view value) -> Result<void> {
                  SONM_TRY(std::string id, uuid(key));
                  SONM_TRY(o.peers[id], parse_endpoint(value));
                  return {};
              });
    r.optional({"interval", "Between two announcements; a node that is silent for three is dropped.", "5 s"},
               o.interval, span);
    r.optional({"peers_max", "How many other nodes are known at most.", "256"}, o.peers_max,
               parse_int<std::size_t>);
    r.optional({"gateway", "How a caller is sent to other nodes: none, adhoc, weighted, least_loaded, ipvs.",
                "adhoc"},
               o.gateway, gateway_type);
    r.optional({"health", "Set endpoints aside that refuse connections.", "true"}, o.health, yaml_flag);
    r.optional(
        {"weight", "How much more than others this node wants (gateways weighted, least_loaded, ipvs).", "1"},
        o.weight, parse_int<std::uint32_t>);
    bool balanced = false;
    r.child({"ipvs", "For the gateway ipvs."}, false, [&](YamlReader& i) {
        balanced = true;
        ipvs_fields(i, o.ipvs);
    });
    r.optional({"groups_interval", "How often routing groups are read from the service storage.", "60 s"},
               o.groups_interval, span);
    if (r.describing()) return;
    if (o.gateway == "ipvs" && !balanced) r.problem("ipvs", "the gateway ipvs needs this section");
    if (o.interval < Millis(1'000)) r.problem("interval", "at least 1 s");
    if (o.weight < 1 || o.weight > 1'000) r.problem("weight", "1 to 1000");
    if (o.peers.size() > o.peers_max) r.problem("peers_max", "less than there are peers");
}

}  // namespace sonm::locator
