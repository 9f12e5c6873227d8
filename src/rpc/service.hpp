#pragma once

#include "sonm/rpc/context.hpp"
#include "sonm/rpc/dialog.hpp"

#include <functional>

namespace sonm::rpc {

/// Where a synchronous handler's value goes: straight into the session's output.
class ReplyWriter {
public:
    virtual ~ReplyWriter() = default;
    /// Begins the reply; exactly one array must be written then, with nothing in between.
    virtual Writer value() = 0;
};

/// Handlers whose types are forgotten. `args` stands before the arguments, `count` is their number.
using SyncHandler =
    std::function<Result<void>(const Context&, Reader& args, std::size_t count, ReplyWriter& reply)>;
/// Gives a task that yields the final message's arguments (one encoded array).
using AsyncHandler = std::function<Result<Async<Bytes>>(const Context&, Reader& args, std::size_t count,
                                                        std::shared_ptr<RawStream> stream)>;

/// A protocol together with what answers it. Resource type: servers refer to it; bind handlers before
/// serving.
class ServiceBase {
public:
    struct Slot {
        const MethodInfo* method = nullptr;
        SyncHandler sync;  ///< at most one of the two is set
        AsyncHandler async;
    };
    explicit ServiceBase(const ProtocolInfo& protocol);
    ServiceBase(const ServiceBase&) = delete;

    const ProtocolInfo& protocol() const { return protocol_; }
    /// The method of that number, or nullptr.
    const Slot* find(std::uint64_t type) const {
        return type < slots_.size() && slots_[type].method ? &slots_[type] : nullptr;
    }

protected:
    /// DispatchErrc::invalid_argument, naming the method and the argument.
    static Error wrong_arguments(const MethodInfo& method, Error error);
    Slot& slot(std::uint16_t id) { return slots_[id]; }

private:
    const ProtocolInfo& protocol_;
    std::vector<Slot> slots_;
};

namespace detail {

template <class R>
inline constexpr bool is_task = false;
template <class R>
inline constexpr bool is_task<Async<R>> = true;

/// The end of a handler as the final message: its value for calls and uploads, nothing for streams.
template <class List>
Async<Bytes> encode_reply(Async<typename List::Type> handler) {
    auto result = co_await std::move(handler);
    if (!result) co_return tl::unexpected<Error>(std::move(result.error()));
    Bytes encoded;
    Writer out(encoded);
    if constexpr (std::is_void_v<typename List::Type>)
        pack_list<List>(out);
    else
        pack_list<List>(out, *result);
    co_return encoded;
}

}  // namespace detail

/// Binds handlers to the methods of protocol P. A method without one is answered with DispatchErrc::unbound.
template <class P>
class Service : public ServiceBase {
public:
    Service() : ServiceBase(P::info()) {}

    /// Binds `handler(context, arguments..., [Source<In>], [Sink<Out>] or [Talk])`. It returns Async<R>;
    /// calls may also return Result<R>, which is faster: nothing is spawned. Coroutines take the Context by
    /// value.
    template <Text Name, class F>
    void on(F handler) {
        using M = typename P::template Find<Name>;
        bind<M>(std::move(handler), std::type_identity<typename M::Arguments::Tuple>());
    }

private:
    template <class M, class F, class... A>
    void bind(F handler, std::type_identity<std::tuple<A...>>) {
        Slot& slot = this->slot(M::info.id);
        if constexpr (M::shape == Shape::unary || M::shape == Shape::notify) {
            using Returned = std::invoke_result_t<F&, const Context&, A...>;
            if constexpr (detail::is_task<Returned>)
                slot.async = asynchronous<M>(std::move(handler));
            else
                slot.sync = synchronous<M>(std::move(handler));
        } else {
            slot.async = asynchronous<M>(std::move(handler));
        }
    }

    template <class M>
    static auto arguments(Reader& args, std::size_t count) {
        auto values = unpack_spread<typename M::Arguments::Tuple>(args, count, M::Arguments::names);
        if (!values) values.error() = wrong_arguments(M::info, std::move(values.error()));
        return values;
    }

    template <class M, class F>
    static SyncHandler synchronous(F handler) {
        return [handler = std::move(handler)](const Context& context, Reader& args, std::size_t count,
                                              ReplyWriter& reply) mutable -> Result<void> {
            SONM_TRY(auto values, arguments<M>(args, count));
            auto call = [&](auto&... value) { return handler(context, std::move(value)...); };
            Result<typename M::Reply::Type> result = std::apply(call, values);
            if (!result) return tl::unexpected<Error>(std::move(result.error()));
            if constexpr (M::shape == Shape::unary) {
                Writer out = reply.value();
                if constexpr (std::is_void_v<typename M::Reply::Type>)
                    pack_list<typename M::Reply>(out);
                else
                    pack_list<typename M::Reply>(out, *result);
            }
            return Result<void>();
        };
    }

    template <class M, class F>
    static AsyncHandler asynchronous(F handler) {
        return [handler = std::move(handler)](
                   const Context& context, Reader& args, std::size_t count,
                   std::shared_ptr<RawStream> stream) mutable -> Result<Async<Bytes>> {
            SONM_TRY(auto values, arguments<M>(args, count));
            auto call = [&](auto&... value) {
                if constexpr (M::shape == Shape::unary || M::shape == Shape::notify)
                    return handler(context, std::move(value)...);
                else if constexpr (M::shape == Shape::server_stream)
                    return handler(context, std::move(value)..., BasicSink<typename M::Downstream>(stream));
                else if constexpr (M::shape == Shape::client_stream)
                    return handler(context, std::move(value)..., BasicSource<typename M::Upstream>(stream));
                else if constexpr (M::shape == Shape::dialog)
                    return handler(context, std::move(value)...,
                                   Talk<typename M::Downstream, typename M::Upstream>(stream));
                else
                    return handler(context, std::move(value)..., BasicSource<typename M::Upstream>(stream),
                                   BasicSink<typename M::Downstream>(stream));
            };
            return detail::encode_reply<typename M::Reply>(std::apply(call, values));
        };
    }
};

}  // namespace sonm::rpc
