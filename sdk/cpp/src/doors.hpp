#pragma once

#include "sonm/rpc/locator.hpp"

namespace sonm::sdk {

/// A way to a service: an address, and whether the service is asked for there by its name or is alone there.
struct Door {
    std::string address;
    bool by_name = false;
    bool operator==(const Door&) const = default;
};

/// The ways to a service that a locator has named, in the order to try them; at most 32. `locator`: as it was
/// called; `asked`: where it was reached, in numbers, or "unix:/path".
std::vector<Door> doors_of(const std::string& locator, const std::string& asked,
                           std::span<const rpc::Endpoint> endpoints);

}  // namespace sonm::sdk
