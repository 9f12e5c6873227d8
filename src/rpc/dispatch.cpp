#include "sonm/base/log.hpp"
#include "sonm/rpc/session.hpp"

/// What a session does with the frames that come in, and the three kinds of calls that go out.
namespace sonm::rpc {
namespace {

constexpr std::uint8_t empty_array[] = {0x90};

}  // namespace

/// Writes a synchronous handler's value straight into the outbox.
class Session::DirectReply final : public ReplyWriter {
public:
    DirectReply(Session& session, std::uint64_t channel) : session_(session), channel_(channel) {}
    Writer value() override {
        begun_ = true;
        return session_.begin(channel_, 0);
    }
    bool begun() const { return begun_; }

private:
    Session& session_;
    std::uint64_t channel_;
    bool begun_ = false;
};

Result<void> Session::handle(const detail::Frame& frame) {
    std::optional<Context> own;
    if (frame.headers_count != 0) {
        Reader in(frame.headers);
        auto headers = headers_.decode(in, frame.headers_count);
        if (!headers) return fail(TransportErrc::header_decode, "{}", headers.error().context);
        own.emplace(peer_, std::move(*headers));
    }
    if (frame.channel > channel_max_) return open_inbound(frame, own ? *own : context_);
    if (auto call = calls_.find(frame.channel); call != calls_.end()) return deliver(call, frame);
    auto found = streams_.find(frame.channel);
    if (found != streams_.end()) {
        auto stream = found->second;
        const Context& context = own ? *own : context_;
        SONM_CHECK(stream->receive(frame.type, frame.args, frame.args_count, context.headers()));
        stream->leave_if_over();
        return Result<void>();
    }
    if (auto late = lingering_.find(frame.channel); late != lingering_.end()) {
        if (frame.type != 0) lingering_.erase(late);
        return Result<void>();
    }
    // Answers to calls that were given up may still come; whoever never calls has nothing to be answered.
    if (calls_out_) return Result<void>();
    return fail(TransportErrc::frame_format, "a message on channel {}, which has ended", frame.channel);
}

Result<void> Session::control(const detail::Frame& frame) {
    channel_max_ = frame.channel;
    if (frame.type == revoke_type) SONM_CHECK(revoke(frame));
    if (frame.type == settings_type || frame.type == goaway_type)
        return fail(Errc::closed, "{} has said that it goes away", peer_->address);
    send(frame.channel, 0, empty_array);
    return Result<void>();
}

Result<void> Session::revoke(const detail::Frame& frame) {
    Reader in(frame.args);
    SONM_TRY(std::uint64_t channel, in.uint());
    WireError why{7, static_cast<int>(DispatchErrc::revoked_channel), {}};
    if (frame.args_count > 1) {
        SONM_TRY(auto code, (unpack<std::pair<std::int64_t, std::int64_t>>(in)));
        std::tie(why.category, why.code) = code;
    }
    Error error = from_wire(why, errors_);
    if (auto call = calls_.find(channel); call != calls_.end())
        take(call).waiter_.post(Reply{tl::unexpected<Error>(error), 0});
    if (auto stream = drop(channel)) stream->revoke(error);
    return Result<void>();
}

Result<void> Session::open_inbound(const detail::Frame& frame, const Context& context) {
    const ServiceBase::Slot* slot = service_ ? service_->find(frame.type) : nullptr;
    if (!slot && frame.type >= control_type_min && frame.type <= revoke_type) return control(frame);
    if (!slot)
        return fail(DispatchErrc::slot_not_found, "method {} on channel {}", frame.type, frame.channel);
    channel_max_ = frame.channel;
    Shape shape = slot->method->shape;
    if (shape != Shape::unary && shape != Shape::notify) return open_stream(frame, *slot, context);
    if (slot->sync) return call_sync(frame, *slot, context);
    if (slot->async) return call_async(frame, *slot, context);
    if (shape == Shape::unary)
        send_error(frame.channel,
                   Error{make_error_code(DispatchErrc::unbound), std::string(slot->method->name)});
    return Result<void>();
}

Result<void> Session::call_sync(const detail::Frame& frame, const ServiceBase::Slot& slot,
                                const Context& context) {
    Reader args(frame.args);
    DirectReply reply(*this, frame.channel);
    auto call = [&] { return slot.sync(context, args, frame.args_count, reply); };
    Result<void> outcome = contain_call(call);
    if (slot.method->shape == Shape::notify) {
        // Nobody can be told: the session ends, as for any offence.
        if (!outcome) return wrap(std::move(outcome.error()), "{}", slot.method->name);
        return outcome;
    }
    if (outcome && reply.begun()) outcome = commit().map([](std::size_t) {});
    if (!outcome) send_error(frame.channel, std::move(outcome.error()));
    return Result<void>();
}

Result<void> Session::call_async(const detail::Frame& frame, const ServiceBase::Slot& slot,
                                 const Context& context) {
    Shape shape = slot.method->shape;
    auto refuse = [&](Error error) {
        if (shape == Shape::unary) send_error(frame.channel, std::move(error));
        return Result<void>();
    };
    if (auto room = may_open(); !room) return refuse(std::move(room.error()));
    Reader args(frame.args);
    auto call = [&] { return slot.async(context, args, frame.args_count, nullptr); };
    Result<Async<Bytes>> handler = contain_call(call);
    if (!handler) return refuse(std::move(handler.error()));
    SONM_CHECK(hold(frame.args.size()));
    ++answering_;
    auto work = answer(frame.channel, shape, std::move(*handler), frame.args.size());
    if (group_->spawn(std::move(work))) return Result<void>();
    --answering_;
    release(frame.args.size());
    return refuse(Error{make_error_code(Errc::busy), "too many calls at once"});
}

Task<void> Session::answer(std::uint64_t channel, Shape shape, Async<Bytes> handler, std::size_t held) {
    struct Done {
        Done(Session& s, std::size_t h) : session(s), held(h) {}
        ~Done() {
            --session.answering_;
            session.release(held);
        }
        Session& session;
        std::size_t held;
    };
    Done done(*this, held);
    auto contained = contain(std::move(handler));
    Result<Bytes> result = co_await std::move(contained);
    if (shape == Shape::notify) co_return;
    if (result)
        send(channel, 0, *result);
    else
        send_error(channel, std::move(result.error()));
}

Result<void> Session::open_stream(const detail::Frame& frame, const ServiceBase::Slot& slot,
                                  const Context& context) {
    // A refused stream could not be told from an offence once its items arrive: beyond the limit the session
    // ends.
    SONM_CHECK(may_open());
    auto stream = std::make_shared<RawStream>(*this, frame.channel, *slot.method, false);
    streams_.emplace(frame.channel, stream);
    Reader args(frame.args);
    auto call = [&]() -> Result<Async<Bytes>> {
        if (!slot.async) return fail(DispatchErrc::unbound, "{}", slot.method->name);
        return slot.async(context, args, frame.args_count, stream);
    };
    Result<Async<Bytes>> handler = contain_call(call);
    if (!handler) {
        stream->finish(tl::unexpected<Error>(std::move(handler.error())));
        stream->abandon();
        return Result<void>();
    }
    auto work = serve_stream(stream, std::move(*handler));
    if (!group_->spawn(std::move(work))) return fail(Errc::busy, "too many calls at once");
    return Result<void>();
}

Task<void> Session::serve_stream(std::shared_ptr<RawStream> stream, Async<Bytes> handler) {
    struct Done {
        explicit Done(RawStream& s) : stream(s) {}
        ~Done() { stream.abandon(); }
        RawStream& stream;
    };
    Done done(*stream);
    auto body = [stream, &handler](TaskGroup& group) {
        group.spawn(run_handler(stream, std::move(handler)));
        return stream->until_stopped();
    };
    auto work = scope(1, std::move(body));
    co_await std::move(work);
}

Task<void> Session::run_handler(std::shared_ptr<RawStream> stream, Async<Bytes> handler) {
    if (is_credited(stream->shape(), false)) {
        // The caller's first grant is right behind the opening frame: it counts from the first item on.
        auto behind_this_batch = asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        co_await std::move(behind_this_batch);
    }
    auto contained = contain(std::move(handler));
    Result<Bytes> result = co_await std::move(contained);
    if (!result && result.error().is(Errc::internal))
        result.error().code = make_error_code(DispatchErrc::uncaught);
    stream->finish(result);
    stream->stop_handler();
}

std::shared_ptr<RawStream> Session::drop(std::uint64_t channel) {
    auto stream = streams_.extract(channel);
    if (!stream) return nullptr;
    widened_ -= stream.mapped()->window_ - stream_window_bytes;
    return std::move(stream.mapped());
}

bool Session::widen(std::size_t more) {
    if (widened_ + more > limits_.inbound_bytes_max / 4) return false;
    widened_ += more;
    return true;
}

void Session::linger(std::uint64_t channel) {
    drop(channel);
    lingering_.insert(channel);
    if (lingering_.size() > limits_.channels_max) lingering_.erase(lingering_.begin());
}

Result<void> Session::deliver(Calls::iterator found, const detail::Frame& frame) {
    if (frame.type > 1)
        return fail(TransportErrc::frame_format, "message {} as the reply on channel {}", frame.type,
                    frame.channel);
    Reply reply{BytesView(frame.args), frame.args_count};
    if (frame.type == 1) {
        Reader in(frame.args);
        SONM_TRY(WireError error, unpack_error(in, frame.args_count));
        reply.value = tl::unexpected<Error>(from_wire(error, errors_));
    }
    // Taken out first: the waiter goes on inside complete() and may call again.
    take(found).waiter_.complete(std::move(reply));
    return Result<void>();
}

PendingCall& Session::take(Calls::iterator found) {
    spare_ = calls_.extract(found);
    spare_.mapped()->channel_ = 0;
    return *spare_.mapped();
}

PendingCall::PendingCall(std::shared_ptr<Session> session)
    : session_(std::move(session)), waiter_(session_->executor_) {}

PendingCall::~PendingCall() {
    if (channel_) session_->calls_.erase(channel_);
}

Result<void> PendingCall::commit(std::chrono::steady_clock::time_point deadline) {
    deadline_ = deadline;
    return session_->commit_call(*this);
}

Result<void> Session::commit_call(PendingCall& call) {
    if (auto room = may_open(); !room) {
        outbox_.buffer().resize(frame_begin_);
        return tl::unexpected<Error>(std::move(room.error()));
    }
    SONM_TRY(std::size_t size, commit());
    (void)size;
    call.channel_ = ++channel_max_;
    calls_out_ = true;
    if (spare_) {
        spare_.key() = call.channel_;
        spare_.mapped() = &call;
        calls_.insert(std::move(spare_));
    } else {
        calls_.emplace(call.channel_, &call);
    }
    if (group_ && call.deadline_ < next_check_) arm(call.deadline_);
    return Result<void>();
}

Result<void> Session::commit_notify() {
    SONM_CHECK(commit().map([](std::size_t) {}));
    ++channel_max_;
    calls_out_ = true;
    return Result<void>();
}

Result<std::shared_ptr<RawStream>> Session::commit_stream(const MethodInfo& method) {
    if (auto room = may_open(); !room) {
        outbox_.buffer().resize(frame_begin_);
        return tl::unexpected<Error>(std::move(room.error()));
    }
    bool alone = !outbox_.gathering();
    outbox_.gather();  // the opening frame and the first grant leave together
    auto committed = commit();
    if (!committed) {
        if (alone) flush();
        return tl::unexpected<Error>(std::move(committed.error()));
    }
    std::uint64_t channel = ++channel_max_;
    calls_out_ = true;
    auto stream = std::make_shared<RawStream>(*this, channel, method, true);
    streams_.emplace(channel, stream);
    stream->consumed_ = stream_window_bytes;
    stream->grant(0);  // the first grant opens the window, if items come on credit
    if (alone) flush();
    return stream;
}

}  // namespace sonm::rpc
