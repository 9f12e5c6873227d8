#pragma once

#include "sonm/rpc/describe.hpp"

/// The declaration of a protocol as one type. Everything else is derived: the graph, the typed client, the
/// binding of handlers.
namespace sonm::rpc {

/// One argument. Trailing arguments of type std::optional may be left out by callers.
template <Text Name, class T>
struct Arg {
    static constexpr std::string_view name = Name;
    using Type = T;
};
template <class... T>
struct ListOf {
    using Type = std::tuple<T...>;
};
template <>
struct ListOf<> {
    using Type = void;
};
template <class T>
struct ListOf<T> {
    using Type = T;
};
/// Elements of a message, in order.
template <class... T>
struct List {
    using Type = typename ListOf<T...>::Type;
    using Tuple = std::tuple<T...>;
    static constexpr auto& infos = Unnamed<T...>::infos;
};
template <class... A>
struct Args {
    using Tuple = std::tuple<typename A::Type...>;
    using List = rpc::List<typename A::Type...>;
    static constexpr std::array<std::string_view, sizeof...(A)> names{A::name...};
    static constexpr std::array<ArgInfo, sizeof...(A)> infos{
        ArgInfo{A::name, &Describe<typename A::Type>::info}...};
};

/// What a call gives back: nothing, one value, or several as a tuple.
template <class... T>
struct Returns : List<T...> {};
/// What one item of a stream is made of.
template <class... T>
struct Items : List<T...> {
    static_assert(sizeof...(T) > 0, "an item of a stream has at least one element");
};
/// No items in that direction.
struct NoItems {
    static constexpr std::span<const ArgInfo> infos{};
};

/// The elements of what is a list; a dialog's states are none.
template <class T>
constexpr std::span<const ArgInfo> infos_of() {
    if constexpr (requires { T::infos; })
        return T::infos;
    else
        return {};
}

template <std::uint16_t Id, Text Name, Shape S, class A, class In, class Out, class R>
struct Method {
    static_assert(Id < 1024, "method numbers stay small: services index by them");
    static constexpr Text name = Name;
    static constexpr MethodInfo info{
        Id, Name, S, A::infos, infos_of<In>(), infos_of<Out>(), infos_of<R>(), nullptr, nullptr};
    static constexpr Shape shape = S;
    using Arguments = A;
    using Upstream = In;     ///< items (or states of a dialog) from the caller
    using Downstream = Out;  ///< the same to the caller
    using Reply = R;
};

/// One question, one answer.
template <std::uint16_t Id, Text Name, class A = Args<>, class R = Returns<>>
struct Call : Method<Id, Name, Shape::unary, A, NoItems, NoItems, R> {};
/// One message that is never answered.
template <std::uint16_t Id, Text Name, class A = Args<>>
struct Notify : Method<Id, Name, Shape::notify, A, NoItems, NoItems, Returns<>> {};
/// The service sends items until it is done or the caller has had enough.
template <std::uint16_t Id, Text Name, class A, class Out>
struct ServerStream : Method<Id, Name, Shape::server_stream, A, NoItems, Out, Returns<>> {};
/// The caller sends items, then gets one answer.
template <std::uint16_t Id, Text Name, class A, class In, class R = Returns<>>
struct ClientStream : Method<Id, Name, Shape::client_stream, A, In, NoItems, R> {};
/// Items both ways.
template <std::uint16_t Id, Text Name, class A, class In, class Out>
struct BiStream : Method<Id, Name, Shape::bi_stream, A, In, Out, Returns<>> {};
/// Items both ways as clients without credit speak it; a reader that is behind holds up its whole session.
template <std::uint16_t Id, Text Name, class A, class In, class Out>
struct PlainStream : Method<Id, Name, Shape::plain_stream, A, In, Out, Returns<>> {};

/// Lets a room's error enum travel under `Number` (from 0x5301 up, unique in the project).
template <int Number, class Enum>
struct Errors {
    static ErrorCategory entry() { return {Number, &make_error_code(Enum{}).category()}; }
};

template <class T>
concept IsMethod = requires { T::info; };

namespace detail {
template <class T>
using MethodsOf = std::conditional_t<IsMethod<T>, std::tuple<T>, std::tuple<>>;
template <Text Name, class Tuple>
struct Find;
template <Text Name, class First, class... Rest>
struct Find<Name, std::tuple<First, Rest...>> {
    static constexpr auto pick() {
        if constexpr (std::string_view(First::name) == std::string_view(Name))
            return std::type_identity<First>();
        else
            return Find<Name, std::tuple<Rest...>>::pick();
    }
};
template <Text Name>
struct Find<Name, std::tuple<>> {
    static constexpr auto pick() {
        static_assert(sizeof(Name) == 0, "the protocol has no method of that name");
    }
};
template <class Tuple>
struct InfosOf;
template <class... M>
struct InfosOf<std::tuple<M...>> {
    static constexpr std::array<MethodInfo, sizeof...(M)> list{M::info...};
};
}  // namespace detail

/// A protocol: name, version, and in any order its methods and `Errors`.
template <Text Name, std::uint32_t Version, class... Entries>
struct Protocol {
    static constexpr std::string_view name = Name;
    static constexpr std::uint32_t version = Version;
    using Methods = decltype(std::tuple_cat(std::declval<detail::MethodsOf<Entries>>()...));
    template <Text Method>
    using Find = typename decltype(detail::Find<Method, Methods>::pick())::type;

