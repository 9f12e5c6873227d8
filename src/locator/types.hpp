#pragma once

#include "sonm/rpc/locator.hpp"

#include <chrono>
#include <functional>
#include <map>

/// What locators of several nodes say about each other. Everything here comes from peers that have proven
/// nothing: `check` is asked before anything is kept.
namespace sonm::locator {

using rpc::Endpoint;
using rpc::Offer;
using Endpoints = std::vector<Endpoint>;
using TimePoint = std::chrono::steady_clock::time_point;
/// Uniform over 32 bits. Tests give seeded ones.
using Random = std::function<std::uint32_t()>;

inline constexpr std::size_t uuid_bytes_max = 64;
inline constexpr std::size_t name_bytes_max = 256;
inline constexpr std::size_t endpoints_max = 16;          ///< of one node or service
inline constexpr std::size_t graph_bytes_max = 64 * KiB;  ///< of one service
inline constexpr std::size_t node_bytes_max = 2 * MiB;    ///< of all services of one node
inline constexpr std::size_t services_max = 1024;         ///< of one node

/// 1 to 64 letters, digits, `-`, `_`, `.`. Errors: invalid.
Result<void> check_uuid(std::string_view uuid);
/// 1 to 256 bytes. Errors: invalid.
Result<void> check_name(std::string_view name);
/// A numeric address that one can connect to: neither unspecified, nor multicast, nor broadcast; port not 0.
/// Errors: invalid.
Result<void> check_endpoint(const Endpoint& endpoint);
/// 1 to `endpoints_max` such endpoints. Errors: invalid.
Result<void> check_endpoints(const Endpoints& endpoints);
/// Also its graph. Errors: invalid, and locator.missing_version for a graph without a version.
Result<void> check_offer(const Offer& offer);

/// A random (version 4) uuid in lower case, 36 characters.
std::string make_uuid();
/// "192.0.2.1:80", "[2001:db8::1]:80".
std::string to_string(const Endpoint& endpoint);
/// "host:port" or "[host]:port" as an endpoint. Errors: invalid.
Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace sonm::locator
