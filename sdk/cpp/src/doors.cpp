#include "doors.hpp"

#include "sonm/base/stream.hpp"

namespace sonm::sdk {
namespace {

constexpr std::size_t endpoints_max = 32;

/// In brackets if it has a colon: no host that a locator names is taken for a socket of this machine.
std::string address_of(const rpc::Endpoint& endpoint) {
    bool colon = endpoint.first.find(':') != std::string::npos;
    return fmt::format("{}:{}", colon ? "[" + endpoint.first + "]" : endpoint.first, endpoint.second);
}

}  // namespace

std::vector<Door> doors_of(const std::string& locator, const std::string& asked,
                           std::span<const rpc::Endpoint> endpoints) {
    std::vector<Door> doors;
    auto add = [&doors](std::string address, bool alone) {
        Door door{std::move(address), alone};
        if (std::find(doors.begin(), doors.end(), door) == doors.end()) doors.push_back(std::move(door));
    };
    std::uint16_t locator_port = 0;
    if (!asked.starts_with("unix:"))
        if (auto reached = parse_host_port(asked)) locator_port = reached->port;
    for (const rpc::Endpoint& endpoint : endpoints.first(std::min(endpoints.size(), endpoints_max))) {
        std::string address = address_of(endpoint);
        // The locator's own port: services without ports of their own are asked for there by name. A node may
        // know that port under other hosts than we do.
        bool own = locator_port != 0 && locator_port == endpoint.second;
        if (own) add(asked, false);
        if (!own || (address != asked && address != locator)) add(std::move(address), true);
    }
    return doors;
}

}  // namespace sonm::sdk
