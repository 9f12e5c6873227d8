#pragma once

#include "sonm/chain/abi.hpp"
#include "sonm/chain/types.hpp"
#include "sonm/model/deal.hpp"

/// How values of our types become ABI words and back: what the generated bindings are written in.
namespace sonm::settlement::bindings {

using chain::Address;
using chain::Decoder;
using chain::Encoder;
using chain::Hash;
using chain::Log;
using chain::Selector;

inline void put(Encoder& out, U256 value) { out.uint(value); }
inline void put(Encoder& out, bool value) { out.boolean(value); }
inline void put(Encoder& out, std::uint64_t value) { out.uint(value); }
/// int8 ... int64: two's complement over the whole word.
inline void put(Encoder& out, std::int64_t value) {
    out.uint(value < 0 ? ~U256(0) - U256(static_cast<std::uint64_t>(-(value + 1)))
                       : U256(static_cast<std::uint64_t>(value)));
}
inline void put(Encoder& out, const Address& value) { out.address(value); }
inline void put(Encoder& out, const Hash& value) { out.hash(value); }
inline void put(Encoder& out, const std::string& value) { out.text(value); }
inline void put(Encoder& out, const Bytes& value) { out.bytes(value); }
inline void put(Encoder& out, const model::NetFlags& value) { out.uint(value.bits); }
/// uint256[4]: four values of 64 bits in each word, the first in its lowest bits.
inline void put(Encoder& out, const model::Benchmarks& value) {
    for (std::size_t i = 0; i < model::benchmark_count; i += 4) {
        U256 word = 0;
        for (std::size_t j = 0; j < 4; ++j) word |= U256(value.values[i + j]) << (64 * j);
        out.uint(word);
    }
}
template <class Enum>
    requires std::is_enum_v<Enum>
void put(Encoder& out, Enum value) {
    out.uint(static_cast<std::uint64_t>(value));
}
template <class T, class Tag>
void put(Encoder& out, const Strong<T, Tag>& value) {
    put(out, value.value);
}

/// A number of that many bits as T: U256, uint64, or a strong type of one of them.
template <class T>
T get_uint(Decoder& in, unsigned bits) {
    if constexpr (std::is_same_v<T, U256>) {
        return in.uint(bits);
    } else if constexpr (std::is_same_v<T, std::uint64_t>) {
        if (bits <= 64) return in.u64(bits);
        U256 wide = in.uint(bits);
        if (wide > ~std::uint64_t(0)) in.refuse("a number is too large");
        return in.ok() ? static_cast<std::uint64_t>(wide) : 0;
    } else if constexpr (std::is_same_v<T, model::NetFlags>) {
        return model::NetFlags{in.u64(bits)};
    } else {
        return T(get_uint<decltype(T::value)>(in, bits));
    }
}
/// intN as 64 bits: what does not fit is refused.
inline std::int64_t get_int(Decoder& in, unsigned bits) {
    U256 word = in.uint(256);
    bool negative = (word >> 255) != 0;
    U256 magnitude = negative ? ~word : word;
    if ((magnitude >> (bits - 1)) != 0) in.refuse("a number is too large for its type");
    if (!in.ok()) return 0;
    auto value = static_cast<std::int64_t>(static_cast<std::uint64_t>(magnitude));
    return negative ? -value - 1 : value;
}
inline model::Benchmarks get_benchmarks(Decoder& in) {
    model::Benchmarks out;
    for (std::size_t i = 0; i < model::benchmark_count; i += 4) {
        U256 word = in.uint(256);
        for (std::size_t j = 0; j < 4; ++j) out.values[i + j] = static_cast<std::uint64_t>(word >> (64 * j));
    }
    return out;
}

/// The topics after the first, as one tuple.
inline Bytes indexed_part(const Log& log) {
    Bytes out;
    for (std::size_t i = 1; i < log.topics.size(); ++i) append(out, log.topics[i].bytes);
    return out;
}

// How a field of an error is shown to people.
inline std::string show(U256 value) { return to_decimal(value); }
inline std::string show(std::uint64_t value) { return std::to_string(value); }
inline std::string show(bool value) { return value ? "yes" : "no"; }
inline std::string show(const Address& value) { return to_string(value); }
inline std::string show(const Hash& value) { return to_string(value); }
inline std::string show(const std::string& value) { return value; }
inline std::string show(std::int64_t value) { return std::to_string(value); }
inline std::string show(const Bytes& value) { return "0x" + to_hex(value); }
std::string show(Tokens value);    ///< "1.5 SNM"
std::string show(UnixTime value);  ///< date and time
template <class T, class Tag>
std::string show(const Strong<T, Tag>& value) {
    return show(value.value);
}

}  // namespace sonm::settlement::bindings
