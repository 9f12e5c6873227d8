#pragma once

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
    RawStream(Session& session, std::uint64_t channel, Shape shape, bool caller);
    ~RawStream();
    RawStream(const RawStream&) = delete;

    /// One received item: the array's elements and how many there are.
    struct Item {
        Bytes bytes;
        std::size_t count = 0;
    };
    /// The next item; nothing at the proper end. Errors: what the other side gave as reason, closed, timeout.
    Async<std::optional<Item>> next();

    /// True if an item may be written without waiting.
    bool writable() const;
    /// Waits until an item may be written. Errors: closed, or the reason why the other side ended the
    /// channel.
    Async<void> ready();
    /// Writes one item: begin_item, then exactly one array by the writer, then end_item. Errors: too_large,
    /// closed.
    Writer begin_item();
    Result<void> end_item();

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

    std::uint64_t channel() const { return channel_; }
    Shape shape() const { return shape_; }

private:
    friend class Session;
    enum class Inbound : std::uint8_t { open, ended, failed };

    /// A message from the other side. Errors: an offence that ends the session.
    Result<void> receive(std::uint64_t type, BytesView args, std::size_t count);
    Result<void> receive_item(BytesView args, std::size_t count);
    Result<void> receive_credit(BytesView args, std::size_t count);
    void receive_last(Inbound how, std::optional<Error> why);
    /// Pairs with the session's end.
    void session_gone(const Error& why);
    void grant(std::size_t cost);
    void send_last(Message message, BytesView args);
    void send_end_if_due();
    void stop_handler();
    bool over() const { return in_done_ && out_done_; }
    Error gone() const;

    Session* session_;  ///< nullptr once the session has ended
    std::uint64_t channel_;
    Shape shape_;
    bool caller_;  ///< this side has opened the channel

    std::deque<Item> inbox_;
    std::size_t inbox_cost_ = 0;
    std::size_t consumed_ = 0;  ///< since the last grant
    Inbound in_ = Inbound::open;
    bool in_done_ = false;    ///< not even credit may come any more
    bool abandoned_ = false;  ///< what still comes is dropped
    std::optional<Error> failure_;
    std::optional<Item> reply_;

    bool limited_ = false;  ///< credit counts
    std::int64_t credit_ = 0;
    bool out_ended_ = false;  ///< the last item, or error, or value was sent
    bool out_done_ = false;   ///< nothing more will be sent
    bool stopped_ = false;

    detail::Wakeup readable_, writable_, stop_;
};

}  // namespace sonm::rpc
