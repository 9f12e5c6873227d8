#pragma once

#include <deque>

#include "sonm/rpc/detail/one_shot.hpp"
#include "sonm/rpc/graph.hpp"
#include "sonm/rpc/limits.hpp"

namespace sonm::rpc {

class Session;

/// One streaming channel without its types: items are arrays that are still encoded. One reader and one writer at a time.
/// Shared by the session, which feeds it, and by the handles of the program (Source, Sink, Upload); outlives the session as a
/// closed stream.
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
    /// Waits until an item may be written. Errors: closed, or the reason why the other side ended the channel.
    Async<void> ready();
    /// Writes one item: begin_item, then exactly one array by the writer, then end_item. Errors: too_large, closed.
    Writer begin_item();
    Result<void> end_item();

    /// Says that this side sends no more: close, or an error, or the final value. Does nothing if it was said already.
    void finish(const Result<Bytes>& last);
    /// The caller has no more interest: cancel, or an error. Called when the last handle goes.
    void abandon();
    /// Waits for the single reply of a client_stream: its elements.
    Async<Item> reply();
    /// Waits until the channel's handler should stop: finished, cancelled by the caller, or session gone.
    Task<void> until_over();

    std::uint64_t channel() const { return channel_; }
    Shape shape() const { return shape_; }

private:
    friend class Session;
    enum class Side : std::uint8_t { open, ended, failed };

    /// A message from the other side. False if it may not be sent in this state: the session ends then.
    Result<void> receive(std::uint64_t type, BytesView args, std::size_t count);
    Result<void> receive_item(BytesView args, std::size_t count);
    void end_inbound(Side how, std::optional<Error> why);
    void session_gone(const Error& why);
    void grant(std::size_t cost);
    bool over() const { return in_ != Side::open && out_done_; }
    void send_last(Message message, const Bytes& args);
    Error gone() const;

    Session* session_;  ///< nullptr once the session has ended
    std::uint64_t channel_;
    Shape shape_;
    bool caller_;

    std::deque<Item> inbox_;
    std::size_t inbox_cost_ = 0;
    std::size_t consumed_ = 0;  ///< since the last grant
    Side in_ = Side::open;
    std::optional<Error> failure_;
    std::optional<Item> reply_;
    bool abandoned_ = false;
    bool cancelled_ = false;

    bool limited_ = false;  ///< credit counts
    std::int64_t credit_ = 0;
    bool out_done_ = false;
    std::size_t item_begin_ = 0;

    detail::Wakeup readable_, writable_, over_;
};

}  // namespace sonm::rpc
