#pragma once

#include "sonm/base/u256.hpp"
#include "sonm/chain/errc.hpp"
#include "sonm/crypto/types.hpp"

#include <memory>
#include <string>

/// The ABI codec: how contracts' arguments, results, events and errors are bytes. Source: Solidity's
/// "Contract ABI Specification".
namespace sonm::chain {

using crypto::Address;
using crypto::Hash;

/// First four bytes of the Keccak-256 of a function's or error's signature.
using Selector = FixedBytes<4>;
Selector selector_of(std::string_view signature);
/// Keccak-256 of an event's signature: its first topic.
Hash topic_of(std::string_view signature);

/// Writes one tuple: values in order, dynamic ones behind the others. Static structs and fixed arrays are
/// written field by field.
class Encoder {
public:
    Encoder& uint(U256 value);
    Encoder& boolean(bool value) { return uint(value ? 1 : 0); }
    Encoder& address(const Address& value);
    Encoder& hash(const Hash& value);
    /// bytes1 ... bytes32: padded on the right.
    Encoder& fixed(BytesView value);
    Encoder& bytes(BytesView value);
    Encoder& text(std::string_view value) { return bytes(as_bytes(value)); }
    /// A struct that has a dynamic member.
    Encoder& dynamic(const Encoder& tuple);
    /// T[]: `elements` holds all of them one after the other, as one tuple.
    Encoder& array(std::size_t count, const Encoder& elements);
    /// Everything written, after `prefix` (a selector, a contract's creation code).
    Bytes finish(BytesView prefix = {}) const;

private:
    Encoder& tail(Bytes bytes);

    struct Tail {
        std::size_t head_position;
        Bytes bytes;
    };
    Bytes head_;
    std::vector<Tail> tails_;
};

/// Reads one tuple from bytes that nobody vouches for. The first thing that is wrong is remembered,
/// everything after it reads as zero, and `finish` tells: so a decoder of a struct is a list of lines without
/// branches.
///
/// Strict: unused bits are zero, offsets and lengths lie inside, and no byte is read twice (so nothing can be
/// made to grow). The bytes must outlive it.
class Decoder {
public:
    explicit Decoder(BytesView data);

    /// uintN as U256, as uint64 for N <= 64.
    U256 uint(unsigned bits);
    std::uint64_t u64(unsigned bits = 64);
    /// An enum with enumerators 0..last.
    template <class Enum>
    Enum enumeration(Enum last) {
        std::uint64_t value = u64(8);
        if (value > static_cast<std::uint64_t>(last)) refuse("an enumerator that does not exist");
        return ok() ? static_cast<Enum>(value) : Enum{};
    }
    bool boolean();
    Address address();
    Hash hash();
    /// Strings and byte strings; at most what is there.
    Bytes bytes();
    std::string text();
    /// A struct that has a dynamic member.
    Decoder dynamic();
    /// T[] with elements of at least `element_words` words: their number, and where they are.
    struct Array;
    Array array(std::size_t element_words);

    bool ok() const { return state_->error.empty(); }
    /// Remembers what is wrong, unless something was before.
    void refuse(std::string_view what);
    /// Errors: bad_encoding: what is wrong, and at which byte.
    Result<void> finish() const;

private:
    struct State {
        std::string error;
        std::size_t budget = 0;  ///< bytes that may still be read
    };
    Decoder(BytesView data, std::shared_ptr<State> state) : data_(data), state_(std::move(state)) {}
    BytesView take(std::size_t count);
    BytesView take_at(std::size_t position, std::size_t count);
    std::size_t offset();

    BytesView data_;
    std::size_t position_ = 0;
    std::shared_ptr<State> state_;
};

struct Decoder::Array {
    std::size_t count;
    Decoder elements;
};

}  // namespace sonm::chain
