#pragma once

#include "sonm/base/stream.hpp"
#include "sonm/rpc/context.hpp"
#include "sonm/rpc/detail/frame_input.hpp"
#include "sonm/rpc/detail/outbox.hpp"
#include "sonm/rpc/headers.hpp"
#include "sonm/rpc/raw_stream.hpp"
#include "sonm/rpc/service.hpp"

#include <set>
#include <unordered_map>

namespace sonm::rpc {

/// How a call came back: elements of the value, valid until the caller's next wait; or why there is none.
struct Reply {
    Result<BytesView> value;
    std::size_t count = 0;
};

class Session;

/// A unary call of this side. Lives in the caller's coroutine; the session forgets it when it goes.
class PendingCall {
public:
    explicit PendingCall(std::shared_ptr<Session> session);
    PendingCall(const PendingCall&) = delete;
    ~PendingCall();

    /// Sends the frame that Session::begin_call began. Errors: closed, busy (channels_max), too_large.
    Result<void> commit(std::chrono::steady_clock::time_point deadline);
    /// Waits for the reply; once, right after commit.
    Task<Reply> reply() { return waiter_.wait(); }

private:
    friend class Session;
    std::shared_ptr<Session> session_;
    detail::OneShot<Reply> waiter_;
    std::chrono::steady_clock::time_point deadline_;
    std::uint64_t channel_ = 0;  ///< while the session knows of it
};

/// One connection: many channels, answers collected into one write per batch. Serves the peer's calls if it
/// has a service, and makes calls of its own. One executor. Shared by run() and by the handles of callers;
/// run() ends it.
class Session : public std::enable_shared_from_this<Session> {
public:
    struct Options {
        Limits limits;
        const ServiceBase* service = nullptr;  ///< what the peer may call; must outlive the session
        std::shared_ptr<const Peer> peer;
    };
    /// `input` may hold bytes that were read ahead. Channels up to `channel_used` are spent.
    Session(Executor executor, std::unique_ptr<ByteStream> stream, Options options);
    Session(Executor executor, std::unique_ptr<ByteStream> stream, detail::FrameInput input,
            std::uint64_t channel_used, Options options);
    ~Session();

    /// Serves until the connection ends, by either side or by an offence; then fails whatever waits. `why()`
    /// says the reason.
    static Task<void> run(std::shared_ptr<Session> self);

    /// Ends the session; what is written already is still sent.
    void close(Error why);
    bool is_open() const { return !ended_; }
    /// Nothing is under way in either direction: no call, no stream.
    bool is_idle() const { return channels() == 0; }
    /// What is left of the peer's calls waits for its last word only: their handlers have ended.
    bool is_answered() const;
    /// Nothing is read from the peer, answers neither, until a stream without credit is: at most `stall_max`.
    bool stalled() const { return full_streams_ != 0 || uncredited_ > limits_.inbound_bytes_max / 2; }
    /// Why it ended: closed, timeout, or a transport error; only after the end.
    const Error& why() const { return why_; }
    const Peer& peer() const { return *peer_; }
    const Limits& limits() const { return limits_; }
    /// Errors that the protocol in use names beside the common ones.
    void use_errors(std::span<const ErrorCategory> errors) { errors_ = errors; }
    std::span<const ErrorCategory> errors() const { return errors_; }

    /// True while calls may be sent without waiting for room; else wait for `room()`. Errors: closed.
    bool has_room() const { return !outbox_.full(); }
    Async<void> room();

    /// A call in three steps: begin, exactly one array by the writer, commit; nothing may come in between.
    /// Errors of commit: closed, busy (channels_max), too_large. Calls are committed by PendingCall.
    /// `headers` travel with the opening frame, as literals; they must live until commit.
    Writer begin_call(std::uint64_t type, const std::vector<Header>* headers = nullptr) {
        return begin(channel_max_ + 1, type, headers);
    }
    Result<void> commit_notify();
    Result<std::shared_ptr<RawStream>> commit_stream(const MethodInfo& method);

private:
    friend class RawStream;
    friend class PendingCall;
    using Calls = std::unordered_map<std::uint64_t, PendingCall*>;
    class DirectReply;
    using TimePoint = std::chrono::steady_clock::time_point;

