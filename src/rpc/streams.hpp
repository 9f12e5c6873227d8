#pragma once

#include "sonm/rpc/protocol.hpp"
#include "sonm/rpc/raw_stream.hpp"

/// Typed ends of a stream. Each is movable, has one user, and may outlive its connection (then it says
/// closed).
namespace sonm::rpc {

namespace detail {
/// Gives the channel up when the program's last handle of the caller goes; a handler's handles only let go.
using StreamHandle = std::shared_ptr<RawStream>;
StreamHandle caller_handle(StreamHandle stream);
}  // namespace detail

namespace detail {
/// What came as one item.
template <class List>
Result<typename List::Type> open_item(RawStream::Item raw) {
    if constexpr (std::is_same_v<typename List::Type, Bytes>)
        if (raw.head != 0) return std::move(raw.bytes);
    std::size_t count = raw.count;
    Bytes elements = std::move(raw).encoded();
    Reader in(elements);
    return unpack_list<List>(in, count);
}
}  // namespace detail

/// Where items come from.
template <class List>
class BasicSource {
public:
    using Item = typename List::Type;
    explicit BasicSource(detail::StreamHandle stream) : stream_(std::move(stream)) {}

    /// The next item; nothing once the other side has ended the stream properly. Errors: what the other side
    /// gave as reason, closed, invalid (an item of another type).
    Async<std::optional<Item>> next() { return take(stream_); }

private:
    static Async<std::optional<Item>> take(detail::StreamHandle stream) {
        auto waiting = stream->next();
        SONM_CO_TRY(auto raw, co_await std::move(waiting));
        if (!raw) co_return std::optional<Item>();
        SONM_CO_TRY(Item item, detail::open_item<List>(std::move(*raw)));
        co_return std::optional<Item>(std::move(item));
    }
    detail::StreamHandle stream_;
};

/// Where items go.
template <class List>
class BasicSink {
public:
    using Item = typename List::Type;
    explicit BasicSink(detail::StreamHandle stream) : stream_(std::move(stream)) {}

    /// Sends one item; waits while the reader is behind. Pieces of up to 256 KiB flow best. Errors: closed
    /// (the reader has gone), too_large.
    Async<void> write(Item item) { return put(stream_, std::move(item)); }
    /// True if write() would not wait now.
    bool writable() const { return stream_->writable(); }
    /// Waits until it would not. Errors: closed.
    Async<void> ready() { return stream_->ready(); }
    /// write() for who has asked writable() and keeps the item: nothing is copied but into the frame.
    Result<void> write_now(const Item& item) { return put_now(*stream_, item); }
    /// Says that nothing follows. Handlers need not call it: the end of a handler ends its stream.
    void finish() { stream_->finish(Bytes()); }
    /// Ends this direction with a reason.
    void fail(Error why) { stream_->finish(tl::unexpected<Error>(std::move(why))); }

protected:
    static Async<void> put(detail::StreamHandle stream, Item item) {
        if (!stream->writable()) {
            auto waiting = stream->ready();
            SONM_CO_CHECK(co_await std::move(waiting));
        }
        co_return put_now(*stream, item);
    }
    static Result<void> put_now(RawStream& stream, const Item& item) {
        if (!stream.writable()) return tl::unexpected<Error>(stream.why_not_writable());
        Writer out = stream.begin_item();
        pack_list<List>(out, item);
        return stream.end_item();
    }
    detail::StreamHandle stream_;
};

/// What handlers and callers name: `Source<Bytes>`, `Sink<LogChunk>`, `Sink<std::string, int>`.
template <class... T>
using Source = BasicSource<Items<T...>>;
template <class... T>
using Sink = BasicSink<Items<T...>>;

/// The caller's side of a client_stream.
template <class List, class Reply>
class BasicUpload : public BasicSink<List> {
public:
    using BasicSink<List>::BasicSink;
    void finish() = delete;
    /// Ends the stream and waits for the answer. Errors: the service's, closed.
    Async<typename Reply::Type> reply() { return end(this->stream_); }

private:
    static Async<typename Reply::Type> end(detail::StreamHandle stream) {
        stream->finish(Bytes());
        auto waiting = stream->reply();
        SONM_CO_TRY(RawStream::Item raw, co_await std::move(waiting));
        Reader in(raw.bytes);
        co_return unpack_list<Reply>(in, raw.count);
    }
};

/// The caller's side of a bi_stream.
template <class Up, class Down>
struct Duplex {
    BasicSource<Down> source;
    BasicSink<Up> sink;
};

}  // namespace sonm::rpc
