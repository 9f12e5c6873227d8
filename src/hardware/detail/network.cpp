#include "sonm/hardware/detail/devices.hpp"

namespace sonm::hardware::detail {

std::vector<Interface> find_interfaces(const Tree& tree) {
    constexpr std::uint64_t loopback_type = 772;           // ARPHRD_LOOPBACK
    constexpr std::uint64_t speed_mbit_max = 100'000'000;  // beyond any link; also how -1 reads in 32 bits
    std::vector<Interface> out;
    for (const std::string& name : tree.names("/sys/class/net")) {
        std::string folder = "/sys/class/net/" + name;
        auto type = tree.number(folder + "/type");
        if (!type || *type == loopback_type) continue;  // bonding_masters is a plain file here
        Interface interface;
        interface.name = name;
        interface.physical = tree.exists(folder + "/device");
        interface.up = tree.text(folder + "/operstate").value_or("") == "up";
        // The driver answers an error, or -1, when it does not know.
        auto speed_mbit = tree.number(folder + "/speed");
        if (speed_mbit && *speed_mbit < speed_mbit_max) interface.speed_bps = *speed_mbit * 1'000'000;
        out.push_back(std::move(interface));
    }
    return out;
}

}  // namespace sonm::hardware::detail
