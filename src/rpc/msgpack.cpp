#include "sonm/rpc/msgpack.hpp"

#include <bit>

namespace sonm::rpc {
namespace {

/// What a first byte says: the kind, how many bytes of a number follow it, and what is in the byte itself.
struct Tag {
    bool valid = false;
    Kind kind = Kind::nil;
    std::uint8_t width = 0;      ///< bytes that follow: the value, or the length
    std::uint8_t immediate = 0;  ///< the value or the length if width is 0
};

constexpr Tag tag_of(unsigned first) {
    auto fixed = [](Kind kind, unsigned value) {
        return Tag{true, kind, 0, static_cast<std::uint8_t>(value)};
    };
    auto wide = [](Kind kind, unsigned width) {
        return Tag{true, kind, static_cast<std::uint8_t>(width), 0};
    };
    if (first <= 0x7f) return fixed(Kind::unsigned_int, first);
    if (first <= 0x8f) return fixed(Kind::map, first & 0x0f);
    if (first <= 0x9f) return fixed(Kind::array, first & 0x0f);
    if (first <= 0xbf) return fixed(Kind::raw, first & 0x1f);
    if (first >= 0xe0) return fixed(Kind::negative_int, first);
    switch (first) {
        case 0xc0: return fixed(Kind::nil, 0);
        case 0xc2: return fixed(Kind::boolean, 0);
        case 0xc3: return fixed(Kind::boolean, 1);
        case 0xc4:
        case 0xd9: return wide(Kind::raw, 1);
        case 0xc5:
        case 0xda: return wide(Kind::raw, 2);
        case 0xc6:
        case 0xdb: return wide(Kind::raw, 4);
        case 0xca: return wide(Kind::real, 4);
        case 0xcb: return wide(Kind::real, 8);
        case 0xcc:
        case 0xcd:
        case 0xce:
        case 0xcf: return wide(Kind::unsigned_int, 1u << (first - 0xcc));
        case 0xd0:
        case 0xd1:
        case 0xd2:
        case 0xd3: return wide(Kind::negative_int, 1u << (first - 0xd0));
        case 0xdc: return wide(Kind::array, 2);
        case 0xdd: return wide(Kind::array, 4);
        case 0xde: return wide(Kind::map, 2);
        case 0xdf: return wide(Kind::map, 4);
        default: return Tag();  // c1 and the ext family
    }
}

constexpr std::array<Tag, 256> make_tags() {
    std::array<Tag, 256> tags{};
    for (unsigned first = 0; first < 256; ++first) tags[first] = tag_of(first);
    return tags;
}
constexpr std::array<Tag, 256> tags = make_tags();

std::uint64_t big_endian(const std::uint8_t* at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | at[i];
    return value;
}

}  // namespace

std::string_view to_string(Kind kind) {
    static constexpr std::array<std::string_view, 8> names{
        "nil",           "a boolean", "an integer", "a negative integer",
        "a real number", "bytes",     "an array",   "a map"};
    return names[static_cast<std::size_t>(kind)];
}

void Writer::head(std::uint8_t tag, std::uint64_t value, int bytes) {
    std::uint8_t encoded[9] = {tag};
    for (int i = 0; i < bytes; ++i) encoded[1 + i] = static_cast<std::uint8_t>(value >> 8 * (bytes - 1 - i));
    out_.insert(out_.end(), encoded, encoded + 1 + bytes);
}

void Writer::uint(std::uint64_t value) {
    if (value <= 0x7f)
        out_.push_back(static_cast<std::uint8_t>(value));
    else if (value <= 0xff)
        head(0xcc, value, 1);
    else if (value <= 0xffff)
        head(0xcd, value, 2);
    else if (value <= 0xffffffff)
        head(0xce, value, 4);
    else
        head(0xcf, value, 8);
}

void Writer::sint(std::int64_t value) {
    auto bits = static_cast<std::uint64_t>(value);
    if (value >= 0)
        uint(bits);
    else if (value >= -32)
        out_.push_back(static_cast<std::uint8_t>(bits));
    else if (value >= INT8_MIN)
        head(0xd0, bits, 1);
    else if (value >= INT16_MIN)
        head(0xd1, bits, 2);
    else if (value >= INT32_MIN)
        head(0xd2, bits, 4);
    else
        head(0xd3, bits, 8);
}

void Writer::real(double value) { head(0xcb, std::bit_cast<std::uint64_t>(value), 8); }

void Writer::raw(BytesView bytes) {
    if (bytes.size() <= 31)
        out_.push_back(static_cast<std::uint8_t>(0xa0 | bytes.size()));
    else if (bytes.size() <= 0xffff)
        head(0xda, bytes.size(), 2);
    else
        head(0xdb, bytes.size(), 4);
    append(out_, bytes);
}

void Writer::array(std::size_t count) {
    if (count <= 15)
        out_.push_back(static_cast<std::uint8_t>(0x90 | count));
    else if (count <= 0xffff)
        head(0xdc, count, 2);
    else
        head(0xdd, count, 4);
}

void Writer::map(std::size_t count) {
    if (count <= 15)
        out_.push_back(static_cast<std::uint8_t>(0x80 | count));
    else if (count <= 0xffff)
        head(0xde, count, 2);
    else
        head(0xdf, count, 4);
}

/// A decoded first byte with the number behind it; `next` is where the content begins.
struct Reader::Head {
    Kind kind;
    std::uint8_t width;
    std::uint64_t value;
    const std::uint8_t* next;
};

Result<Reader::Head> Reader::head(const char* expected) const {
    if (at_ == end_) return fail(Errc::invalid, "expected {}, found the end", expected);
    Tag tag = tags[*at_];
    if (!tag.valid)
        return fail(Errc::invalid, "expected {}, found the byte 0x{:02x}, which means nothing", expected,
                    *at_);
    if (left() < 1u + tag.width)
        return fail(Errc::invalid, "expected {}, found the end in the middle of it", expected);
    std::uint64_t value = tag.width ? big_endian(at_ + 1, tag.width) : tag.immediate;
    return Head{tag.kind, tag.width, value, at_ + 1 + tag.width};
}

namespace {
tl::unexpected<Error> mismatch(std::string_view expected, Kind found) {
    return fail(Errc::invalid, "expected {}, found {}", expected, to_string(found));
}
/// Two's complement of the width it was sent in.
std::int64_t sign_extend(std::uint64_t value, std::uint8_t width) {
    unsigned shift = 64 - 8 * (width == 0 ? 1u : width);
    return static_cast<std::int64_t>(value << shift) >> shift;
}
}  // namespace

Result<Kind> Reader::peek() const {
    return head("a value").map([](const Head& head) { return head.kind; });
}

bool Reader::take_nil() {
    if (at_ == end_ || *at_ != 0xc0) return false;
    ++at_;
    return true;
}

Result<bool> Reader::boolean() {
    SONM_TRY(Head value, head("a boolean"));
    if (value.kind != Kind::boolean) return mismatch("a boolean", value.kind);
    at_ = value.next;
    return value.value != 0;
}

Result<std::uint64_t> Reader::uint() {
    SONM_TRY(Head value, head("an integer"));
    if (value.kind == Kind::negative_int && sign_extend(value.value, value.width) < 0)
        return mismatch("a non-negative integer", value.kind);
    if (value.kind != Kind::unsigned_int && value.kind != Kind::negative_int)
        return mismatch("an integer", value.kind);
    at_ = value.next;
    return value.value;
}

Result<std::int64_t> Reader::sint() {
    SONM_TRY(Head value, head("an integer"));
    std::int64_t number = 0;
    if (value.kind == Kind::negative_int)
        number = sign_extend(value.value, value.width);
    else if (value.kind != Kind::unsigned_int)
        return mismatch("an integer", value.kind);
    else if (value.value > static_cast<std::uint64_t>(INT64_MAX))
        return fail(Errc::invalid, "{} does not fit a signed integer", value.value);
    else
        number = static_cast<std::int64_t>(value.value);
    at_ = value.next;
    return number;
}

Result<double> Reader::real() {
    SONM_TRY(Head value, head("a number"));
    double number = 0;
    if (value.kind == Kind::real && value.width == 4)
        number = std::bit_cast<float>(static_cast<std::uint32_t>(value.value));
    else if (value.kind == Kind::real)
        number = std::bit_cast<double>(value.value);
    else if (value.kind == Kind::unsigned_int)
        number = static_cast<double>(value.value);
    else if (value.kind == Kind::negative_int)
        number = static_cast<double>(sign_extend(value.value, value.width));
    else
        return mismatch("a number", value.kind);
    at_ = value.next;
    return number;
}

Result<BytesView> Reader::raw() {
    SONM_TRY(Head value, head("bytes"));
    if (value.kind != Kind::raw) return mismatch("bytes", value.kind);
    if (value.value > static_cast<std::uint64_t>(end_ - value.next))
        return fail(Errc::invalid, "expected {} bytes, found {}", value.value, end_ - value.next);
    BytesView bytes(value.next, static_cast<std::size_t>(value.value));
    at_ = value.next + bytes.size();
    return bytes;
}

Result<std::size_t> Reader::array() {
    SONM_TRY(Head value, head("an array"));
    if (value.kind != Kind::array) return mismatch("an array", value.kind);
    if (value.value > static_cast<std::uint64_t>(end_ - value.next))
        return fail(Errc::invalid, "an array of {} elements in {} bytes", value.value, end_ - value.next);
    at_ = value.next;
    return static_cast<std::size_t>(value.value);
}

Result<std::size_t> Reader::map() {
    SONM_TRY(Head value, head("a map"));
    if (value.kind != Kind::map) return mismatch("a map", value.kind);
    if (value.value > static_cast<std::uint64_t>(end_ - value.next) / 2)
        return fail(Errc::invalid, "a map of {} pairs in {} bytes", value.value, end_ - value.next);
    at_ = value.next;
    return static_cast<std::size_t>(value.value);
}

Result<BytesView> Reader::skip() {
    Scanner::Limits limits;
    limits.bytes_max = limits.elements_max = SIZE_MAX;
    Scanner scanner(limits);
    BytesView rest(at_, left());
    if (scanner.scan(rest) != Scanner::State::complete)
        return fail(Errc::invalid, "expected a whole value, found a damaged or too deep one");
    at_ += scanner.length();
    return rest.first(scanner.length());
}

void Scanner::reset() { position_ = elements_ = depth_ = 0; }

Scanner::State Scanner::scan(BytesView bytes) {
    // Invariant: `position_` stands before a value, of which remaining_[depth_ - 1] are still to come on this
    // level.
    do {
        if (position_ >= limits_.bytes_max) return State::too_large;
        if (position_ >= bytes.size()) return State::more;
        Tag tag = tags[bytes[position_]];
        if (!tag.valid) return State::malformed;
        std::size_t size = 1u + tag.width;
        bool container = tag.kind == Kind::array || tag.kind == Kind::map;
        if (container || tag.kind == Kind::raw) {
            if (bytes.size() - position_ < size) return State::more;
            std::uint64_t count =
                tag.width ? big_endian(bytes.data() + position_ + 1, tag.width) : tag.immediate;
            if (!container)
                size += count;
            else if (count != 0) {
                if (depth_ >= limits_.depth_max || depth_ >= remaining_.size()) return State::too_large;
                if (tag.kind == Kind::map) count *= 2;
                if (count > limits_.elements_max - elements_) return State::too_large;
                if (limits_.bytes_max - position_ < size || count > limits_.bytes_max - position_ - size)
                    return State::too_large;
                elements_ += count;
                // The container itself is done once its elements are: it is taken off its own level now.
                if (depth_ != 0) --remaining_[depth_ - 1];
                remaining_[depth_++] = count;
                position_ += size;
                continue;
            }
        }
        if (limits_.bytes_max - position_ < size) return State::too_large;
        if (bytes.size() - position_ < size) return State::more;
        position_ += size;
        if (depth_ != 0) --remaining_[depth_ - 1];
        while (depth_ != 0 && remaining_[depth_ - 1] == 0) --depth_;
    } while (depth_ != 0);
    return State::complete;
}

}  // namespace sonm::rpc
