#pragma once

#include "sonm/base/immediate.hpp"
#include "sonm/base/stream.hpp"
#include "sonm/rpc/limits.hpp"
#include "sonm/rpc/msgpack.hpp"

namespace sonm::rpc::detail {

/// One frame as a view into the input, valid until the next fill().
struct Frame {
    std::uint64_t channel = 0;
    std::uint64_t type = 0;
    BytesView args;  ///< elements of the arguments, without the array's head
    std::size_t args_count = 0;
    BytesView headers;  ///< elements of the headers array
    std::size_t headers_count = 0;
};

/// Reads one whole frame. Errors: TransportErrc::frame_format.
Result<Frame> parse_frame(BytesView bytes);

/// Bytes on their way in: finds frames without reading any byte twice, and grows only as bytes really arrive.
class FrameInput {
public:
    explicit FrameInput(const Limits& limits);
    /// From the next frame on. What has been read so far stays.
    void set_limits(const Limits& limits) { scanner_ = Scanner(scanner_limits(limits)); }

    /// The next frame; nothing if more bytes are needed. Errors: TransportErrc::parse, frame_format;
    /// Errc::too_large.
    Result<std::optional<Frame>> next();
    /// The same, but leaves the frame in place until take().
    Result<std::optional<Frame>> peek();
    void take();
    /// Where the next bytes may be read to. Between two frames that is a few bytes only, if `may_be_small`:
    /// so an idle connection holds no buffer. Pair it with arrived().
    std::span<std::uint8_t> room(bool may_be_small);
    /// So many have been read; if they filled a small room, the rest is fetched from `more`.
    void arrived(std::size_t count, Immediate* more);
    /// Both, with a read from the stream between them. Errors: those of read_some.
    Async<void> fill(ByteStream& stream);
    /// For tests and fuzzers: as if these bytes had been read.
    void feed(BytesView bytes);
    /// A frame has begun and is not complete.
    bool partial() const { return begin_ != end_; }
    /// Bytes that were read and not taken.
    std::size_t unread() const { return end_ - begin_; }

private:
    void let_go();
    static Scanner::Limits scanner_limits(const Limits& limits);
    std::span<std::uint8_t> space();
    Bytes buffer_;
    std::size_t begin_ = 0, end_ = 0;
    bool small_ = false;                  ///< the room given is first_
    std::array<std::uint8_t, 96> first_;  ///< what an idle connection reads into
    Scanner scanner_;
    std::size_t whole_ = 0;  ///< length of the frame at begin_ if it is known to be whole
};

}  // namespace sonm::rpc::detail
