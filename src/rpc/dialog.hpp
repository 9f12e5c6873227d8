#pragma once

#include "sonm/rpc/protocol.hpp"
#include "sonm/rpc/raw_stream.hpp"
#include "sonm/rpc/streams.hpp"

/// Channels whose every message is declared: what may be said next depends on what was said, in each
/// direction for itself. This is how existing clients speak, so no credit: the reader's inbox bounds it.
namespace sonm::rpc {

/// What stays after a message: the same state, or nothing.
struct Same {};
struct Closed {};

/// A message of a state. `Next` is Closed, Same, or another State; type numbers may mean other things there.
template <std::uint16_t Type, Text Name, class A = Args<>, class Next = Closed>
struct Say {
    static constexpr Text name = Name;
    using Arguments = A;
    using After = Next;
    static constexpr Slot slot();
};
template <class... S>
struct State {
    using Says = std::tuple<S...>;
};

using Nothing = State<>;
using ErrorArgs = Args<Arg<"code", std::pair<std::int64_t, std::int64_t>>, Arg<"reason", std::string>>;
template <class... T>
using Primitive = State<Say<0, "value", Args<Arg<"", T>...>>, Say<1, "error", ErrorArgs>>;
template <class... T>
using Streaming =
    State<Say<0, "write", Args<Arg<"", T>...>, Same>, Say<1, "error", ErrorArgs>, Say<2, "close">>;

namespace detail {
template <class Says>
struct SlotsOf;
template <class... S>
struct SlotsOf<std::tuple<S...>> {
    static constexpr std::array<Slot, sizeof...(S)> list{S::slot()...};
    static constexpr StateInfo state{list};
};
template <class T>
constexpr const StateInfo* state_after() {
    if constexpr (std::is_same_v<T, Same>)
        return nullptr;
    else if constexpr (std::is_same_v<T, Closed>)
        return &closed_state;
    else
        return &SlotsOf<typename T::Says>::state;
}
/// Every message that a state and its successors have.
template <class T>
struct AllSays {
    using Type = std::tuple<>;
};
template <class... S>
struct AllSays<std::tuple<S...>> {
    using Type = decltype(std::tuple_cat(std::declval<std::tuple<S...>>(),
                                         std::declval<typename AllSays<S>::Type>()...));
};
template <class T>
    requires requires { typename T::Says; }
struct AllSays<T> : AllSays<typename T::Says> {};
template <class T>
    requires requires { typename T::After; }
struct AllSays<T> : AllSays<typename T::After> {};

template <class S, Text Name>
using SayNamed = typename decltype(Find<Name, typename AllSays<S>::Type>::pick())::type;
}  // namespace detail

template <std::uint16_t Type, Text Name, class A, class Next>
constexpr Slot Say<Type, Name, A, Next>::slot() {
    return {Type, std::string_view(Name), message_named(Name), detail::state_after<Next>(), A::infos};
}

/// A channel with declared states: the caller says what `Tx` allows, the called side what `Rx` allows.
template <std::uint16_t Id, Text Name, class A, class Tx, class Rx>
struct Dialog : Method<Id, Name, Shape::dialog, A, Tx, Rx, Returns<>> {
    static constexpr MethodInfo info{
        Id, Name, Shape::dialog, A::infos, {}, {}, {}, detail::state_after<Tx>(), detail::state_after<Rx>()};
};

/// What the other side has said.
template <class In>
class Said {
public:
    explicit Said(RawStream::Item item) : item_(std::move(item)) {}

    std::string_view name() const { return item_.slot->name; }
    template <Text Name>
    bool is() const {
        using Known [[maybe_unused]] = detail::SayNamed<In, Name>;
        return name() == std::string_view(Name);
    }
    /// Its arguments: nothing, one value, or a tuple. Errors: invalid (of another type).
    template <Text Name>
    auto args() const {
        using List = typename detail::SayNamed<In, Name>::Arguments::List;
        SONM_ASSERT(is<Name>());
        Reader in(item_.bytes);
        return unpack_list<List>(in, item_.count);
    }

    /// First header of that name that came with it, or nullptr.
    const std::string* header(std::string_view name) const {
        auto found = std::ranges::find(item_.headers, name, &Header::name);
        return found == item_.headers.end() ? nullptr : &found->value;
    }

private:
    RawStream::Item item_;
};

/// One side of a dialog. One user; may outlive its connection (then it says closed). A caller's dropping it
/// says the first last word without arguments that its state has, if any.
template <class Out, class In>
class Talk {
public:
    explicit Talk(detail::StreamHandle stream) : stream_(std::move(stream)) {}

    /// The other side's next message; nothing once it can say nothing more. Errors: what it gave as
    /// `error`, closed.
    Async<std::optional<Said<In>>> hear() { return take(stream_); }

    /// Says something, waiting while the connection is full. Errors: conflict (not in this state), closed.
    template <Text Name, class... A>
    Async<void> say(A&&... args) {
        using Tuple = typename detail::SayNamed<Out, Name>::Arguments::Tuple;
        return put<Name>(stream_, std::vector<Header>(), Tuple(std::forward<A>(args)...));
    }
    /// The same with headers beside the message.
    template <Text Name, class... A>
    Async<void> say_with(std::vector<Header> headers, A&&... args) {
        using Tuple = typename detail::SayNamed<Out, Name>::Arguments::Tuple;
        return put<Name>(stream_, std::move(headers), Tuple(std::forward<A>(args)...));
    }
    /// The same without waiting: for small and rare messages.
    template <Text Name, class... A>
    Result<void> say_now(A&&... args) {
        using Tuple = typename detail::SayNamed<Out, Name>::Arguments::Tuple;
        return put_now<Name>(*stream_, nullptr, Tuple(std::forward<A>(args)...));
    }

private:
    static Async<std::optional<Said<In>>> take(detail::StreamHandle stream) {
        auto waiting = stream->next();
        SONM_CO_TRY(auto raw, co_await std::move(waiting));
        if (!raw) co_return std::optional<Said<In>>();
        co_return std::optional<Said<In>>(Said<In>(std::move(*raw)));
    }
    template <Text Name, class Tuple>
    static Result<void> put_now(RawStream& stream, const std::vector<Header>* headers, const Tuple& args) {
        SONM_TRY(Writer out, stream.begin_message(Name, headers));
        Codec<Tuple>::pack(out, args);
        return stream.end_message();
    }
    template <Text Name, class Tuple>
    static Async<void> put(detail::StreamHandle stream, std::vector<Header> headers, Tuple args) {
        if (!stream->writable()) {
            auto waiting = stream->ready();
            SONM_CO_CHECK(co_await std::move(waiting));
        }
        co_return put_now<Name>(*stream, headers.empty() ? nullptr : &headers, args);
    }
    detail::StreamHandle stream_;
};

}  // namespace sonm::rpc
