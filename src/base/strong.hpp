#pragma once

#include "sonm/base/u256.hpp"

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <type_traits>

namespace sonm {

/// A value whose meaning is part of its type: ids that do not mix, amounts that do not add to prices.
/// Comparable with itself only; arithmetic is given by free functions where it means something.
template <class T, class Tag>
struct Strong {
    T value{};

    constexpr Strong() = default;
    constexpr explicit Strong(T v) : value(std::move(v)) {}
    friend constexpr bool operator==(const Strong& a, const Strong& b) { return a.value == b.value; }
    friend constexpr std::strong_ordering operator<=>(const Strong& a, const Strong& b) {
        if (a.value < b.value) return std::strong_ordering::less;
        return b.value < a.value ? std::strong_ordering::greater : std::strong_ordering::equal;
    }
};

/// Token amounts, 10^-18 SNM. Non-negative; sums are checked.
using Tokens = Strong<U256, struct TokensTag>;

inline Result<Tokens> checked_add(Tokens a, Tokens b) {
    return checked_add(a.value, b.value).map([](U256 v) { return Tokens(v); });
}
inline Result<Tokens> checked_sub(Tokens a, Tokens b) {
    return checked_sub(a.value, b.value).map([](U256 v) { return Tokens(v); });
}

/// Seconds since 1970-01-01 UTC, as blocks count them.
using UnixTime = Strong<std::uint64_t, struct UnixTimeTag>;
/// A span of seconds.
using Seconds = Strong<std::uint64_t, struct SecondsTag>;

inline UnixTime operator+(UnixTime time, Seconds span) {
    std::uint64_t sum = time.value + span.value;
    return UnixTime(sum < time.value ? ~std::uint64_t(0) : sum);
}
/// Never negative: block time may go backwards.
inline Seconds operator-(UnixTime later, UnixTime earlier) {
    return Seconds(later.value > earlier.value ? later.value - earlier.value : 0);
}

}  // namespace sonm

template <class T, class Tag>
struct std::hash<sonm::Strong<T, Tag>> {
    std::size_t operator()(const sonm::Strong<T, Tag>& id) const {
        if constexpr (std::is_integral_v<T>)
            return std::hash<T>()(id.value);
        else if constexpr (std::is_convertible_v<const T&, std::string_view>)
            return std::hash<std::string_view>()(id.value);
        else
            return std::hash<std::string_view>()(
                {reinterpret_cast<const char*>(&id.value), sizeof(id.value)});
    }
};

template <class T, class Tag>
struct fmt::formatter<sonm::Strong<T, Tag>> : fmt::formatter<T> {
    auto format(const sonm::Strong<T, Tag>& strong, fmt::format_context& context) const {
        return fmt::formatter<T>::format(strong.value, context);
    }
};
