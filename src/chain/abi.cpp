#include "sonm/chain/abi.hpp"

#include "sonm/crypto/keccak.hpp"

namespace sonm::chain {
namespace {

constexpr std::size_t word_bytes = 32;

std::size_t padded(std::size_t size) { return (size + word_bytes - 1) / word_bytes * word_bytes; }

}  // namespace

Selector selector_of(std::string_view signature) {
    Hash hash = crypto::keccak256(as_bytes(signature));
    return {hash.bytes[0], hash.bytes[1], hash.bytes[2], hash.bytes[3]};
}

Hash topic_of(std::string_view signature) { return crypto::keccak256(as_bytes(signature)); }

Encoder& Encoder::uint(U256 value) {
    FixedBytes<32> word = to_word(value);
    append(head_, word);
    return *this;
}

Encoder& Encoder::address(const Address& value) {
    head_.insert(head_.end(), word_bytes - value.bytes.size(), 0);
    append(head_, value.bytes);
    return *this;
}

Encoder& Encoder::hash(const Hash& value) { return fixed(value.bytes); }

Encoder& Encoder::fixed(BytesView value) {
    SONM_ASSERT(value.size() <= word_bytes);
    append(head_, value);
    head_.insert(head_.end(), word_bytes - value.size(), 0);
    return *this;
}

Encoder& Encoder::tail(Bytes bytes) {
    tails_.push_back(Tail{head_.size(), std::move(bytes)});
    return uint(0);
}

Encoder& Encoder::bytes(BytesView value) {
    FixedBytes<32> length = to_word(value.size());
    Bytes out = to_bytes(length);
    append(out, value);
    out.resize(word_bytes + padded(value.size()));
    return tail(std::move(out));
}

Encoder& Encoder::dynamic(const Encoder& tuple) { return tail(tuple.finish()); }

Encoder& Encoder::array(std::size_t count, const Encoder& elements) {
    FixedBytes<32> length = to_word(count);
    return tail(elements.finish(length));
}

Bytes Encoder::finish(BytesView prefix) const {
    Bytes out = to_bytes(prefix);
    append(out, head_);
    for (const Tail& tail : tails_) {
        FixedBytes<32> offset = to_word(out.size() - prefix.size());
        std::copy(offset.begin(), offset.end(),
                  out.begin() + std::ptrdiff_t(prefix.size() + tail.head_position));
        append(out, tail.bytes);
    }
    return out;
}

Decoder::Decoder(BytesView data) : data_(data), state_(std::make_shared<State>()) {
    state_->budget = data.size();
}

void Decoder::refuse(std::string_view what) {
    if (ok()) state_->error = fmt::format("{} at byte {} of {}", what, position_, data_.size());
}

Result<void> Decoder::finish() const {
    if (ok()) return Result<void>();
    return fail(ChainErrc::bad_encoding, "{}", state_->error);
}

BytesView Decoder::take_at(std::size_t position, std::size_t count) {
    static constexpr FixedBytes<32> zero{};
    BytesView nothing = BytesView(zero).first(std::min(count, word_bytes));
    if (!ok()) return nothing;
    if (position > data_.size() || count > data_.size() - position) {
        refuse("the data is cut short");
        return nothing;
    }
    if (count > state_->budget) {
        refuse("the same bytes are used twice");
        return nothing;
    }
    state_->budget -= count;
    return data_.subspan(position, count);
}

BytesView Decoder::take(std::size_t count) {
    BytesView bytes = take_at(position_, count);
    if (ok()) position_ += count;
    return bytes;
}

U256 Decoder::uint(unsigned bits) {
    U256 value = from_word(take(word_bytes).first<word_bytes>());
    if (bits < 256 && (value >> bits) != 0) {
        refuse("a number is too large for its type");
        return 0;
    }
    return value;
}

std::uint64_t Decoder::u64(unsigned bits) {
    SONM_ASSERT(bits <= 64);
    return static_cast<std::uint64_t>(uint(bits));
}

bool Decoder::boolean() { return u64(1) == 1; }

Address Decoder::address() {
    FixedBytes<32> word = to_word(uint(160));
    Address out;
    std::copy(word.begin() + 12, word.end(), out.bytes.begin());
    return out;
}

Hash Decoder::hash() { return Hash{to_word(uint(256))}; }

std::size_t Decoder::offset() {
    U256 value = uint(256);
    if (value > data_.size() || value % word_bytes != 0) {
        refuse("an offset points nowhere");
        return 0;
    }
    return static_cast<std::size_t>(value);
}

Bytes Decoder::bytes() {
    std::size_t at = offset();
    if (!ok()) return Bytes();
    U256 size = from_word(take_at(at, word_bytes).first<word_bytes>());
    if (size > data_.size()) {
        refuse("a length is larger than the data");
        return Bytes();
    }
    std::size_t count = static_cast<std::size_t>(size);
    BytesView content = take_at(at + word_bytes, padded(count));
    if (!ok()) return Bytes();
    auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    if (!std::all_of(content.begin() + std::ptrdiff_t(count), content.end(), is_zero)) {
        refuse("unused bytes are not zero");
        return Bytes();
    }
    return to_bytes(content.first(count));
}

std::string Decoder::text() {
    Bytes raw = bytes();
    return std::string(as_text(raw));
}

Decoder Decoder::dynamic() {
    std::size_t at = offset();
    return Decoder(ok() ? data_.subspan(at) : BytesView(), state_);
}

Decoder::Array Decoder::array(std::size_t element_words) {
    Decoder body = dynamic();
    U256 count = body.uint(256);
    BytesView rest = body.data_.subspan(body.position_);
    if (count > rest.size() / (word_bytes * std::max<std::size_t>(element_words, 1))) {
        refuse("an array is longer than the data");
        return Array{0, Decoder(BytesView(), state_)};
    }
    return Array{static_cast<std::size_t>(count), Decoder(rest, state_)};
}

}  // namespace sonm::chain
