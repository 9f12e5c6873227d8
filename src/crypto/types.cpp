#include "sonm/crypto/types.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/crypto/keccak.hpp"

namespace sonm::crypto {
namespace {

bool is_letter(char digit) { return (digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F'); }
bool is_upper(char digit) { return digit >= 'A' && digit <= 'F'; }

}  // namespace

std::string to_string(const Address& address) {
    std::string text = to_hex(address.bytes);
    Hash digest = keccak256(as_bytes(text));
    // EIP-55: a letter is upper-case where the digest of the lower-case text has a nibble of 8 or more.
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned nibble = i % 2 == 0 ? digest.bytes[i / 2] >> 4 : digest.bytes[i / 2] & 15;
        if (is_letter(text[i]) && nibble >= 8) text[i] = static_cast<char>(text[i] - 'a' + 'A');
    }
    return "0x" + text;
}

std::string to_string(const Hash& hash) { return to_hex0x(hash.bytes); }

Result<Address> parse_address(std::string_view text) {
    if (!text.starts_with("0x") || text.size() != 42) {
        return fail(Errc::invalid, "not an address (0x and 40 hex digits): '{}'", text.substr(0, 80));
    }
    auto bytes = parse_hex_fixed<20>(text);
    if (!bytes) return wrap(std::move(bytes).error(), "not an address: '{}'", text);
    Address address{*bytes};
    bool upper = std::any_of(text.begin() + 2, text.end(), is_upper);
    bool lower =
        std::any_of(text.begin() + 2, text.end(), [](char c) { return is_letter(c) && !is_upper(c); });
    if (upper && lower && to_string(address) != text) {
        return fail(Errc::invalid,
                    "the address '{}' has a wrong EIP-55 checksum: check it for a typing error", text);
    }
    return address;
}

Result<Hash> parse_hash(std::string_view text) {
    if (!text.starts_with("0x") || text.size() != 66) {
        return fail(Errc::invalid, "not a hash (0x and 64 hex digits): '{}'", text.substr(0, 80));
    }
    SONM_TRY(auto bytes, parse_hex_fixed<32>(text));
    return Hash{bytes};
}

}  // namespace sonm::crypto
