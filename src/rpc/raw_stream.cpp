#include "sonm/rpc/raw_stream.hpp"

#include "sonm/rpc/session.hpp"
#include "sonm/rpc/streams.hpp"

namespace sonm::rpc {
namespace {

constexpr std::uint8_t empty_array[] = {0x90};

std::size_t cost_of(std::size_t bytes) { return bytes + item_overhead_bytes; }

}  // namespace

detail::StreamHandle detail::caller_handle(StreamHandle stream) {
    RawStream* raw = stream.get();
    return StreamHandle(raw, [stream = std::move(stream)](RawStream*) { stream->abandon(); });
}

RawStream::RawStream(Session& session, std::uint64_t channel, Shape shape, bool caller)
    : session_(&session),
      channel_(channel),
      shape_(shape),
      caller_(caller),
      readable_(session.executor_),
      writable_(session.executor_),
      stop_(session.executor_) {
    // The called side starts without a limit, since a plain client never grants anything; the first grant
    // sets one.
    limited_ = caller && is_credited(shape, true);
    if (limited_) credit_ = stream_window_bytes;
}

RawStream::~RawStream() = default;

Error RawStream::gone() const {
    if (failure_) return *failure_;
    return Error{make_error_code(Errc::closed), "the other side of the stream has gone"};
}

Async<std::optional<RawStream::Item>> RawStream::next() {
    while (inbox_.empty()) {
        if (in_ == Inbound::ended) co_return std::optional<Item>();
        if (in_ == Inbound::failed) co_return tl::unexpected<Error>(gone());
        auto waiting = readable_.wait();
        co_await std::move(waiting);
    }
    std::optional<Item> item(std::move(inbox_.front()));
    inbox_.pop_front();
    std::size_t cost = cost_of(item->bytes.size());
    inbox_cost_ -= cost;
    if (session_) session_->release(cost);
    grant(cost);
    co_return std::move(item);
}

void RawStream::grant(std::size_t cost) {
    consumed_ += cost;
    if (!session_ || in_ != Inbound::open || out_done_ || consumed_ < stream_window_bytes / 2 ||
        !is_credited(shape_, !caller_))
        return;
    Bytes args;
    Writer out(args);
    out.array(1);
    out.uint(consumed_);
    consumed_ = 0;
    session_->send(channel_, type_of(shape_, caller_, Message::credit), args);
}

bool RawStream::writable() const {
    return session_ && !out_ended_ && (!limited_ || credit_ > 0) && session_->has_room();
}

Async<void> RawStream::ready() {
    while (!writable()) {
        if (!session_ || out_ended_) co_return tl::unexpected<Error>(gone());
        if (limited_ && credit_ <= 0) {
            auto waiting = writable_.wait();
            co_await std::move(waiting);
        } else {
            auto session = session_->shared_from_this();
            auto waiting = session->room();
            SONM_CO_CHECK(co_await std::move(waiting));
        }
    }
    co_return Result<void>();
}

Writer RawStream::begin_item() { return session_->begin(channel_, type_of(shape_, caller_, Message::write)); }

Result<void> RawStream::end_item() {
    SONM_TRY(std::size_t bytes, session_->commit());
    credit_ -= static_cast<std::int64_t>(cost_of(bytes));
    return Result<void>();
}

void RawStream::finish(const Result<Bytes>& last) {
    if (!session_ || out_ended_) return;
    if (!last) {
        Bytes args;
        Writer out(args);
        pack_error(out, to_wire(last.error(), session_->errors()));
        send_last(Message::error, args);
    } else if (shape_ == Shape::client_stream && !caller_) {
        send_last(Message::value, *last);
    } else if (shape_ == Shape::server_stream && caller_) {
        send_last(Message::cancel, empty_array);
    } else {
        send_last(Message::close, empty_array);
    }
}

void RawStream::send_last(Message message, BytesView args) {
    out_ended_ = true;
    out_done_ = shape_ != Shape::bi_stream;
    session_->send(channel_, type_of(shape_, caller_, message), args);
    writable_.wake();
    send_end_if_due();
    if (over()) session_->drop(channel_);
}

void RawStream::send_end_if_due() {
    if (shape_ != Shape::bi_stream || out_done_ || !out_ended_ || in_ == Inbound::open) return;
    out_done_ = true;
    session_->send(channel_, type_of(shape_, caller_, Message::end), empty_array);
}

void RawStream::abandon() {
    if (abandoned_) return;
    abandoned_ = true;
    if (session_) session_->release(inbox_cost_);
    inbox_.clear();
    inbox_cost_ = 0;
    if (!session_ || out_ended_) return;
    if (shape_ == Shape::server_stream && caller_) return finish(Bytes());
    finish(fail(Errc::closed, "given up by the other side"));
}

Async<RawStream::Item> RawStream::reply() {
    while (!reply_) {
        if (in_ != Inbound::open) co_return tl::unexpected<Error>(gone());
        auto waiting = readable_.wait();
        co_await std::move(waiting);
    }
    Item item = std::move(*reply_);
    reply_.reset();
    co_return std::move(item);
}

Task<void> RawStream::until_stopped() {
    while (!stopped_) {
        auto waiting = stop_.wait();
        co_await std::move(waiting);
    }
}

void RawStream::stop_handler() {
    stopped_ = true;
    stop_.wake();
}

Result<void> RawStream::receive(std::uint64_t type, BytesView args, std::size_t count) {
    auto allowed = slots(shape_, !caller_);
    auto slot = std::find_if(allowed.begin(), allowed.end(), [&](const Slot& s) { return s.type == type; });
    bool ended = in_ != Inbound::open;
    bool late =
        slot != allowed.end() && ended && slot->message != Message::credit && slot->message != Message::end;
    if (slot == allowed.end() || in_done_ || late)
        return fail(TransportErrc::frame_format, "message {} on channel {} is not allowed in its state", type,
                    channel_);
    in_done_ = slot->last;
    switch (slot->message) {
        case Message::write: return receive_item(args, count);
        case Message::credit: return receive_credit(args, count);
        case Message::close: receive_last(Inbound::ended, std::nullopt); break;
        case Message::value:
            reply_ = Item{to_bytes(args), count};
            receive_last(Inbound::ended, std::nullopt);
            break;
        case Message::error: {
            Reader in(args);
            SONM_TRY(WireError error, unpack_error(in, count));
            receive_last(Inbound::failed, from_wire(error, session_->errors()));
            // Nobody is left to talk to: a bi_stream's caller reports an error only when it gives up.
            if (!caller_ && shape_ == Shape::bi_stream) stop_handler();
            break;
        }
        case Message::cancel:
            receive_last(Inbound::ended, std::nullopt);
            stop_handler();
            break;
        case Message::end: break;
    }
    return Result<void>();
}

Result<void> RawStream::receive_item(BytesView args, std::size_t count) {
    if (abandoned_) return Result<void>();
    if (!caller_ && inbox_cost_ >= stream_window_bytes && is_credited(shape_, true))
        return fail(Errc::too_large, "channel {} was written to beyond its credit", channel_);
    std::size_t cost = cost_of(args.size());
    SONM_CHECK(session_->hold(cost));
    inbox_cost_ += cost;
    inbox_.push_back(Item{to_bytes(args), count});
    readable_.wake();
    return Result<void>();
}

Result<void> RawStream::receive_credit(BytesView args, std::size_t count) {
    Reader in(args);
    if (count == 0)
        return fail(TransportErrc::frame_format, "credit without an amount on channel {}", channel_);
    auto amount = in.uint();
    // Nobody needs more than this, and sums stay far from any overflow.
    if (!amount || *amount > GiB || credit_ > static_cast<std::int64_t>(GiB))
        return fail(TransportErrc::frame_format, "unreasonable credit on channel {}", channel_);
    limited_ = true;
    credit_ += static_cast<std::int64_t>(*amount);
    if (credit_ > 0) writable_.wake();
    return Result<void>();
}

void RawStream::receive_last(Inbound how, std::optional<Error> why) {
    in_ = how;
    failure_ = std::move(why);
    readable_.wake();
    // Once the called side is done, nobody reads what the caller might still say.
    if (caller_ && !out_ended_)
        finish(Bytes());
    else
        send_end_if_due();
}

void RawStream::session_gone(const Error& why) {
    session_ = nullptr;
    if (in_ == Inbound::open) {
        in_ = Inbound::failed;
        failure_ = why;
    }
    in_done_ = out_ended_ = out_done_ = true;
    readable_.wake();
    writable_.wake();
    stop_handler();
}

}  // namespace sonm::rpc
