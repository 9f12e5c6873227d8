#include "sonm/rpc/session.hpp"

#include "sonm/base/log.hpp"

namespace sonm::rpc {
namespace {

using Clock = std::chrono::steady_clock;

/// Children of a session that serve no call: the writer, and some slack for those that are just ending.
constexpr std::size_t own_children = 16;
/// After so long without a frame the writer rests, which saves its memory.
constexpr Millis writer_idle_max{2'000};
/// What the first half of a batch gives rise to leaves before the second half is worked off: the other side
/// works meanwhile. Fewer frames are not worth a write of their own.
constexpr std::size_t frames_apart = 24;

}  // namespace

Session::Session(Executor executor, std::unique_ptr<ByteStream> stream, Options options)
    : Session(executor, std::move(stream), detail::FrameInput(options.limits), 0, options) {}

Session::Session(Executor executor, std::unique_ptr<ByteStream> stream, detail::FrameInput input,
                 std::uint64_t channel_used, Options options)
    : executor_(executor),
      limits_(options.limits),
      service_(options.service),
      peer_(options.peer ? std::move(options.peer) : std::make_shared<Peer>()),
      context_(peer_),
      stream_(std::move(stream)),
      immediate_(dynamic_cast<Immediate*>(stream_.get())),
      input_(std::move(input)),
      outbox_(executor, limits_.outbound_bytes_max),
      channel_max_(channel_used),
      watch_timer_(executor),
      active_at_(Clock::now()),
      frame_since_(active_at_),
      written_(executor),
      unstalled_(executor) {
    if (service_) errors_ = service_->protocol().errors;
}

Session::~Session() { end(Error{make_error_code(Errc::closed), "the session has ended"}); }

Task<void> Session::run(std::shared_ptr<Session> self) {
    struct Ending {
        explicit Ending(Session& s) : session(s) {}
        ~Ending() {
            session.group_ = nullptr;  // it is gone: no writer can be started any more
            session.end(Error{make_error_code(Errc::closed), "the session was stopped"});
            session.stream_->close();
        }
        Session& session;
    } ending(*self);
    auto body = [session = self.get()](TaskGroup& group) { return session->serve(group); };
    auto work = scope(self->limits_.channels_max + own_children, std::move(body));
    co_await std::move(work);
}

Task<void> Session::serve(TaskGroup& group) {
    group_ = &group;
    flush();
    arm(expire(Clock::now()));
    auto reading = read_all();
    co_await std::move(reading);
    // What is left is still written, for a while; then this body ends, and with it every handler.
    while (writer_runs_) {
        auto waiting = written_.wait();
        co_await std::move(waiting);
    }
}

Task<void> Session::read_all() {
    bool partial = false;
    while (!ended_) {
        bool progress = false;
        outbox_.gather();
        const std::size_t half = input_.unread() / 2;
        bool halfway = false;
        for (std::size_t count = 1; !ended_; ++count) {
            auto frame = input_.next();
            if (!frame) co_return end(std::move(frame.error()));
            if (!*frame) break;
            progress = true;
            auto outcome = handle(**frame);
            if (!outcome) co_return end(std::move(outcome.error()));
            bool apart = !halfway && count >= frames_apart && input_.unread() <= half;
            if (!apart && !outbox_.full() && !stalled()) continue;
            halfway |= apart;
            flush();
            if (outbox_.full()) {
                // The peer does not read its answers: it gets no new ones until it does.
                auto waiting = outbox_.room();
                co_await std::move(waiting);
            }
            if (stalled()) {
                auto waiting = wait_for_readers();
                co_await std::move(waiting);
            }
            outbox_.gather();
        }
        flush();
        auto now = Clock::now();
        if (progress) active_at_ = now;
        if (input_.partial() && (progress || !partial)) frame_since_ = now;
        partial = input_.partial();
        reading_ = true;
        auto reading = stream_->read_some(input_.room(immediate_));
        auto count = co_await std::move(reading);
        reading_ = false;
        if (!count) co_return end(std::move(count.error()));
        input_.arrived(*count, immediate_);
    }
}

Task<void> Session::wait_for_readers() {
    stalled_since_ = Clock::now();
    while (stalled() && !ended_) {
        auto waiting = unstalled_.wait();
        co_await std::move(waiting);
    }
    stalled_since_.reset();
}

void Session::count_uncredited(std::size_t more, std::size_t less, int full) {
    uncredited_ += more;
    uncredited_ -= less;
    full_streams_ += full;
    if (stalled_since_ && !stalled()) unstalled_.wake();
}

void Session::flush() {
    if (outbox_.flush(immediate_)) start_writer();
}

void Session::start_writer() {
    if (!group_ || writer_runs_) return;
    writer_runs_ = true;  // before it begins: it may end at once
    if (!group_->spawn(write_all())) writer_runs_ = false;
}

Task<void> Session::write_all() {
    struct Running {
        explicit Running(bool& f) : flag(f) {}
        ~Running() { flag = false; }
        bool& flag;
    };
    Result<void> written;
    {
        Running running(writer_runs_);
        auto writing = outbox_.run(*stream_);
        written = co_await std::move(writing);
    }
    if (!written) end(std::move(written.error()));
    if (!ended_) co_return;
    watch_timer_.cancel();
    stream_->close();
    written_.wake();
}

/// A plain callback: a coroutine of its own would cost each idle connection more than a kilobyte.
void Session::arm(TimePoint at) {
    next_check_ = at;
    watch_timer_.expires_at(at);
    watch_timer_.async_wait([weak = weak_from_this()](std::error_code error) {
        auto self = weak.lock();
        if (self && !error) self->tick();
    });
}

void Session::tick() {
    auto now = Clock::now();
    if (ended_) return stream_->close();  // what was left had its time
    if (auto error = overdue(now)) return end(std::move(*error));
    if (now - active_at_ > writer_idle_max) outbox_.rest();
    arm(expire(now));
}

std::optional<Error> Session::overdue(TimePoint now) const {
    auto late = [](const char* what, Millis limit) {
        return Error{make_error_code(Errc::timeout), fmt::format("{} within {} ms", what, limit.count())};
    };
    auto writing = outbox_.writing_since();
    if (writing && now - *writing > limits_.write_max)
        return late("the peer did not read", limits_.write_max);
    if (reading_ && input_.partial() && now - frame_since_ > limits_.frame_max)
        return late("a frame was not completed", limits_.frame_max);
    if (stalled_since_ && now - *stalled_since_ > limits_.stall_max)
        return late("what came on a stream was not read", limits_.stall_max);
    if (channels() == 0 && now - active_at_ > limits_.idle_max)
        return late("nothing was said", limits_.idle_max);
    return std::nullopt;
}

Session::TimePoint Session::expire(TimePoint now) {
    // The slow limits are looked at a few times within their span; calls exactly when they are due.
    auto shortest = std::min({limits_.write_max, limits_.frame_max, limits_.idle_max, limits_.stall_max});
    TimePoint next = now + std::clamp(shortest / 4, Millis(1), Millis(5'000));
    for (auto at = calls_.begin(); at != calls_.end();) {
        auto call = at++;
        if (call->second->deadline_ > now)
            next = std::min(next, call->second->deadline_);
        else
            take(call).waiter_.post(
                Reply{fail(Errc::timeout, "no answer from {} in time", peer_->address), 0});
    }
    return next;
}

bool Session::is_answered() const {
    auto answered = [](const auto& stream) { return stream.second->answered(); };
    return calls_.empty() && answering_ == 0 && outbox_.empty() &&
           std::all_of(streams_.begin(), streams_.end(), answered);
}

void Session::close(Error why) { end(std::move(why)); }

void Session::end(Error why) {
    if (ended_) return;
    flush();
    if (ended_) return;  // by what was noticed while writing
    ended_ = true;
    why_ = std::move(why);
    bool expected = why_.is(Errc::closed);
    if (!expected) SONM_LOG(debug, "rpc session with {} ended: {}", peer_->address, why_.message());
    while (!calls_.empty()) take(calls_.begin()).waiter_.post(Reply{tl::unexpected<Error>(why_), 0});
    auto streams = std::exchange(streams_, {});
    for (auto& [channel, stream] : streams) stream->session_gone(why_);
    outbox_.stop();
    unstalled_.wake();
    if (writer_runs_)
        arm(Clock::now() + limits_.flush_max);
    else if (group_)
        stream_->close();
}

Async<void> Session::room() {
    auto self = shared_from_this();
    auto waiting = outbox_.room();
    co_await std::move(waiting);
    if (ended_) co_return tl::unexpected<Error>(why_);
    co_return Result<void>();
}

Writer Session::begin(std::uint64_t channel, std::uint64_t type, const std::vector<Header>* headers) {
    headers_out_ = headers;
    Bytes& buffer = outbox_.buffer();
    frame_begin_ = buffer.size();
    Writer out(buffer);
    out.array(headers ? 4 : 3);
    out.uint(channel);
    out.uint(type);
    args_begin_ = buffer.size();
    return out;
}

Result<std::size_t> Session::commit() {
    Bytes& buffer = outbox_.buffer();
    std::size_t args_end = buffer.size();
    if (headers_out_) {
        Writer out(buffer);
        pack_headers(out, *headers_out_);
    }
    std::size_t size = buffer.size() - frame_begin_;
    if (ended_ || size > limits_.frame_bytes_max) {
        buffer.resize(frame_begin_);
        if (ended_) return tl::unexpected<Error>(why_);
        return fail(Errc::too_large, "a frame of {} bytes, the limit is {}", size, limits_.frame_bytes_max);
    }
    Reader args(BytesView(buffer).first(args_end).subspan(args_begin_));
    bool is_array = args.array().has_value();
    SONM_ASSERT(is_array);
    outbox_.ready();
    if (!writer_runs_ && !outbox_.gathering()) start_writer();
    return args.left();
}

void Session::send(std::uint64_t channel, std::uint64_t type, BytesView args) {
    if (ended_) return;
    Writer out = begin(channel, type);
    out.encoded(args);
    auto sent = commit();
    if (!sent) send_error(channel, std::move(sent.error()));
}

void Session::send_error(std::uint64_t channel, Error error) {
    if (ended_) return;
    if (error.is(Errc::internal)) error.code = make_error_code(DispatchErrc::uncaught);
    WireError wire = to_wire(error, errors_);
    wire.reason.resize(std::min(wire.reason.size(), limits_.frame_bytes_max / 2));
    Writer out = begin(channel, 1);
    pack_error(out, wire);
    (void)commit();
}

Result<void> Session::may_open() const {
    if (ended_) return tl::unexpected<Error>(why_);
    if (channels() >= limits_.channels_max)
        return fail(Errc::busy, "{} channels are open on this connection", channels());
    return Result<void>();
}

Result<void> Session::hold(std::size_t bytes) {
    if (held_ + bytes > limits_.inbound_bytes_max)
        return fail(Errc::too_large, "more than {} bytes received and not consumed",
                    limits_.inbound_bytes_max);
    held_ += bytes;
    return Result<void>();
}

}  // namespace sonm::rpc
