#include "sonm/rpc/detail/json_text.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace sonm::rpc::detail {

std::string to_base64(BytesView bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // the library ends it with a zero
    int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                 static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

Result<Bytes> parse_base64(std::string_view text) {
    auto bad = [] { return fail(Errc::invalid, "not base64 (for plain text write {{\"$text\": \"...\"}})"); };
    if (text.empty()) return Bytes();
    std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    std::string_view digits = text.substr(0, text.size() - padding);
    // The library is lenient about spaces and padding in odd places.
    auto is_digit = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
               c == '/';
    };
    if (text.size() % 4 != 0 || !std::all_of(digits.begin(), digits.end(), is_digit)) return bad();
    Bytes bytes(text.size() / 4 * 3);
    int length = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                 static_cast<int>(text.size()));
    if (length < 0) return bad();
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return bytes;
}

bool is_utf8(BytesView bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        std::uint8_t first = bytes[i++];
        if (first < 0x80) continue;
        int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        if (first < 0xc2 || first > 0xf4 || bytes.size() - i < static_cast<std::size_t>(more)) return false;
        std::uint32_t code = first & (0x3fu >> more);
        for (; more > 0; --more) {
            std::uint8_t next = bytes[i++];
            if ((next & 0xc0) != 0x80) return false;
            code = code << 6 | (next & 0x3f);
        }
        bool overlong = (first >= 0xf0 && code < 0x10000) || (first >= 0xe0 && code < 0x800);
        if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    }
    return true;
}

std::size_t json_depth(std::string_view text) {
    std::size_t depth = 0, deepest = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

}  // namespace sonm::rpc::detail
