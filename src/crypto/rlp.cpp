#include "sonm/crypto/rlp.hpp"

#include "sonm/crypto/errc.hpp"

namespace sonm::crypto {
namespace {

/// Payloads up to this long carry their length in the prefix byte itself.
constexpr std::size_t short_bytes_max = 55;
constexpr std::uint8_t string_base = 0x80, list_base = 0xc0;

BytesView without_leading_zeros(BytesView bytes) {
    while (!bytes.empty() && bytes[0] == 0) bytes = bytes.subspan(1);
    return bytes;
}

void append_prefix(Bytes& out, std::uint8_t base, std::size_t size) {
    if (size <= short_bytes_max) {
        out.push_back(static_cast<std::uint8_t>(base + size));
        return;
    }
    FixedBytes<32> word = to_word(U256(size));
    BytesView length = without_leading_zeros(word);
    out.push_back(static_cast<std::uint8_t>(base + short_bytes_max + length.size()));
    append(out, length);
}

}  // namespace

void rlp_append(Bytes& out, BytesView bytes) {
    if (bytes.size() != 1 || bytes[0] >= string_base) append_prefix(out, string_base, bytes.size());
    append(out, bytes);
}

void rlp_append(Bytes& out, U256 number) {
    FixedBytes<32> word = to_word(number);
    rlp_append(out, without_leading_zeros(word));
}

void rlp_append_list(Bytes& out, BytesView items) {
    append_prefix(out, list_base, items.size());
    append(out, items);
}

Result<RlpReader> RlpReader::open(BytesView document) {
    if (document.size() > document_bytes_max) {
        return fail(Errc::too_large, "RLP of {} bytes; at most {} are read", document.size(),
                    document_bytes_max);
    }
    return RlpReader(document);
}

Result<BytesView> RlpReader::take() {
    if (done()) return fail(CryptoErrc::malformed_rlp, "an item is missing at the end");
    std::uint8_t prefix = rest_[0];
    if (prefix < string_base) {
        BytesView self = rest_.first(1);
        rest_ = rest_.subspan(1);
        return self;
    }
    std::size_t size = (prefix - string_base) % 64, header = 1;
    if (size > short_bytes_max) {
        std::size_t width = size - short_bytes_max;
        if (rest_.size() < 1 + width) return fail(CryptoErrc::malformed_rlp, "cut off inside a length");
        if (rest_[1] == 0) return fail(CryptoErrc::malformed_rlp, "a length with leading zeros");
        if (width > sizeof(std::uint32_t))
            return fail(CryptoErrc::malformed_rlp, "a length of {} bytes", width);
        size = 0;
        for (std::size_t i = 0; i < width; ++i) size = size << 8 | rest_[1 + i];
        header += width;
        if (size <= short_bytes_max)
            return fail(CryptoErrc::malformed_rlp, "a length of {} in the long form", size);
    }
    if (rest_.size() - header < size) {
        return fail(CryptoErrc::malformed_rlp, "an item of {} bytes where {} are left", size,
                    rest_.size() - header);
    }
    BytesView payload = rest_.subspan(header, size);
    if (prefix == string_base + 1 && payload[0] < string_base) {
        return fail(CryptoErrc::malformed_rlp, "the byte {} in the long form", payload[0]);
    }
    rest_ = rest_.subspan(header + size);
    return payload;
}

Result<BytesView> RlpReader::bytes() {
    if (at_list()) return fail(CryptoErrc::malformed_rlp, "a list where bytes are expected");
    return take();
}

Result<U256> RlpReader::number() {
    SONM_TRY(BytesView digits, bytes());
    if (digits.size() > 32) return fail(CryptoErrc::malformed_rlp, "a number of {} bytes", digits.size());
    if (!digits.empty() && digits[0] == 0)
        return fail(CryptoErrc::malformed_rlp, "a number with leading zeros");
    U256 value = 0;
    for (std::uint8_t digit : digits) value = value << 8 | U256(digit);
    return value;
}

Result<std::uint64_t> RlpReader::number_u64() {
    SONM_TRY(U256 value, number());
    return to_u64(value);
}

Result<RlpReader> RlpReader::list() {
    if (!done() && !at_list()) return fail(CryptoErrc::malformed_rlp, "bytes where a list is expected");
    SONM_TRY(BytesView items, take());
    return RlpReader(items);
}

Result<void> RlpReader::skip() {
    SONM_TRY([[maybe_unused]] BytesView item, take());
    return {};
}

Result<void> RlpReader::end() const {
    if (!done()) return fail(CryptoErrc::malformed_rlp, "{} bytes too many", rest_.size());
    return {};
}

}  // namespace sonm::crypto