    // session.cpp: life and death
    Task<void> serve(TaskGroup& group);
    Task<void> read_all();
    Task<void> write_all();
    void flush();
    void start_writer();
    void arm(TimePoint at);
    void tick();
    void end(Error why);
    std::optional<Error> overdue(TimePoint now) const;
    TimePoint expire(TimePoint now);

    // dispatch.cpp: calls of this side, what comes in
    Result<void> commit_call(PendingCall& call);
    PendingCall& take(Calls::iterator found);
    Result<void> handle(const detail::Frame& frame);
    Result<void> open_inbound(const detail::Frame& frame, const Context& context);
    Result<void> call_sync(const detail::Frame& frame, const ServiceBase::Slot& slot, const Context& context);
    Result<void> call_async(const detail::Frame& frame, const ServiceBase::Slot& slot,
                            const Context& context);
    Result<void> open_stream(const detail::Frame& frame, const ServiceBase::Slot& slot,
                             const Context& context);
    Result<void> deliver(Calls::iterator found, const detail::Frame& frame);
    Result<void> control(const detail::Frame& frame);
    Result<void> revoke(const detail::Frame& frame);
    Task<void> answer(std::uint64_t channel, Shape shape, Async<Bytes> handler, std::size_t held);
    static Task<void> serve_stream(std::shared_ptr<RawStream> stream, Async<Bytes> handler);
    static Task<void> run_handler(std::shared_ptr<RawStream> stream, Async<Bytes> handler);

    // What goes out
    Writer begin(std::uint64_t channel, std::uint64_t type, const std::vector<Header>* headers = nullptr);
    /// Gives the size of the arguments' elements. Errors: closed, too_large; then the frame is taken back.
    Result<std::size_t> commit();
    void send(std::uint64_t channel, std::uint64_t type, BytesView args);
    void send_error(std::uint64_t channel, Error error);
    std::size_t channels() const { return calls_.size() + streams_.size() + answering_; }
    Result<void> may_open() const;

    // Room for what was received and not consumed yet
    Result<void> hold(std::size_t bytes);
    void release(std::size_t bytes) { held_ -= bytes; }
    std::shared_ptr<RawStream> drop(std::uint64_t channel);
    /// Whether one more stream's window may grow by so much.
    bool widen(std::size_t more);
    /// The channel is over for this side; what the peer still says on it is swallowed until its last word.
    void linger(std::uint64_t channel);
    /// Streams without credit hold up the reading when one of them, or all together, hold too much.
    void count_uncredited(std::size_t more, std::size_t less, int full);
    Task<void> wait_for_readers();

    Executor executor_;
    Limits limits_;
    const ServiceBase* service_;
    std::shared_ptr<const Peer> peer_;
    std::span<const ErrorCategory> errors_;
    Context context_;
    std::unique_ptr<ByteStream> stream_;
    Immediate* immediate_;  ///< the same stream, if it can
    detail::FrameInput input_;
    detail::Outbox outbox_;
    HeaderTable headers_;

    Calls calls_;
    Calls::node_type spare_;  ///< of the last call that was answered, for the next one
    std::unordered_map<std::uint64_t, std::shared_ptr<RawStream>> streams_;
    std::set<std::uint64_t> lingering_;  ///< the oldest are forgotten: clients that never say a last word
    std::uint64_t channel_max_ = 0;      ///< highest number used by either side
    bool calls_out_ = false;             ///< this side has opened channels
    std::size_t answering_ = 0;          ///< asynchronous unary handlers at work
    std::size_t held_ = 0;               ///< bytes received and not consumed yet
    std::size_t uncredited_ = 0;         ///< the part of it that came without credit
    int full_streams_ = 0;
    std::size_t widened_ = 0;  ///< what all streams' windows have beyond the usual one
    std::size_t frame_begin_ = 0, args_begin_ = 0;
    const std::vector<Header>* headers_out_ = nullptr;  ///< of the frame begun

    TaskGroup* group_ = nullptr;  ///< while serve() runs
    asio::steady_timer watch_timer_;
    TimePoint active_at_, frame_since_, next_check_;
    std::optional<TimePoint> stalled_since_;
    detail::Wakeup written_, unstalled_;
    bool reading_ = false;      ///< waits for the peer, not for itself
    bool writer_runs_ = false;  ///< a child of its own, but not on connections that have long been idle
    bool ended_ = false;
    Error why_;
};

}  // namespace sonm::rpc
