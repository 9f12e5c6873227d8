#pragma once

#include "sonm/rpc/identity.hpp"
#include "sonm/rpc/session.hpp"

namespace sonm::rpc {

struct ConnectOptions {
    ConnectOptions() = default;
    Limits limits;
    Millis connect_max{10'000};
    Millis call_max{30'000};                 ///< default deadline of unary calls
    const crypto::Signer* signer = nullptr;  ///< set: mutual proof of identity; must outlive the opening
    const Clock* clock = nullptr;            ///< needed with a signer
    std::optional<crypto::Address> expect;   ///< who must be at the other end; needs a signer
    /// One node asks another: it proves its account only where that is wanted, since others have none to
    /// answer with, and both may have one account. Needs a service's name.
    bool between_nodes = false;
    const ServiceBase* serve = nullptr;  ///< what the other side may call here; outlives the connection
};

/// A handle on one session with one service. Copies share it; it closes when the last copy goes.
class Connection {
public:
    Connection() = default;
    Connection(std::shared_ptr<Session> session, Millis call_max);

    bool is_open() const { return session_ && session_->is_open(); }
    /// Proven account of the other side.
    const std::optional<crypto::Address>& peer_identity() const { return session_->peer().identity; }
    const std::string& peer() const { return session_->peer().address; }
    void close();
    /// Asks the other side for a sign of life. Errors: timeout, closed.
    Async<void> ping(Millis limit) const;

    Session& session() const { return *session_; }
    const std::shared_ptr<Session>& shared() const { return session_; }
    Millis call_max() const { return call_max_; }

private:
    std::shared_ptr<Session> session_;
    std::shared_ptr<void> closer_;
    Millis call_max_{30'000};
};

/// Connects to "host:port" or "unix:/path" and asks for the service of that name. The session runs as a child
/// of `group`, which must outlive it. Errors: unavailable, timeout, service_not_available, unauthorized, busy
/// (the group is full).
Async<Connection> connect(TaskGroup& group, std::string address, std::string service,
                          ConnectOptions options = ConnectOptions());
/// The same over a stream that exists. An empty service name: speak to whatever the port's root is, without
/// attaching.
Async<Connection> connect_over(TaskGroup& group, std::unique_ptr<ByteStream> stream, std::string service,
                               ConnectOptions options = ConnectOptions());
/// To a service of this process, through a pipe in memory; `identity` is what its handlers see as the
/// caller's.
Result<Connection> connect_local(TaskGroup& group, const Executor& executor, const ServiceBase& service,
                                 std::optional<crypto::Address> identity = std::nullopt);

namespace detail {
/// When a call that begins now is late. Long limits are counted from the clock that is cheap to read.
std::chrono::steady_clock::time_point deadline_in(Millis limit);

using SharedHeaders = std::shared_ptr<const std::vector<Header>>;

template <class M, class... A>
Async<typename M::Reply::Type> call(std::shared_ptr<Session> session, Millis limit, SharedHeaders headers,
                                    A... args) {
    auto deadline = deadline_in(limit);
    if (!session->has_room()) {
        auto waiting = session->room();
        SONM_CO_CHECK(co_await std::move(waiting));
    }
    Writer out = session->begin_call(M::info.id, headers.get());
    out.array(sizeof...(A));
    pack_all(out, args...);
    PendingCall pending(std::move(session));
    SONM_CO_CHECK(pending.commit(deadline));
    auto waiting = pending.reply();
    Reply reply = co_await std::move(waiting);
    if (!reply.value) co_return wrap(std::move(reply.value.error()), "{}", M::info.name);
    Reader in(*reply.value);
    co_return unpack_list<typename M::Reply>(in, reply.count);
}

template <class M, class Tuple>
struct Caller;
template <class M, class... A>
struct Caller<M, std::tuple<A...>> {
    static Async<typename M::Reply::Type> call(std::shared_ptr<Session> session, Millis limit,
                                               SharedHeaders headers, A... args) {
        return detail::call<M, A...>(std::move(session), limit, std::move(headers), std::move(args)...);
    }
    static Writer begin(Session& session, const std::vector<Header>* headers, const A&... args) {
        Writer out = session.begin_call(M::info.id, headers);
        out.array(sizeof...(A));
        pack_all(out, args...);
        return out;
    }
};
}  // namespace detail

/// Calls the methods of protocol P by name. Cheap to copy.
template <class P>
class Client {
public:
    explicit Client(Connection connection) : connection_(std::move(connection)) {
        connection_.session().use_errors(P::info().errors);
    }

    const Connection& connection() const { return connection_; }
    /// The same client; what it opens carries these headers.
    Client with(std::vector<Header> headers) const {
        Client other(*this);
        other.headers_ = std::make_shared<const std::vector<Header>>(std::move(headers));
        return other;
    }

    /// A call; the arguments are those of the declaration. Errors: the service's own, timeout, closed, busy.
    template <Text Name, class... A>
    auto call(A&&... args) const {
        return call_within<Name>(connection_.call_max(), std::forward<A>(args)...);
    }
    template <Text Name, class... A>
    auto call_within(Millis limit, A&&... args) const {
        using M = typename P::template Find<Name>;
        static_assert(M::shape == Shape::unary, "use stream or notify");
        return detail::Caller<M, typename M::Arguments::Tuple>::call(connection_.shared(), limit, headers_,
                                                                     std::forward<A>(args)...);
    }
    /// Sends a message that is not answered.
    template <Text Name, class... A>
    Result<void> notify(A&&... args) const {
        using M = typename P::template Find<Name>;
        static_assert(M::shape == Shape::notify);
        detail::Caller<M, typename M::Arguments::Tuple>::begin(connection_.session(), headers_.get(),
                                                               std::forward<A>(args)...);
        return connection_.session().commit_notify();
    }
    /// Opens a stream: BasicSource, BasicUpload, Duplex or Talk, as the method's shape says. Dropping it
    /// cancels. Errors: closed, busy.
    template <Text Name, class... A>
    auto stream(A&&... args) const {
        using M = typename P::template Find<Name>;
        static_assert(M::shape != Shape::unary && M::shape != Shape::notify, "use call or notify");
        detail::Caller<M, typename M::Arguments::Tuple>::begin(connection_.session(), headers_.get(),
                                                               std::forward<A>(args)...);
        auto opened = connection_.session().commit_stream(M::info).map(detail::caller_handle);
        auto typed = [](detail::StreamHandle handle) {
            if constexpr (M::shape == Shape::server_stream)
                return BasicSource<typename M::Downstream>(std::move(handle));
            else if constexpr (M::shape == Shape::dialog)
                return Talk<typename M::Upstream, typename M::Downstream>(std::move(handle));
            else if constexpr (M::shape == Shape::client_stream)
                return BasicUpload<typename M::Upstream, typename M::Reply>(std::move(handle));
            else
                return Duplex<typename M::Upstream, typename M::Downstream>{
                    BasicSource<typename M::Downstream>(handle), BasicSink<typename M::Upstream>(handle)};
        };
        using Out = Result<decltype(typed(detail::StreamHandle()))>;
        return Out(std::move(opened).map(typed));
    }

    /// Opens a dialog; gives the caller's Talk. Errors: closed, busy.
    template <Text Name, class... A>
    auto talk(A&&... args) const {
        return stream<Name>(std::forward<A>(args)...);
    }

private:
    Connection connection_;
    detail::SharedHeaders headers_;
};

}  // namespace sonm::rpc
