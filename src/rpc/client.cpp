#include "sonm/rpc/client.hpp"

#include <time.h>

namespace sonm::rpc {
namespace {

struct Opening {
    std::shared_ptr<Peer> peer = std::make_shared<Peer>();
    std::uint64_t channel_used = 0;
};

Session::Options session_options(const ConnectOptions& options, std::shared_ptr<const Peer> peer) {
    Session::Options out;
    out.limits = options.limits;
    out.peer = std::move(peer);
    out.service = options.serve;
    return out;
}

/// Asks for a service by name, without a proof of identity.
Async<void> attach(ByteStream& stream, detail::FrameInput& input, std::string service) {
    Bytes question;
    Writer out(question);
    out.array(3);
    out.uint(1);
    out.uint(attach_type);
    out.array(1);
    out.raw(service);
    auto asking = stream.write(question);
    SONM_CO_CHECK(co_await std::move(asking));
    while (true) {
        SONM_CO_TRY(std::optional<detail::Frame> frame, input.next());
        if (!frame) {
            auto filling = input.fill(stream);
            SONM_CO_CHECK(co_await std::move(filling));
            continue;
        }
        if (frame->channel != 1 || frame->type > 1)
            co_return fail(TransportErrc::frame_format, "an unexpected answer to attach");
        if (frame->type == 0) co_return Result<void>();
        Reader in(frame->args);
        SONM_CO_TRY(WireError error, unpack_error(in, frame->args_count));
        co_return tl::unexpected<Error>(from_wire(error));
    }
}

Async<Opening> open(ByteStream& stream, detail::FrameInput& input, std::string service,
                    ConnectOptions options) {
    Opening opening;
    opening.peer->address = stream.peer();
    if (service.empty()) co_return std::move(opening);
    opening.channel_used = 1;
    if (options.signer) {
        IdentityOptions identity;
        identity.signer = options.signer;
        identity.clock = options.clock;
        identity.own_account_too = options.between_nodes;
        auto proving = prove_to_server(stream, input, identity, std::move(service), options.expect);
        SONM_CO_TRY(opening.peer->identity, co_await std::move(proving));
    } else {
        auto attaching = attach(stream, input, std::move(service));
        SONM_CO_CHECK(co_await std::move(attaching));
    }
    co_return std::move(opening);
}

Async<void> ping_over(std::shared_ptr<Session> session, Millis limit) {
    auto deadline = detail::deadline_in(limit);
    Writer out = session->begin_call(ping_type);
    out.array(0);
    PendingCall pending(session);
    SONM_CO_CHECK(pending.commit(deadline));
    auto waiting = pending.reply();
    Reply reply = co_await std::move(waiting);
    if (!reply.value) co_return tl::unexpected<Error>(std::move(reply.value.error()));
    co_return Result<void>();
}

}  // namespace

std::chrono::steady_clock::time_point detail::deadline_in(Millis limit) {
    // The coarse clock runs behind by a timer tick, 10 ms at most.
    if (limit < Millis(1'000)) return std::chrono::steady_clock::now() + limit;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    auto since = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    return std::chrono::steady_clock::time_point(since) + limit;
}

Connection::Connection(std::shared_ptr<Session> session, Millis call_max)
    : session_(std::move(session)), call_max_(call_max) {
    // Shared by all copies: the last one closes. The session itself lives on until its run() has ended.
    closer_ = std::shared_ptr<void>(nullptr, [session = session_](void*) {
        session->close(Error{make_error_code(Errc::closed), "the connection was dropped by its owner"});
    });
}

void Connection::close() {
    if (session_)
        session_->close(Error{make_error_code(Errc::closed), "the connection was closed by its owner"});
}

Async<void> Connection::ping(Millis limit) const { return ping_over(session_, limit); }

Async<Connection> connect_over(TaskGroup& group, std::unique_ptr<ByteStream> stream, std::string service,
                               ConnectOptions options) {
    SONM_ASSERT(!options.signer || options.clock);
    if (options.expect && !options.signer)
        co_return fail(Errc::invalid, "an expected account needs a signer: identities are proven mutually");
    Executor executor = co_await asio::this_coro::executor;
    detail::FrameInput input(options.limits);
    std::string peer = stream->peer(), name = service;
    auto opening = within(options.limits.hello_max, open(*stream, input, std::move(service), options));
    auto opened = co_await std::move(opening);
    if (!opened) co_return wrap(std::move(opened.error()), "asking {} for {}", peer, name);
    auto session_settings = session_options(options, opened->peer);
    auto session = std::make_shared<Session>(executor, std::move(stream), std::move(input),
                                             opened->channel_used, std::move(session_settings));
    if (!group.spawn(Session::run(session)))
        co_return fail(Errc::busy, "no room for another connection, to {}", peer);
    co_return Connection(std::move(session), options.call_max);
}

Async<Connection> connect(TaskGroup& group, std::string address, std::string service,
                          ConnectOptions options) {
    if (options.signer && options.between_nodes && !options.expect) {
        ConnectOptions plain = options;
        plain.signer = nullptr;
        auto asking = connect(group, address, service, std::move(plain));
        auto connection = co_await std::move(asking);
        if (connection || !connection.error().is(SecurityErrc::token_not_found)) co_return connection;
    }
    auto connecting = connect_stream(std::move(address), options.connect_max);
    SONM_CO_TRY(std::unique_ptr<ByteStream> stream, co_await std::move(connecting));
    auto opening = connect_over(group, std::move(stream), std::move(service), std::move(options));
    co_return co_await std::move(opening);
}

Result<Connection> connect_local(TaskGroup& group, const Executor& executor, const ServiceBase& service,
                                 std::optional<crypto::Address> identity) {
    auto [near, far] = make_pipe(executor);
    auto peer = std::make_shared<Peer>();
    peer->identity = identity;
    peer->address = "this process";
    Session::Options callee;
    callee.service = &service;
    callee.peer = peer;
    auto server = std::make_shared<Session>(executor, std::move(far), std::move(callee));
    Session::Options caller;
    caller.peer = std::make_shared<Peer>(Peer{std::nullopt, "this process"});
    auto client = std::make_shared<Session>(executor, std::move(near), std::move(caller));
    if (!group.spawn(Session::run(server)) || !group.spawn(Session::run(client)))
        return fail(Errc::busy, "no room for another connection in this process");
    return Connection(std::move(client), ConnectOptions().call_max);
}

}  // namespace sonm::rpc
