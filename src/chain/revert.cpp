#include "sonm/chain/revert.hpp"

#include "sonm/chain/abi.hpp"

namespace sonm::chain {
namespace {

/// Source: Solidity documentation, "Panic via assert and Error via require".
std::string panic_text(U256 code) {
    if (code > 0xff) return "a defect in the contract";
    switch (static_cast<unsigned>(code)) {
        case 0x01: return "a check inside the contract failed";
        case 0x11: return "a number in the contract overflowed";
        case 0x12: return "a division by zero in the contract";
        case 0x21: return "a value that is no enumerator";
        case 0x32: return "an index outside of its array";
        case 0x41: return "too much memory asked for in the contract";
        default: return fmt::format("a defect in the contract (panic {})", to_quantity(code));
    }
}

constexpr std::size_t text_bytes_max = 200;

/// A stranger's words: short and without characters that would change a terminal.
std::string harmless(std::string text) {
    text.resize(std::min(text.size(), text_bytes_max));
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return text;
}

bool is(BytesView data, std::string_view signature) {
    Selector selector = selector_of(signature);
    return data.size() >= selector.size() && std::equal(selector.begin(), selector.end(), data.begin());
}

}  // namespace

std::optional<std::string> standard_revert(BytesView data) {
    if (is(data, "Error(string)")) {
        Decoder in(data.subspan(4));
        std::string text = in.text();
        if (in.ok()) return harmless(std::move(text));
    } else if (is(data, "Panic(uint256)")) {
        Decoder in(data.subspan(4));
        U256 code = in.uint(256);
        if (in.ok()) return panic_text(code);
    }
    return std::nullopt;
}

}  // namespace sonm::chain
