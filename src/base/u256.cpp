#include "sonm/base/u256.hpp"

#include <algorithm>

namespace sonm {

Result<U256> checked_add(U256 a, U256 b) {
    U256 sum = a + b;
    if (sum < a) return fail(Errc::overflow, "sum over 256 bits");
    return sum;
}

Result<U256> checked_sub(U256 a, U256 b) {
    if (b > a) return fail(Errc::overflow, "{} is less than {}", to_decimal(a), to_decimal(b));
    return U256(a - b);
}

Result<U256> checked_mul(U256 a, U256 b) {
    U512 product = U512(a) * U512(b);
    if (product > U512(u256_max)) return fail(Errc::overflow, "product over 256 bits");
    return U256(product);
}

Result<U256> mul_div(U256 a, U256 b, U256 divisor) {
    if (divisor == 0) return fail(Errc::invalid, "division by zero");
    U512 quotient = U512(a) * U512(b) / U512(divisor);
    if (quotient > U512(u256_max)) return fail(Errc::overflow, "quotient over 256 bits");
    return U256(quotient);
}

std::string to_decimal(U256 value) {
    if (value == 0) return "0";
    // 18 digits at a time: division of 256 bits is slow, of 64 bits is not.
    constexpr std::uint64_t chunk = 1'000'000'000'000'000'000ULL;
    std::string out;
    while (value != 0) {
        auto digits = static_cast<std::uint64_t>(value % U256(chunk));
        value /= U256(chunk);
        for (int i = 0; i < 18 && (digits != 0 || value != 0); ++i) {
            out.push_back(static_cast<char>('0' + digits % 10));
            digits /= 10;
        }
    }
    std::reverse(out.begin(), out.end());
    return out;
}

Result<U256> parse_u256(std::string_view text) {
    bool hex = text.starts_with("0x") || text.starts_with("0X");
    std::string_view digits = hex ? text.substr(2) : text;
    if (digits.empty() || digits.size() > (hex ? 64 : 78))
        return fail(Errc::invalid, "not a number of up to 256 bits: '{}'", text.substr(0, 80));
    U256 value = 0;
    for (char digit : digits) {
        int part = digit >= '0' && digit <= '9' ? digit - '0' : -1;
        if (hex && digit >= 'a' && digit <= 'f') part = digit - 'a' + 10;
        if (hex && digit >= 'A' && digit <= 'F') part = digit - 'A' + 10;
        if (part < 0) return fail(Errc::invalid, "not a number: '{}'", text);
        U512 next = U512(value) * U512(hex ? 16 : 10) + U512(static_cast<unsigned>(part));
        if (next > U512(u256_max)) return fail(Errc::overflow, "over 256 bits: '{}'", text);
        value = U256(next);
    }
    return value;
}

std::string to_quantity(U256 value) {
    FixedBytes<32> word = to_word(value);
    std::string hex = to_hex(word);
    std::size_t first = hex.find_first_not_of('0');
    return "0x" + (first == std::string::npos ? "0" : hex.substr(first));
}

FixedBytes<32> to_word(U256 value) {
    FixedBytes<32> word;
    for (int i = 31; i >= 0; --i) {
        word[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value);
        value >>= 8;
    }
    return word;
}

U256 from_word(std::span<const std::uint8_t, 32> word) {
    U256 value = 0;
    for (std::uint8_t byte : word) value = value << 8 | U256(byte);
    return value;
}

Result<std::uint64_t> to_u64(U256 value) {
    if (value > U256(~std::uint64_t(0))) return fail(Errc::overflow, "{} is over 64 bits", to_decimal(value));
    return static_cast<std::uint64_t>(value);
}

}  // namespace sonm
