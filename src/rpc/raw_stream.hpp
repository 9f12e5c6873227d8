#pragma once

#include "sonm/rpc/context.hpp"
#include "sonm/rpc/detail/one_shot.hpp"
#include "sonm/rpc/graph.hpp"
#include "sonm/rpc/limits.hpp"

#include <deque>

namespace sonm::rpc {

class Session;

/// One streaming channel without its types: items are arrays that are still encoded. One reader and one
/// writer at a time. Shared by the session, which feeds it, and by the handles of the program (Source, Sink,
/// Upload); outlives the session as a closed stream.
class RawStream {
public:
    RawStream(Session& session, std::uint64_t channel, const MethodInfo& method, bool caller);
    ~RawStream();
    RawStream(const RawStream&) = delete;

    /// One received item: the array's elements and how many there are.
    struct Item {
        Bytes bytes;
        std::size_t count = 0;
        const Slot* slot = nullptr;     ///< which message it was
        std::vector<Header> headers{};  ///< of a dialog's message
        /// Not 0: it is one long raw value, and `bytes` is its content only, without a head of this length.
        std::size_t head = 0;
        /// The elements as they came, or as they could have come.
        Bytes encoded() &&;
    };
    /// The next item; nothing at the proper end. Errors: what the other side gave as reason, closed, timeout.
    Async<std::optional<Item>> next();

    /// True if an item may be written without waiting.
    bool writable() const;
    /// Waits until an item may be written. Errors: closed, or the reason why the other side ended the
    /// channel.
    Async<void> ready();
    /// While it is not writable(): closed or the other side's reason, if it never will be; else busy.
    Error why_not_writable() const;
    /// Writes one item: begin_item, then exactly one array by the writer, then end_item. Errors: too_large,
    /// closed.
    Writer begin_item();
    Result<void> end_item();
    /// The same for any message of a dialog. Errors of the first two: conflict (not in this state), closed.
    Result<const Slot*> sayable(std::string_view name) const;
    /// `headers` must live until end_message.
    Result<Writer> begin_message(std::string_view name, const std::vector<Header>* headers = nullptr);
    Result<void> end_message();

    /// Says that this side sends no more: close, or an error, or (called side of a client_stream) the final
    /// value, an encoded array. Does nothing if it was said already.
    void finish(const Result<Bytes>& last);
    /// The program has lost interest: the caller's last handle has gone, or the called side's handler has
    /// ended.
    void abandon();
    /// Waits for the single reply of a client_stream: its elements.
    Async<Item> reply();
    /// Waits until the channel's handler should stop: it has finished, the caller has cancelled, or the
    /// session is gone.
    Task<void> until_stopped();

    /// The called side has said its last word; the caller has not.
    bool answered() const { return !caller_ && abandoned_ && out_ended_; }

    std::uint64_t channel() const { return channel_; }
    Shape shape() const { return shape_; }

private:
    friend class Session;
    enum class Inbound : std::uint8_t { open, ended, failed };

    /// A message from the other side. Errors: an offence that ends the session.
    Result<void> receive(std::uint64_t type, BytesView args, std::size_t count,
                         const std::vector<Header>& headers);
    Result<void> receive_item(Item item);
    Result<void> receive_error(BytesView args, std::size_t count);
    Result<void> receive_credit(BytesView args, std::size_t count);
    void receive_last(Inbound how, std::optional<Error> why);
    /// Pairs with the session's end.
    void session_gone(const Error& why);
    /// The same for this channel alone, by a control message of the peer.
    void revoke(Error why);
    void grant(std::size_t cost);
    void say(const Slot& slot, BytesView args);
    void send_last(Message message, BytesView args);
    void finish_dialog(const Result<Bytes>& last);
    void empty_inbox();
    void count_inbox(std::size_t more, std::size_t less);
    void send_end_if_due();
    void stop_handler();
    /// The session forgets a channel that has ended both ways and was read to its end.
    void leave_if_over();
    Error gone() const;

    Session* session_;  ///< nullptr once the channel or its session has ended
    std::uint64_t channel_;
    const MethodInfo& method_;
    Shape shape_;
    bool caller_;                             ///< this side has opened the channel
    const StateInfo *in_state_, *out_state_;  ///< what each side may say next

    std::deque<Item> inbox_;
    std::size_t inbox_cost_ = 0;
    std::size_t consumed_ = 0;  ///< since the last grant
    std::size_t window_ = stream_window_bytes;
    Inbound in_ = Inbound::open;
    bool abandoned_ = false;  ///< what still comes is dropped
    std::optional<Error> failure_;
    std::optional<Item> reply_;

    bool in_credited_;      ///< what comes in does so on credit
    bool full_ = false;     ///< the inbox holds up the session's reading
    bool limited_ = false;  ///< credit counts
    std::int64_t credit_ = 0;
    bool out_ended_ = false;        ///< the last item, or error, or value was sent
    const Slot* saying_ = nullptr;  ///< between begin_message and end_message
    bool stopped_ = false;

    detail::Wakeup readable_, writable_, stop_;
};

}  // namespace sonm::rpc
