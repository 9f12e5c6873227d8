#pragma once

#include <algorithm>
#include <string_view>

namespace sonm::rpc {

/// A string literal as a template argument: the names in a declaration.
template <std::size_t N>
struct Text {
    char chars[N]{};
    constexpr Text(const char (&text)[N]) { std::copy_n(text, N, chars); }
    constexpr operator std::string_view() const { return {chars, N - 1}; }
};

template <std::size_t A, std::size_t B>
constexpr bool operator==(const Text<A>& a, const Text<B>& b) {
    return std::string_view(a) == std::string_view(b);
}

}  // namespace sonm::rpc
