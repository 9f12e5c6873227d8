#pragma once

#include "sonm/rpc/graph.hpp"
#include "sonm/rpc/pack.hpp"

#include <limits>

/// What a type that travels looks like once it is forgotten: for JSON, for reference pages, for errors.
namespace sonm::rpc {

enum class TypeKind : std::uint8_t {
    any,  ///< whatever MessagePack says
    boolean,
    integer,  ///< within min and max
    real,
    text,
    bytes,
    fixed,  ///< `size` bytes, written as 0x hexadecimal
    number256,
    enumeration,  ///< a number up to max
    optional,     ///< nil, or `of`
    list,
    map,
    tuple,   ///< `fields` by place
    record,  ///< `fields` by name; positional on the wire
};

/// Static data, one per type; `type_info<T>`.
struct TypeInfo {
    TypeKind kind = TypeKind::any;
    std::string_view name = {};  ///< of records, enums and strong types; empty for plain ones
    std::size_t size = 0;
    std::int64_t min = 0;
    std::uint64_t max = 0;
    const TypeInfo *of = nullptr, *key = nullptr;
    std::span<const ArgInfo> fields = {};
    std::string (*name_of)(std::uint64_t) = nullptr;  ///< of an enum's value, if the enum has to_string
};
/// For people: "list of text", "DealId (integer)".
std::string to_string(const TypeInfo& type);

/// Specialise with `static constexpr TypeInfo info{...}` beside an own Codec; without one it is `any`.
template <class T>
struct Describe {
    static constexpr TypeInfo info{};
};
template <class T>
inline constexpr const TypeInfo& type_info = Describe<T>::info;

/// The type's name without its namespaces.
template <class T>
constexpr std::string_view type_name() {
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find("T = ") + 4);
    text.remove_suffix(1);
    if (text.find('<') != std::string_view::npos) return {};
    auto colons = text.rfind("::");
    return colons == std::string_view::npos ? text : text.substr(colons + 2);
}

template <>
struct Describe<bool> {
    static constexpr TypeInfo info{.kind = TypeKind::boolean};
};
template <std::integral T>
struct Describe<T> {
    static constexpr TypeInfo info{.kind = TypeKind::integer,
                                   .size = sizeof(T),
                                   .min = static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                                   .max = static_cast<std::uint64_t>(std::numeric_limits<T>::max())};
};
template <>
struct Describe<double> {
    static constexpr TypeInfo info{.kind = TypeKind::real};
};
template <>
struct Describe<std::string> {
    static constexpr TypeInfo info{.kind = TypeKind::text};
};
template <>
struct Describe<Bytes> {
    static constexpr TypeInfo info{.kind = TypeKind::bytes};
};
template <std::size_t N>
struct Describe<FixedBytes<N>> {
    static constexpr TypeInfo info{.kind = TypeKind::fixed, .size = N};
};
template <>
struct Describe<U256> {
    static constexpr TypeInfo info{.kind = TypeKind::number256};
};
template <>
struct Describe<crypto::Address> {
    static constexpr TypeInfo info{.kind = TypeKind::fixed, .name = "address", .size = 20};
};
template <>
struct Describe<crypto::Hash> {
    static constexpr TypeInfo info{.kind = TypeKind::fixed, .name = "hash", .size = 32};
};
template <>
struct Describe<crypto::Signature> {
    static constexpr TypeInfo info{.kind = TypeKind::fixed, .name = "signature", .size = 65};
};

template <class T, class Tag>
struct Describe<Strong<T, Tag>> {
    static constexpr TypeInfo named() {
        TypeInfo out = Describe<T>::info;
        std::string_view name = type_name<Tag>();
        if (name.ends_with("Tag")) name.remove_suffix(3);
        out.name = name;
        return out;
    }
    static constexpr TypeInfo info = named();
};

namespace detail {
template <class T>
concept NamedEnum = requires(T value) {
    { to_string(value) } -> std::convertible_to<std::string_view>;
};
template <class T>
std::string enum_name(std::uint64_t value) {
    return std::string(to_string(static_cast<T>(value)));
}
}  // namespace detail

template <class T>
    requires std::is_enum_v<T>
struct Describe<T> {
    static constexpr TypeInfo make() {
        TypeInfo out{.kind = TypeKind::enumeration,
                     .name = type_name<T>(),
                     .max = static_cast<std::uint64_t>(enum_max<T>)};
        if constexpr (detail::NamedEnum<T>) out.name_of = &detail::enum_name<T>;
        return out;
    }
    static constexpr TypeInfo info = make();
};

template <class T>
struct Describe<std::optional<T>> {
    static constexpr TypeInfo info{.kind = TypeKind::optional, .of = &Describe<T>::info};
};
template <class T>
struct Describe<std::vector<T>> {
    static constexpr TypeInfo info{.kind = TypeKind::list, .of = &Describe<T>::info};
};
template <class T, std::size_t N>
struct Describe<std::array<T, N>> {
    static constexpr TypeInfo info{.kind = TypeKind::list, .size = N, .of = &Describe<T>::info};
};
template <class K, class V>
struct Describe<std::map<K, V>> {
    static constexpr TypeInfo info{
        .kind = TypeKind::map, .of = &Describe<V>::info, .key = &Describe<K>::info};
};

/// Elements that have a place and no name.
template <class... T>
struct Unnamed {
    static constexpr std::array<ArgInfo, sizeof...(T)> infos{ArgInfo{{}, &Describe<T>::info}...};
};
template <class... T>
struct Describe<std::tuple<T...>> {
    static constexpr TypeInfo info{.kind = TypeKind::tuple, .fields = Unnamed<T...>::infos};
};
template <class A, class B>
struct Describe<std::pair<A, B>> {
    static constexpr TypeInfo info{.kind = TypeKind::tuple, .fields = Unnamed<A, B>::infos};
};

template <Struct T>
struct Describe<T> {
    static constexpr auto make_fields() {
        return std::apply(
            []<class... F>(const F&...) {
                return std::array<ArgInfo, sizeof...(F)>{
                    ArgInfo{F::name, &Describe<typename F::Type>::info}...};
            },
            Fields<T>::list);
    }
    static constexpr auto members = make_fields();
    static constexpr TypeInfo info{.kind = TypeKind::record, .name = type_name<T>(), .fields = members};
};

}  // namespace sonm::rpc
