#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/base/errc.hpp"

/// MessagePack as the Slave protocol speaks it: written by hand, so that reading costs no allocation and the
/// writer stays with the old dialect. Source: docs/protocol/slave.md, "Values".
namespace sonm::rpc {

/// What a value is, as far as readers care: str, bin and raw are one kind.
enum class Kind : std::uint8_t { nil, boolean, unsigned_int, negative_int, real, raw, array, map };
std::string_view to_string(Kind kind);

/// Appends values to a buffer in the old dialect: raw only (no str8, no bin), shortest integers. Never fails.
class Writer {
public:
    explicit Writer(Bytes& out) : out_(out) {}

    void nil() { out_.push_back(0xc0); }
    void boolean(bool value) { out_.push_back(value ? 0xc3 : 0xc2); }
    void uint(std::uint64_t value);
    void sint(std::int64_t value);
    void real(double value);
    /// A string or blob of fewer than 2^32 bytes.
    void raw(BytesView bytes);
    void raw(std::string_view text) { raw(as_bytes(text)); }
    /// Announces `count` (< 2^32) elements, which the caller writes next.
    void array(std::size_t count);
    /// Announces `count` (< 2^32) pairs.
    void map(std::size_t count);
    /// Values that are encoded already.
    void encoded(BytesView bytes) { append(out_, bytes); }
    std::size_t size() const { return out_.size(); }

private:
    void head(std::uint8_t tag, std::uint64_t value, int bytes);
    Bytes& out_;
};

/// Reads values in order from bytes that it does not own; raw values are views into them. Accepts every
/// encoding of a kind (str8/16/32, bin, non-minimal integers, float32). Errors: invalid, naming what was
/// expected and what was found. A failed reader stays where it was.
class Reader {
public:
    Reader() = default;
    explicit Reader(BytesView bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    bool done() const { return at_ == end_; }
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
    const std::uint8_t* position() const { return at_; }
    /// The next value's kind, or invalid at the end or on a byte that no kind has.
    Result<Kind> peek() const;
    /// True, and steps over it, if the next value is nil.
    bool take_nil();

    Result<bool> boolean();
    Result<std::uint64_t> uint();
    Result<std::int64_t> sint();
    /// Also takes integers.
    Result<double> real();
    Result<BytesView> raw();
    /// Number of elements that follow. Never more than there are bytes left.
    Result<std::size_t> array();
    /// Number of pairs that follow. Never more than half the bytes left.
    Result<std::size_t> map();
    /// Steps over one whole value of any kind and gives its bytes. Nesting is bounded by `depth_max`.
    Result<BytesView> skip();

    /// Deepest nesting of arrays and maps that is read. Source: docs/protocol/slave.md, "Limits".
    static constexpr std::size_t depth_max = 32;

private:
    struct Head;
    Result<Head> head(const char* expected) const;
    const std::uint8_t* at_ = nullptr;
    const std::uint8_t* end_ = nullptr;
};

/// Says where values end, byte by byte, without decoding them: what arrives in pieces is looked at once only.
class Scanner {
public:
    struct Limits {
        std::size_t bytes_max = 16 * MiB;
        std::size_t elements_max = 1 << 20;
        std::size_t depth_max = Reader::depth_max;
    };
    enum class State : std::uint8_t { more, complete, malformed, too_large };

    explicit Scanner(Limits limits) : limits_(limits) { reset(); }
    /// Goes on with `bytes`, which begin where the value begins and are at least as long as in the call
    /// before. complete: the value is the first `length()` bytes.
    State scan(BytesView bytes);
    std::size_t length() const { return position_; }
    void reset();

private:
    Limits limits_;
    std::size_t position_ = 0;
    std::size_t elements_ = 0;
    std::size_t depth_ = 0;
    std::array<std::uint64_t, Reader::depth_max + 1> remaining_{};
};

}  // namespace sonm::rpc
