#pragma once

#include "sonm/base/bytes.hpp"

#include <fmt/format.h>

#include <functional>

namespace sonm::crypto {

/// An account of the chain: the last 20 bytes of the Keccak-256 of its public key. Value type.
struct Address {
    FixedBytes<20> bytes{};
    auto operator<=>(const Address&) const = default;
    bool is_zero() const { return *this == Address{}; }
};

/// A Keccak-256 digest, or any other 32-byte id. Value type.
struct Hash {
    FixedBytes<32> bytes{};
    auto operator<=>(const Hash&) const = default;
    bool is_zero() const { return *this == Hash{}; }
};

/// EIP-55 spelling with 0x.
std::string to_string(const Address& address);
/// Hex with 0x.
std::string to_string(const Hash& hash);
/// 40 hex digits with 0x; mixed case must be a right EIP-55 checksum. Errors: invalid.
Result<Address> parse_address(std::string_view text);
/// 64 hex digits with 0x. Errors: invalid.
Result<Hash> parse_hash(std::string_view text);

}  // namespace sonm::crypto

template <>
struct std::hash<sonm::crypto::Address> {
    std::size_t operator()(const sonm::crypto::Address& a) const noexcept {
        std::size_t out;
        std::memcpy(&out, a.bytes.data() + 12, sizeof out);
        return out;
    }
};
template <>
struct std::hash<sonm::crypto::Hash> {
    std::size_t operator()(const sonm::crypto::Hash& h) const noexcept {
        std::size_t out;
        std::memcpy(&out, h.bytes.data(), sizeof out);
        return out;
    }
};
template <>
struct fmt::formatter<sonm::crypto::Address> : fmt::formatter<std::string> {
    auto format(const sonm::crypto::Address& a, fmt::format_context& context) const {
        return fmt::formatter<std::string>::format(sonm::crypto::to_string(a), context);
    }
};
template <>
struct fmt::formatter<sonm::crypto::Hash> : fmt::formatter<std::string> {
    auto format(const sonm::crypto::Hash& h, fmt::format_context& context) const {
        return fmt::formatter<std::string>::format(sonm::crypto::to_string(h), context);
    }
};
