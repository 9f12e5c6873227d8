#pragma once

#include "sonm/base/yaml.hpp"
#include "sonm/locator/discovery.hpp"
#include "sonm/locator/ipvs.hpp"

#include <set>

namespace sonm::locator {

/// Who may publish names that this node does not serve itself.
enum class Publishers : std::uint8_t { nobody, this_machine, anyone };

/// The section `locator` of a node's configuration.
struct Options {
    Options() = default;
    std::string uuid;                  ///< empty = a new one at each start
    std::string cluster;               ///< nodes that say another name are not resolved to
    std::set<std::string> restricted;  ///< names that are told to nobody
    Publishers publishers = Publishers::this_machine;
    bool announce = false;  ///< tells its services even if it looks for nobody
    std::optional<MulticastOptions> multicast;
    std::map<std::string, Endpoint> peers;
    Millis interval{5'000};
    std::size_t peers_max = 256;
    std::string gateway = "adhoc";  ///< none, adhoc, weighted, least_loaded, ipvs
    bool health = true;
    std::uint32_t weight = 1;  ///< announced to others
    IpvsOptions ipvs;
    Millis groups_interval{60'000};  ///< between two readings of the routing groups; 0 = only when told to
    Millis tick{100};                ///< how often the clock is looked at

    bool is_clustered() const { return announce || multicast || !peers.empty(); }
};

/// Reads the section, or describes it.
void fields(YamlReader& reader, Options& options);

}  // namespace sonm::locator
