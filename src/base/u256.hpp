#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/base/errc.hpp"
#include "sonm/base/result.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace sonm {

/// 256-bit unsigned integer, the chain's word. Arithmetic wraps: use the checked_ functions on money.
using U256 = unsigned _BitInt(256);
/// Wide enough for a product of two U256.
using U512 = unsigned _BitInt(512);

inline constexpr U256 u256_max = ~U256(0);

/// Sum, or Errc::overflow.
Result<U256> checked_add(U256 a, U256 b);
/// Difference, or Errc::overflow if b > a.
Result<U256> checked_sub(U256 a, U256 b);
/// Product, or Errc::overflow.
Result<U256> checked_mul(U256 a, U256 b);
/// a × b / divisor with a 512-bit product, rounded down; Errc::invalid if divisor is 0, Errc::overflow if it
/// does not fit.
Result<U256> mul_div(U256 a, U256 b, U256 divisor);
/// min(a, b), max(a - b, 0).
constexpr U256 saturating_sub(U256 a, U256 b) { return a > b ? a - b : U256(0); }

/// Decimal digits, no leading zeros.
std::string to_decimal(U256 value);
/// Reads 1-78 decimal digits, or `0x` and 1-64 hex digits. Errors: invalid, overflow.
Result<U256> parse_u256(std::string_view text);
/// Minimal hex with 0x, as JSON-RPC "quantity": 0x0, 0x1f.
std::string to_quantity(U256 value);
/// 32 bytes, big-endian (ABI word) and back.
FixedBytes<32> to_word(U256 value);
U256 from_word(std::span<const std::uint8_t, 32> word);
/// The value as uint64, or Errc::overflow.
Result<std::uint64_t> to_u64(U256 value);

}  // namespace sonm

template <>
struct fmt::formatter<sonm::U256> : fmt::formatter<std::string> {
    auto format(const sonm::U256& value, fmt::format_context& context) const {
        return fmt::formatter<std::string>::format(sonm::to_decimal(value), context);
    }
};
