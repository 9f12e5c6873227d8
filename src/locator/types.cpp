#include "sonm/locator/types.hpp"

#include "sonm/base/stream.hpp"
#include "sonm/rpc/connect_at.hpp"
#include "sonm/rpc/error.hpp"

namespace sonm::locator {
namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

}  // namespace

Result<void> check_uuid(std::string_view uuid) {
    if (uuid.empty() || uuid.size() > uuid_bytes_max || !std::ranges::all_of(uuid, is_word))
        return fail(Errc::invalid, "a node's uuid has 1 to {} letters, digits, '-', '_', '.'",
                    uuid_bytes_max);
    return {};
}

Result<void> check_name(std::string_view name) {
    if (name.empty() || name.size() > name_bytes_max)
        return fail(Errc::invalid, "a service's name has 1 to {} bytes, this one {}", name_bytes_max,
                    name.size());
    return {};
}

Result<void> check_endpoint(const Endpoint& endpoint) {
    std::error_code error;
    // Longer ones are no addresses; IPv6 with a zone is shorter.
    if (endpoint.first.size() > 64)
        return fail(Errc::invalid, "an address of {} bytes", endpoint.first.size());
    auto address = asio::ip::make_address(endpoint.first, error);
    if (error) return fail(Errc::invalid, "{} is no numeric address", endpoint.first);
    bool broadcast = address.is_v4() && address.to_v4() == asio::ip::address_v4::broadcast();
    if (address.is_unspecified() || address.is_multicast() || broadcast)
        return fail(Errc::invalid, "nobody can be connected to at {}", endpoint.first);
    if (endpoint.second == 0) return fail(Errc::invalid, "port 0 of {}", endpoint.first);
    return {};
}

Result<void> check_endpoints(const Endpoints& endpoints) {
    if (endpoints.empty() || endpoints.size() > endpoints_max)
        return fail(Errc::invalid, "{} endpoints: 1 to {} are expected", endpoints.size(), endpoints_max);
    for (const Endpoint& endpoint : endpoints) SONM_CHECK(check_endpoint(endpoint));
    return {};
}

Result<void> check_offer(const Offer& offer) {
    SONM_CHECK(check_endpoints(offer.endpoints));
    if (offer.graph.bytes.size() > graph_bytes_max)
        return fail(Errc::too_large, "a graph of {} bytes, the limit is {}", offer.graph.bytes.size(),
                    graph_bytes_max);
    rpc::Reader in(offer.graph.bytes);
    SONM_TRY(std::size_t methods, in.map());
    if (methods != 0 && offer.version == 0)
        return fail(rpc::LocatorErrc::missing_version, "{} methods", methods);
    return {};
}

std::string make_uuid() {
    Bytes random = random_bytes(16);
    random[6] = static_cast<std::uint8_t>((random[6] & 0x0f) | 0x40);
    random[8] = static_cast<std::uint8_t>((random[8] & 0x3f) | 0x80);
    std::string hex = to_hex(random);
    for (std::size_t at : {20u, 16u, 12u, 8u}) hex.insert(at, "-");
    return hex;
}

std::string to_string(const Endpoint& endpoint) { return rpc::address_of(endpoint); }

Result<Endpoint> parse_endpoint(std::string_view text) {
    SONM_TRY(HostPort parsed, parse_host_port(text));
    return Endpoint(parsed.host, parsed.port);
}

}  // namespace sonm::locator
