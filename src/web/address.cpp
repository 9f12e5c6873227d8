#include "sonm/web/address.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/units.hpp"

namespace sonm::web {
namespace {

using asio::ip::address;

std::array<std::uint8_t, 16> bytes_of(const address& given) {
    if (given.is_v6()) return given.to_v6().to_bytes();
    return asio::ip::make_address_v6(asio::ip::v4_mapped, given.to_v4()).to_bytes();
}

struct Special {
    std::string_view network, kind;
};
/// Source: IANA IPv4 and IPv6 special-purpose address registries (RFC 6890 and later entries); the last rows
/// are metadata services of clouds outside of those ranges.
constexpr std::array<Special, 22> special_networks{{
    {"0.0.0.0/8", "this host"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared by carriers"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "protocol assignment"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "6to4 relay"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved or broadcast"},
    {"2001::/23", "protocol assignment"},
    {"2001:db8::/32", "documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "segment routing"},
    {"168.63.129.16/32", "metadata service"},
    {"fd00:ec2::254/128", "metadata service"},
}};

struct KnownNetwork {
    Network network;
    std::string_view kind;
};
const std::vector<KnownNetwork>& known_networks() {
    static const std::vector<KnownNetwork> list = [] {
        std::vector<KnownNetwork> out;
        for (const Special& row : special_networks) {
            auto network = parse_network(row.network);
            SONM_ASSERT(network.has_value());
            out.push_back(KnownNetwork{*network, row.kind});
        }
        return out;
    }();
    return list;
}

const Network& global_unicast() {
    static const Network network = *parse_network("2000::/3");
    return network;
}

/// The address that packets end up at: IPv4 inside of mapped and NAT64 (64:ff9b::/96) addresses.
address effective(const address& given) {
    if (given.is_v4()) return given;
    static const Network nat64 = *parse_network("64:ff9b::/96");
    auto v6 = given.to_v6();
    if (!v6.is_v4_mapped() && !nat64.contains(given)) return given;
    auto bytes = v6.to_bytes();
    asio::ip::address_v4::bytes_type inner{bytes[12], bytes[13], bytes[14], bytes[15]};
    return asio::ip::address_v4(inner);
}

}  // namespace

bool Network::contains(const address& given) const {
    auto bytes = bytes_of(given);
    for (unsigned bit = 0; bit < bits; bit += 8) {
        unsigned left = std::min(8u, bits - bit);
        std::uint8_t mask = static_cast<std::uint8_t>(0xff << (8 - left));
        if ((bytes[bit / 8] & mask) != (base[bit / 8] & mask)) return false;
    }
    return true;
}

Result<Network> parse_network(std::string_view text) {
    auto wrong = [&] {
        return fail(Errc::invalid, "'{}' is no network: write it like 10.0.0.0/8 or fd00::/8",
                    text.substr(0, 64));
    };
    std::size_t slash = text.find('/');
    std::error_code error;
    address base = asio::ip::make_address(std::string(text.substr(0, std::min(slash, text.size()))), error);
    if (error || text.find('\0') != text.npos) return wrong();
    unsigned bits_max = base.is_v4() ? 32 : 128;
    unsigned bits = bits_max;
    if (slash != text.npos) {
        auto written = parse_int<unsigned>(text.substr(slash + 1));
        if (!written || *written > bits_max) return wrong();
        bits = *written;
    }
    return Network{bytes_of(base), bits + (128 - bits_max)};
}

AddressGuard AddressGuard::open() {
    Network everything;
    everything.bits = 0;
    return AddressGuard({everything});
}

Result<void> AddressGuard::check(const address& given) const {
    address target = effective(given);
    for (const Network& network : allowed_)
        if (network.contains(target)) return Result<void>();
    auto refuse = [&](std::string_view kind) {
        return fail(Errc::denied, "{} is no public address ({})", given.to_string(), kind);
    };
    for (const KnownNetwork& known : known_networks())
        if (known.network.contains(target)) return refuse(known.kind);
    if (target.is_v6() && !global_unicast().contains(target)) return refuse("not global unicast");
    return Result<void>();
}

}  // namespace sonm::web
