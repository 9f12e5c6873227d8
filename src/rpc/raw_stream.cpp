#include "sonm/rpc/raw_stream.hpp"

#include "sonm/rpc/session.hpp"
#include "sonm/rpc/streams.hpp"

namespace sonm::rpc {
namespace {

constexpr std::uint8_t empty_array[] = {0x90};

std::size_t cost_of(std::size_t bytes) { return bytes + item_overhead_bytes; }
std::size_t cost_of(const RawStream::Item& item) {
    std::size_t bytes = item.bytes.size() + item.head;
    for (const Header& header : item.headers)
        bytes += header.name.size() + header.value.size() + item_overhead_bytes;
    return cost_of(bytes);
}

/// Long plain bytes, the usual content of fast streams, are kept without their head: their reader can have
/// them without another copy.
RawStream::Item take_item(BytesView args, std::size_t count, const Slot* slot) {
    constexpr std::size_t worth_it = 4 * KiB;
    if (count == 1 && args.size() >= worth_it) {
        Reader in(args);
        auto content = in.raw();
        if (content && in.left() == 0)
            return {to_bytes(*content), 1, slot, {}, args.size() - content->size()};
    }
    return {to_bytes(args), count, slot};
}

}  // namespace

Bytes RawStream::Item::encoded() && {
    if (head == 0) return std::move(bytes);
    Bytes whole;
    Writer out(whole);
    out.raw(bytes);
    return whole;
}

detail::StreamHandle detail::caller_handle(StreamHandle stream) {
    RawStream* raw = stream.get();
    return StreamHandle(raw, [stream = std::move(stream)](RawStream*) { stream->abandon(); });
}

RawStream::RawStream(Session& session, std::uint64_t channel, const MethodInfo& method, bool caller)
    : session_(&session),
      channel_(channel),
      method_(method),
      shape_(method.shape),
      caller_(caller),
      in_state_(&method.says(!caller)),
      out_state_(&method.says(caller)),
      in_credited_(is_credited(shape_, !caller)),
      readable_(session.executor_),
      writable_(session.executor_),
      stop_(session.executor_) {
    // The called side starts without a limit, since a plain client never grants anything; the first grant
    // sets one.
    limited_ = caller && is_credited(shape_, true);
    if (limited_) credit_ = stream_window_bytes;
    if (in_state_->closed()) in_ = Inbound::ended;
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
    std::size_t cost = cost_of(*item);
    count_inbox(0, cost);
    grant(cost);
    leave_if_over();
    co_return std::move(item);
}

void RawStream::count_inbox(std::size_t more, std::size_t less) {
    inbox_cost_ += more;
    inbox_cost_ -= less;
    if (!session_) return;
    session_->release(less);
    if (in_credited_) return;
    bool full = inbox_cost_ >= stream_window_bytes;
    session_->count_uncredited(more, less, static_cast<int>(full) - static_cast<int>(full_));
    full_ = full;
}

void RawStream::empty_inbox() {
    inbox_.clear();
    count_inbox(0, inbox_cost_);
}

void RawStream::grant(std::size_t cost) {
    consumed_ += cost;
    if (!session_ || !in_credited_ || in_ != Inbound::open || consumed_ < window_ / 2) return;
    const Slot* slot = out_state_->find(Message::credit);
    if (!slot) return;
    // The reader keeps up with what comes: the writer need not wait for it so often.
    if (cost != 0 && inbox_.empty() && window_ < stream_window_max && session_->widen(window_)) {
        consumed_ += window_;
        window_ *= 2;
    }
    Bytes args;
    Writer out(args);
    out.array(1);
    out.uint(consumed_);
    consumed_ = 0;
    say(*slot, args);
}

bool RawStream::writable() const {
    return session_ && !out_ended_ && (!limited_ || credit_ > 0) && session_->has_room();
}

Error RawStream::why_not_writable() const {
    if (!session_ || out_ended_) return gone();
    return Error{make_error_code(Errc::busy), "the reader of the stream is behind"};
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

Writer RawStream::begin_item() { return session_->begin(channel_, out_state_->find(Message::write)->type); }

Result<void> RawStream::end_item() {
    SONM_TRY(std::size_t bytes, session_->commit());
    credit_ -= static_cast<std::int64_t>(cost_of(bytes));
    return Result<void>();
}

Result<const Slot*> RawStream::sayable(std::string_view name) const {
    if (!session_) return tl::unexpected<Error>(gone());
    const Slot* slot = out_state_->find(name);
    if (!slot) return fail(Errc::conflict, "{}: \"{}\" cannot be said now", method_.name, name);
    return slot;
}

Result<Writer> RawStream::begin_message(std::string_view name, const std::vector<Header>* headers) {
    SONM_TRY(saying_, sayable(name));
    return session_->begin(channel_, saying_->type, headers);
}

Result<void> RawStream::end_message() {
    SONM_CHECK(session_->commit().map([](std::size_t) {}));
    if (saying_->next) out_state_ = saying_->next;
    out_ended_ = out_state_->closed();
    leave_if_over();
    return Result<void>();
}

void RawStream::say(const Slot& slot, BytesView args) {
    if (slot.next) out_state_ = slot.next;
    session_->send(channel_, slot.type, args);
}

void RawStream::finish(const Result<Bytes>& last) {
    if (!session_ || out_ended_) return;
    if (shape_ == Shape::dialog) return finish_dialog(last);
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

void RawStream::finish_dialog(const Result<Bytes>& last) {
    if (!last && out_state_->find(Message::error)) {
        Bytes args;
        Writer out(args);
        pack_error(out, to_wire(last.error(), session_->errors()));
        return send_last(Message::error, args);
    }
    // Nobody can be told: the session ends, as for a notify that fails.
    if (!last && !caller_) return session_->close(Error{last.error().code, last.error().context});
    for (const Slot& slot : out_state_->slots)
        if (slot.next && slot.next->closed() && slot.arguments.empty() && slot.message != Message::value)
            return send_last(slot.message, empty_array);
    out_ended_ = true;
    out_state_ = &closed_state;
    leave_if_over();
}

void RawStream::send_last(Message message, BytesView args) {
    out_ended_ = true;
    say(*out_state_->find(message), args);
    writable_.wake();
    send_end_if_due();
    leave_if_over();
}

void RawStream::send_end_if_due() {
    if (!out_ended_ || in_ == Inbound::open || !session_) return;
    if (const Slot* slot = out_state_->find(Message::end)) say(*slot, empty_array);
}

void RawStream::leave_if_over() {
    bool over = in_state_->closed() && out_state_->closed();
    if (over && inbox_.empty() && session_) std::exchange(session_, nullptr)->drop(channel_);
}

void RawStream::abandon() {
    if (abandoned_) return;
    abandoned_ = true;
    empty_inbox();
    leave_if_over();
    if (session_ && !out_ended_) {
        if (shape_ == Shape::dialog || (shape_ == Shape::server_stream && caller_))
            finish(Bytes());
        else
            finish(fail(Errc::closed, "given up by the other side"));
    }
    // Existing clients often never say their last word on such a channel: it must not count for ever.
    bool plain = shape_ == Shape::plain_stream || shape_ == Shape::dialog;
    if (session_ && !caller_ && out_ended_ && plain) std::exchange(session_, nullptr)->linger(channel_);
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

Result<void> RawStream::receive(std::uint64_t type, BytesView args, std::size_t count,
                                const std::vector<Header>& headers) {
    const Slot* slot = in_state_->find(type);
    if (!slot)
        return fail(TransportErrc::frame_format, "message {} on channel {} is not allowed in its state", type,
                    channel_);
    if (slot->next) in_state_ = slot->next;
    if (slot->message == Message::error) return receive_error(args, count);
    if (shape_ == Shape::dialog) {
        Item item{to_bytes(args), count, slot, headers};
        SONM_CHECK(receive_item(std::move(item)));
        if (in_state_->closed()) receive_last(Inbound::ended, std::nullopt);
        return Result<void>();
    }
    switch (slot->message) {
        case Message::write: return receive_item(take_item(args, count, slot));
        case Message::credit: return receive_credit(args, count);
        case Message::close: receive_last(Inbound::ended, std::nullopt); break;
        case Message::value:
            reply_ = Item{to_bytes(args), count, slot};
            receive_last(Inbound::ended, std::nullopt);
            break;
        case Message::cancel:
            receive_last(Inbound::ended, std::nullopt);
            stop_handler();
            break;
        default: break;
    }
    return Result<void>();
}

Result<void> RawStream::receive_error(BytesView args, std::size_t count) {
    Reader in(args);
    SONM_TRY(WireError error, unpack_error(in, count));
    receive_last(Inbound::failed, from_wire(error, session_->errors()));
    // Nobody is left to talk to: a bi_stream's caller reports an error only when it gives up.
    if (!caller_ && shape_ == Shape::bi_stream) stop_handler();
    return Result<void>();
}

Result<void> RawStream::receive_item(Item item) {
    if (abandoned_) return Result<void>();
    if (!caller_ && inbox_cost_ >= window_ && in_credited_)
        return fail(Errc::too_large, "channel {} was written to beyond its credit", channel_);
    std::size_t cost = cost_of(item);
    SONM_CHECK(session_->hold(cost));
    inbox_.push_back(std::move(item));
    count_inbox(cost, 0);
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
    // Once the called side is done, nobody reads what the caller might still say; a dialog's program knows
    // itself.
    if (caller_ && !out_ended_ && shape_ != Shape::dialog)
        finish(Bytes());
    else
        send_end_if_due();
}

void RawStream::revoke(Error why) {
    empty_inbox();
    session_gone(why);
}

void RawStream::session_gone(const Error& why) {
    session_ = nullptr;
    if (in_ == Inbound::open) {
        in_ = Inbound::failed;
        failure_ = why;
    }
    in_state_ = out_state_ = &closed_state;
    out_ended_ = true;
    readable_.wake();
    writable_.wake();
    stop_handler();
}

}  // namespace sonm::rpc
