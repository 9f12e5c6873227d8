#include "sonm/base/bytes.hpp"

#include "sonm/base/errc.hpp"

#include <sys/random.h>

namespace sonm {
namespace {

int nibble(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

}  // namespace

std::string to_hex(BytesView bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (std::uint8_t byte : bytes) {
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

std::string to_hex0x(BytesView bytes) { return "0x" + to_hex(bytes); }

Result<Bytes> parse_hex(std::string_view text) {
    std::string_view digits = text.starts_with("0x") || text.starts_with("0X") ? text.substr(2) : text;
    if (digits.size() % 2 != 0)
        return fail(Errc::invalid, "hex with an odd number of digits ({})", digits.size());
    Bytes out(digits.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i) {
        int high = nibble(digits[2 * i]), low = nibble(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return fail(Errc::invalid, "not a hex digit at position {}", 2 * i + (high < 0 ? 0 : 1));
        out[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return out;
}

Bytes random_bytes(std::size_t count) {
    Bytes out(count);
    std::size_t done = 0;
    while (done < count) {
        ssize_t got = getrandom(out.data() + done, count - done, 0);
        SONM_ASSERT(got > 0 || errno == EINTR);
        if (got > 0) done += static_cast<std::size_t>(got);
    }
    return out;
}

bool equal_constant_time(BytesView a, BytesView b) {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
    return difference == 0;
}

}  // namespace sonm
