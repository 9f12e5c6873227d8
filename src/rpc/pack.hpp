#pragma once

#include "sonm/rpc/codec.hpp"
#include "sonm/rpc/text.hpp"

#include <tuple>
#include <utility>

/// How C++ types travel. `pack(writer, value)` never fails; `unpack<T>(reader)` fails with invalid, naming
/// the field.
namespace sonm::rpc {

/// One field of a struct that travels: its name (for documents and errors) and where it is.
template <Text Name, class Struct, class T>
struct Field {
    static constexpr std::string_view name = Name;
    using Type = T;
    T Struct::*member;
};
template <Text Name, class Struct, class T>
constexpr Field<Name, Struct, T> field(T Struct::*member) {
    return {member};
}
template <class... F>
constexpr std::tuple<F...> fields(F... list) {
    return {list...};
}

/// Specialise with `static constexpr auto list = fields(field<"a">(&S::a), ...)` to let a struct travel, as
/// an array in that order. New fields go to the end: a missing one keeps its default, superfluous ones are
/// skipped.
template <class T>
struct Fields;
template <class T>
concept Struct = requires { Fields<T>::list; };

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

/// Values one after the other without an array around them: arguments and results.
template <class... T>
void pack_all(Writer& out, const T&... values) {
    (Codec<T>::pack(out, values), ...);
}

/// Reads at most `count` values into `values`, in order; those that are not there stay as they are, as far as
/// they are optional
/// (`required` says from which one on). Superfluous ones are skipped.
template <class Tuple, class Name, std::size_t... I>
Result<void> unpack_each(Reader& in, std::size_t count, std::size_t required, Tuple& values, Name name,
                         std::index_sequence<I...>) {
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
        return Codec<std::tuple<A, B>>::unpack(in).map([](std::tuple<A, B> both) {
            return std::pair<A, B>(std::move(std::get<0>(both)), std::move(std::get<1>(both)));
        });
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
                return unpack_each(
                    in, count, 0, members, [](std::size_t index) { return names[index]; },
                    std::index_sequence_for<F...>());
            },
            Fields<T>::list);
        if (!outcome) return tl::unexpected<Error>(std::move(outcome.error()));
        return value;
    }
};

}  // namespace sonm::rpc
