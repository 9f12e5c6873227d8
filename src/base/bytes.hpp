#pragma once

#include "sonm/base/result.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sonm {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;
template <std::size_t N>
using FixedBytes = std::array<std::uint8_t, N>;

/// Lower-case hex without 0x.
std::string to_hex(BytesView bytes);
/// Lower-case hex with 0x.
std::string to_hex0x(BytesView bytes);
/// Hex with or without 0x, any case, even number of digits. Errors: invalid.
Result<Bytes> parse_hex(std::string_view text);
/// Hex of exactly N bytes. Errors: invalid.
template <std::size_t N>
Result<FixedBytes<N>> parse_hex_fixed(std::string_view text) {
    SONM_TRY(Bytes bytes, parse_hex(text));
    FixedBytes<N> out;
    if (bytes.size() != N) {
        return tl::unexpected<Error>(Error{std::make_error_code(std::errc::invalid_argument),
                                           fmt::format("expected {} bytes of hex, got {}", N, bytes.size())});
    }
    std::memcpy(out.data(), bytes.data(), N);
    return out;
}

inline BytesView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(BytesView view) { return {view.begin(), view.end()}; }
inline Bytes to_bytes(std::string_view text) { return to_bytes(as_bytes(text)); }
inline void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

/// `count` bytes from the operating system's random source. Aborts if there is none.
Bytes random_bytes(std::size_t count);
/// Compares in time that depends on the length only.
bool equal_constant_time(BytesView a, BytesView b);

inline constexpr std::size_t KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

}  // namespace sonm
