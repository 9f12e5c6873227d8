#pragma once

#include "sonm/rpc/locator.hpp"

namespace sonm::sdk {

/// An address where a service is asked for by its name; and whether it may also be alone there.
struct Door {
    std::string address;
    bool alone = false;
    bool operator==(const Door&) const = default;
};

/// The ways to a service that a locator has named, in the order to try them; at most 32. `locator`: as it was
/// called; `asked`: where it was reached, in numbers, or "unix:/path".
std::vector<Door> doors_of(const std::string& locator, const std::string& asked,
                           std::span<const rpc::Endpoint> endpoints);

}  // namespace sonm::sdk
