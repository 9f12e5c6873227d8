#pragma once

#include "sonm/base/strong.hpp"
#include "sonm/crypto/key.hpp"
#include "sonm/rpc/msgpack.hpp"

#include <concepts>
#include <map>
#include <optional>
#include <utility>
#include <vector>

/// How single values and containers travel; structs and tuples are in pack.hpp.
namespace sonm::rpc {

/// The largest enumerator: specialise to let an enum travel, as its number.
template <class T>
inline constexpr auto enum_max = nullptr;

template <class T>
struct Codec;

template <class T>
void pack(Writer& out, const T& value) {
    Codec<T>::pack(out, value);
}
template <class T>
Result<T> unpack(Reader& in) {
    return Codec<T>::unpack(in);
}

/// Fails with invalid: "<what> is out of range".
tl::unexpected<Error> out_of_range(std::string_view what);
Result<BytesView> raw_of(Reader& in, std::size_t bytes);
Result<U256> unpack_u256(Reader& in);

template <>
struct Codec<bool> {
    static void pack(Writer& out, bool value) { out.boolean(value); }
    static Result<bool> unpack(Reader& in) { return in.boolean(); }
};

template <std::integral T>
struct Codec<T> {
    static void pack(Writer& out, T value) {
        if constexpr (std::is_signed_v<T>)
            out.sint(value);
        else
            out.uint(value);
    }
    static Result<T> unpack(Reader& in) {
        if constexpr (std::is_signed_v<T>) {
            SONM_TRY(std::int64_t value, in.sint());
            if (!std::in_range<T>(value)) return out_of_range("integer");
            return static_cast<T>(value);
        } else {
            SONM_TRY(std::uint64_t value, in.uint());
            if (!std::in_range<T>(value)) return out_of_range("integer");
            return static_cast<T>(value);
        }
    }
};

template <>
struct Codec<double> {
    static void pack(Writer& out, double value) { out.real(value); }
    static Result<double> unpack(Reader& in) { return in.real(); }
};

template <>
struct Codec<std::string> {
    static void pack(Writer& out, std::string_view value) { out.raw(value); }
    static Result<std::string> unpack(Reader& in) {
        return in.raw().map([](BytesView bytes) { return std::string(as_text(bytes)); });
    }
};

template <>
struct Codec<Bytes> {
    static void pack(Writer& out, const Bytes& value) { out.raw(value); }
    static Result<Bytes> unpack(Reader& in) {
        return in.raw().map([](BytesView bytes) { return to_bytes(bytes); });
    }
};

template <std::size_t N>
struct Codec<FixedBytes<N>> {
    static void pack(Writer& out, const FixedBytes<N>& value) { out.raw(value); }
    static Result<FixedBytes<N>> unpack(Reader& in) {
        SONM_TRY(BytesView bytes, raw_of(in, N));
        FixedBytes<N> value;
        std::memcpy(value.data(), bytes.data(), N);
        return value;
    }
};

/// 32 bytes, big-endian; integers are taken too.
template <>
struct Codec<U256> {
    static void pack(Writer& out, const U256& value) { out.raw(to_word(value)); }
    static Result<U256> unpack(Reader& in) { return unpack_u256(in); }
};

template <class T>
    requires std::same_as<T, crypto::Address> || std::same_as<T, crypto::Hash>
struct Codec<T> {
    using Inner = decltype(T::bytes);
    static void pack(Writer& out, const T& value) { out.raw(value.bytes); }
    static Result<T> unpack(Reader& in) {
        return Codec<Inner>::unpack(in).map([](const Inner& bytes) { return T{bytes}; });
    }
};

/// r, s, v in 65 bytes.
template <>
struct Codec<crypto::Signature> {
    static void pack(Writer& out, const crypto::Signature& value) { out.raw(crypto::to_rsv(value)); }
    static Result<crypto::Signature> unpack(Reader& in) {
        SONM_TRY(BytesView bytes, raw_of(in, 65));
        return crypto::parse_rsv(bytes);
    }
};

template <class T, class Tag>
struct Codec<Strong<T, Tag>> {
    static void pack(Writer& out, const Strong<T, Tag>& value) { Codec<T>::pack(out, value.value); }
    static Result<Strong<T, Tag>> unpack(Reader& in) {
        return Codec<T>::unpack(in).map([](T value) { return Strong<T, Tag>(std::move(value)); });
    }
};

template <class T>
    requires std::is_enum_v<T>
struct Codec<T> {
    static_assert(std::same_as<decltype(enum_max<T>), const T>,
                  "specialise sonm::rpc::enum_max for this enum");
    using Number = std::underlying_type_t<T>;
    static void pack(Writer& out, T value) { Codec<Number>::pack(out, static_cast<Number>(value)); }
    static Result<T> unpack(Reader& in) {
        SONM_TRY(Number number, Codec<Number>::unpack(in));
        if (number < 0 || number > static_cast<Number>(enum_max<T>)) return out_of_range("enum value");
        return static_cast<T>(number);
    }
};

/// nil, or the value.
template <class T>
struct Codec<std::optional<T>> {
    static void pack(Writer& out, const std::optional<T>& value) {
        if (value)
            Codec<T>::pack(out, *value);
        else
            out.nil();
    }
    static Result<std::optional<T>> unpack(Reader& in) {
        if (in.take_nil()) return std::optional<T>();
        return Codec<T>::unpack(in).map([](T value) { return std::optional<T>(std::move(value)); });
    }
};

template <class T>
struct Codec<std::vector<T>> {
    static void pack(Writer& out, const std::vector<T>& values) {
        out.array(values.size());
        for (const T& value : values) Codec<T>::pack(out, value);
    }
    static Result<std::vector<T>> unpack(Reader& in) {
        SONM_TRY(std::size_t count, in.array());
        std::vector<T> values;
        for (std::size_t i = 0; i < count; ++i) {
            SONM_TRY(T value, Codec<T>::unpack(in));
            values.push_back(std::move(value));
        }
        return values;
    }
};

template <class K, class V>
struct Codec<std::map<K, V>> {
    static void pack(Writer& out, const std::map<K, V>& values) {
        out.map(values.size());
        for (const auto& [key, value] : values) {
            Codec<K>::pack(out, key);
            Codec<V>::pack(out, value);
        }
    }
    static Result<std::map<K, V>> unpack(Reader& in) {
        SONM_TRY(std::size_t count, in.map());
        std::map<K, V> values;
        for (std::size_t i = 0; i < count; ++i) {
            SONM_TRY(K key, Codec<K>::unpack(in));
            SONM_TRY(V value, Codec<V>::unpack(in));
            values.insert_or_assign(std::move(key), std::move(value));
        }
        return values;
    }
};

}  // namespace sonm::rpc
