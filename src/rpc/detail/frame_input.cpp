#include "sonm/rpc/detail/frame_input.hpp"

#include "sonm/rpc/detail/spare_buffers.hpp"
#include "sonm/rpc/error.hpp"

namespace sonm::rpc::detail {
namespace {

constexpr std::size_t read_bytes = 64 * KiB;

Result<BytesView> elements(Reader& in, std::size_t& count) {
    SONM_TRY(count, in.array());
    const std::uint8_t* begin = in.position();
    for (std::size_t i = 0; i < count; ++i) SONM_CHECK(in.skip().map([](BytesView) {}));
    return BytesView(begin, in.position());
}

Result<Frame> parse(BytesView bytes) {
    Reader in(bytes);
    Frame frame;
    SONM_TRY(std::size_t parts, in.array());
    if (parts < 3) return fail(Errc::invalid, "{} elements instead of 3 or 4", parts);
    SONM_TRY(frame.channel, in.uint());
    SONM_TRY(frame.type, in.uint());
    if (parts == 3) {
        // Nothing follows the arguments: no need to look for their end.
        SONM_TRY(frame.args_count, in.array());
        frame.args = BytesView(in.position(), in.left());
        return frame;
    }
    SONM_TRY(frame.args, elements(in, frame.args_count));
    SONM_TRY(frame.headers, elements(in, frame.headers_count));
    return frame;
}

}  // namespace

Result<Frame> parse_frame(BytesView bytes) {
    auto frame = parse(bytes);
    if (!frame) return fail(TransportErrc::frame_format, "{}", frame.error().context);
    return frame;
}

FrameInput::FrameInput(const Limits& limits) : scanner_(scanner_limits(limits)) {}

Scanner::Limits FrameInput::scanner_limits(const Limits& limits) {
    Scanner::Limits out;
    out.bytes_max = limits.frame_bytes_max;
    out.elements_max = limits.elements_max;
    return out;
}

Result<std::optional<Frame>> FrameInput::peek() {
    if (begin_ == end_) return std::optional<Frame>();
    BytesView unread(buffer_.data() + begin_, end_ - begin_);
    if (whole_ == 0) {
        switch (scanner_.scan(unread)) {
            case Scanner::State::more: return std::optional<Frame>();
            case Scanner::State::malformed:
                return fail(TransportErrc::parse, "byte {} of a frame", scanner_.length());
            case Scanner::State::too_large:
                return fail(Errc::too_large, "a frame over the limit of bytes, elements or depth");
            case Scanner::State::complete: break;
        }
        whole_ = scanner_.length();
    }
    SONM_TRY(Frame frame, parse_frame(unread.first(whole_)));
    return std::optional<Frame>(frame);
}

void FrameInput::take() {
    begin_ += std::exchange(whole_, 0);
    scanner_.reset();
}

Result<std::optional<Frame>> FrameInput::next() {
    auto frame = peek();
    if (frame && *frame) take();
    return frame;
}

std::span<std::uint8_t> FrameInput::space() {
    if (buffer_.empty()) buffer_ = SpareBuffers::of_input().take();
    if (begin_ == end_) begin_ = end_ = 0;
    if (buffer_.size() - end_ < read_bytes / 2 && begin_ != 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    // Grows with what has really come, not with what a length claims.
    if (buffer_.size() - end_ < read_bytes / 2) buffer_.resize(std::max(read_bytes, 2 * buffer_.size()));
    return {buffer_.data() + end_, buffer_.size() - end_};
}

void FrameInput::let_go() {
    begin_ = end_ = 0;
    SpareBuffers::of_input().give(std::move(buffer_));
    buffer_ = Bytes();
}

std::span<std::uint8_t> FrameInput::room(bool may_be_small) {
    small_ = may_be_small && begin_ == end_;
    if (!small_) return space();
    let_go();
    return first_;
}

void FrameInput::arrived(std::size_t count, Immediate* more) {
    if (small_) {
        std::memcpy(space().data(), first_.data(), count);
        // Full: there is probably more.
        if (count == first_.size() && more) count += more->read_now(space().subspan(count));
    }
    end_ += count;
}

Async<void> FrameInput::fill(ByteStream& stream) {
    auto reading = stream.read_some(room(false));
    SONM_CO_TRY(std::size_t count, co_await std::move(reading));
    arrived(count, nullptr);
    co_return Result<void>();
}

void FrameInput::feed(BytesView bytes) {
    while (!bytes.empty()) {
        auto room = space();
        std::size_t count = std::min(room.size(), bytes.size());
        std::memcpy(room.data(), bytes.data(), count);
        end_ += count;
        bytes = bytes.subspan(count);
    }
}

}  // namespace sonm::rpc::detail
