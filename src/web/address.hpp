#pragma once

#include "sonm/base/result.hpp"

#include <asio/ip/address.hpp>

#include <array>
#include <string_view>
#include <vector>

/// Which addresses a request may go to. What a stranger can name must not reach the machine itself, its
/// neighbours, or the metadata service of a cloud.
namespace sonm::web {

/// A block of addresses; IPv4 is kept as IPv4-mapped IPv6.
struct Network {
    std::array<std::uint8_t, 16> base{};
    unsigned bits = 128;

    bool contains(const asio::ip::address& address) const;
    bool operator==(const Network&) const = default;
};

/// "10.0.0.0/8", "fd00::/8", or one address. Errors: invalid.
Result<Network> parse_network(std::string_view text);

/// Lets public unicast addresses through, and others only if they lie in a network that was allowed by name.
/// Value type.
class AddressGuard {
public:
    AddressGuard() = default;
    explicit AddressGuard(std::vector<Network> allowed) : allowed_(std::move(allowed)) {}
    /// For servers that the operator has configured: everything may be reached.
    static AddressGuard open();

    /// Errors: denied, saying what kind of address it is. Addresses that carry an IPv4 address inside
    /// (mapped, NAT64) are judged by that one.
    Result<void> check(const asio::ip::address& address) const;

private:
    std::vector<Network> allowed_;
};

}  // namespace sonm::web