    static const ProtocolInfo& info() {
        static const std::vector<ErrorCategory> errors = categories();
        static const ProtocolInfo value{name, version, detail::InfosOf<Methods>::list, errors};
        return value;
    }

private:
    static std::vector<ErrorCategory> categories() {
        std::vector<ErrorCategory> out;
        auto add = [&]<class Entry>(std::type_identity<Entry>) {
            if constexpr (!IsMethod<Entry>) out.push_back(Entry::entry());
        };
        (add(std::type_identity<Entries>()), ...);
        return out;
    }
};

template <>
struct Codec<Encoded> {
    static void pack(Writer& out, const Encoded& value) { out.encoded(value.bytes); }
    static Result<Encoded> unpack(Reader& in) {
        return in.skip().map([](BytesView bytes) { return Encoded{to_bytes(bytes)}; });
    }
};

/// Reads the elements of a message: `count` of them, spread.
template <class Tuple, std::size_t N>
Result<Tuple> unpack_spread(Reader& in, std::size_t count, const std::array<std::string_view, N>& names) {
    Tuple values{};
    auto name = [&](std::size_t index) {
        return index < N && !names[index].empty() ? std::string(names[index])
                                                  : fmt::format("element {}", index);
    };
    SONM_CHECK(unpack_each(in, count, std::tuple_size_v<Tuple>, values, name,
                           std::make_index_sequence<std::tuple_size_v<Tuple>>()));
    return values;
}
/// The same for what `Returns` and `Items` name: void, a value, or a tuple.
template <class List>
Result<typename List::Type> unpack_list(Reader& in, std::size_t count) {
    std::array<std::string_view, 0> unnamed{};
    auto values = unpack_spread<typename List::Tuple>(in, count, unnamed);
    if (!values) return tl::unexpected<Error>(std::move(values.error()));
    if constexpr (std::tuple_size_v<typename List::Tuple> == 0)
        return Result<void>();
    else if constexpr (std::tuple_size_v<typename List::Tuple> == 1)
        return std::move(std::get<0>(*values));
    else
        return std::move(*values);
}
template <class List>
void pack_list(Writer& out, const auto&... value) {
    constexpr std::size_t size = std::tuple_size_v<typename List::Tuple>;
    out.array(size);
    if constexpr (size == 1)
        (pack_all(out, value), ...);
    else if constexpr (size > 1)
        (std::apply([&](const auto&... each) { pack_all(out, each...); }, value), ...);
}

}  // namespace sonm::rpc
