#pragma once

#include "sonm/locator/gateway.hpp"

namespace sonm::locator {

/// The kernel's load balancer (IPVS) as a gateway: every remote service gets a port on one address of this
/// machine, behind which the kernel spreads connections over the nodes that offer it.
struct IpvsOptions {
    IpvsOptions() = default;
    std::string address;                                ///< numeric, of this machine; callers are sent there
    std::uint16_t port_low = 20000, port_high = 20999;  ///< inclusive; belong to the balancer alone
    std::string scheduler = "wlc";
    std::string forward = "masquerade";  ///< masquerade, direct, tunnel
    std::string program = "ipvsadm";
};

/// One virtual server of the kernel: where it is, and the nodes behind it with their weights.
struct VirtualServer {
    Endpoint where;
    std::map<Endpoint, std::uint32_t> real;
    bool operator==(const VirtualServer&) const = default;
};
using VirtualServers = std::map<std::string, VirtualServer>;
using Command = std::vector<std::string>;

/// What turns `has` into `wants`, in an order in which no caller finds a server without nodes.
std::vector<Command> ipvs_commands(const IpvsOptions& options, const VirtualServers& has,
                                   const VirtualServers& wants);
/// Removes what an earlier life left in our range, by what `ipvsadm --save --numeric` prints.
std::vector<Command> ipvs_leftovers(const IpvsOptions& options, std::string_view saved);
/// Errors: invalid (address, range, words).
Result<void> check_ipvs(const IpvsOptions& options);

/// Runs a program to its end and gives what it printed.
using RunCommand = std::function<Async<std::string>(Command)>;
/// Until the kernel knows a service, and when it cannot be asked, callers are sent to a random node.
std::unique_ptr<Gateway> make_ipvs(IpvsOptions options, Random random, RunCommand run);
/// Runs the program, for at most five seconds.
RunCommand real_commands();
/// Why this kernel cannot balance; empty if it can.
std::string ipvs_missing();

}  // namespace sonm::locator
