#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "sonm/base/strong.hpp"
#include "sonm/crypto/key.hpp"
#include "sonm/rpc/msgpack.hpp"
#include "sonm/rpc/text.hpp"

/// How C++ types travel. `pack(writer, value)` never fails; `unpack<T>(reader)` fails with invalid, naming the field.
namespace sonm::rpc {

/// One field of a struct that travels: its name (for documents and errors) and where it is.
template <Text Name, class Struct, class T>
struct Field {
    static constexpr std::string_view name = Name;
    using Type = T;
    T Struct::*member;
};
template <Text Name, class Struct, class T>
constexpr Field<Name, Struct, T> field(T Struct::*member) { return {member}; }
template <class... F>
constexpr std::tuple<F...> fields(F... list) { return {list...}; }

/// Specialise with `static constexpr auto list = fields(field<"a">(&S::a), ...)` to let a struct travel, as an array in that
/// order. New fields go to the end: a missing one keeps its default, superfluous ones are skipped.
template <class T>
struct Fields;
template <class T>
concept Struct = requires { Fields<T>::list; };

/// The largest enumerator: specialise to let an enum travel, as its number.
template <class T>
inline constexpr auto enum_max = nullptr;

template <class T>
struct Codec;

template <class T>
void pack(Writer& out, const T& value) { Codec<T>::pack(out, value); }
template <class T>
Result<T> unpack(Reader& in) { return Codec<T>::unpack(in); }

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
        if constexpr (std::is_signed_v<T>) out.sint(value);
        else out.uint(value);
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
    static_assert(std::same_as<decltype(enum_max<T>), const T>, "specialise sonm::rpc::enum_max for this enum");
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
        if (value) Codec<T>::pack(out, *value);
        else out.nil();
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

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

/// Values one after the other without an array around them: arguments and results.
template <class... T>
void pack_all(Writer& out, const T&... values) { (Codec<T>::pack(out, values), ...); }

/// Reads at most `count` values into `values`, in order; those that are not there stay as they are, as far as they are optional
/// (`required` says from which one on). Superfluous ones are skipped.
template <class Tuple, class Name, std::size_t... I>
Result<void> unpack_each(Reader& in, std::size_t count, std::size_t required, Tuple& values, Name name, std::index_sequence<I...>) {
    Result<void> outcome;
    auto one = [&]<std::size_t Index>(std::integral_constant<std::size_t, Index>) {
        using T = std::remove_reference_t<std::tuple_element_t<Index, Tuple>>;
        if (Index >= count) {
            if (Index >= required || is_optional<T>::value) return true;
            outcome = fail(Errc::invalid, "{} is missing", name(Index));
            return false;
        }
        auto value = Codec<T>::unpack(in);
        if (!value) {
            outcome = wrap(std::move(value.error()), "{}", name(Index));
            return false;
        }
        std::get<Index>(values) = std::move(*value);
        return true;
    };
    (void)(one(std::integral_constant<std::size_t, I>()) && ...);
    if (!outcome) return outcome;
    for (std::size_t i = sizeof...(I); i < count; ++i) SONM_CHECK(in.skip().map([](BytesView) {}));
    return outcome;
}

template <class... T>
struct Codec<std::tuple<T...>> {
    static void pack(Writer& out, const std::tuple<T...>& values) {
        out.array(sizeof...(T));
        std::apply([&](const T&... value) { pack_all(out, value...); }, values);
    }
    static Result<std::tuple<T...>> unpack(Reader& in) {
        SONM_TRY(std::size_t count, in.array());
        std::tuple<T...> values;
        auto name = [](std::size_t index) { return fmt::format("element {}", index); };
        SONM_CHECK(unpack_each(in, count, sizeof...(T), values, name, std::index_sequence_for<T...>()));
        return values;
    }
};

template <class A, class B>
struct Codec<std::pair<A, B>> {
    static void pack(Writer& out, const std::pair<A, B>& value) {
        out.array(2);
        pack_all(out, value.first, value.second);
    }
    static Result<std::pair<A, B>> unpack(Reader& in) {
        return Codec<std::tuple<A, B>>::unpack(in).map(
            [](std::tuple<A, B> both) { return std::pair<A, B>(std::move(std::get<0>(both)), std::move(std::get<1>(both))); });
    }
};

template <Struct T>
struct Codec<T> {
    static void pack(Writer& out, const T& value) {
        std::apply(
            [&](const auto&... field) {
                out.array(sizeof...(field));
                pack_all(out, value.*field.member...);
            },
            Fields<T>::list);
    }
    static Result<T> unpack(Reader& in) {
        SONM_TRY(std::size_t count, in.array());
        T value{};
        auto outcome = std::apply(
            [&]<class... F>(const F&... field) {
                static constexpr std::array<std::string_view, sizeof...(F)> names{F::name...};
                auto members = std::tie(value.*field.member...);
                return unpack_each(in, count, 0, members, [](std::size_t index) { return names[index]; }, std::index_sequence_for<F...>());
            },
            Fields<T>::list);
        if (!outcome) return tl::unexpected<Error>(std::move(outcome.error()));
        return value;
    }
};

}  // namespace sonm::rpc
