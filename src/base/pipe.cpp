#include "sonm/base/stream.hpp"

namespace sonm {
namespace {

/// One direction of a pipe: bytes that were written and not read yet.
struct Lane {
    Lane(const Executor& executor, std::size_t limit)
        : capacity(limit), changed(executor, asio::steady_timer::time_point::max()) {}
    std::size_t capacity;
    std::deque<std::uint8_t> bytes;
    bool ended = false;   // the writer says no more
    bool broken = false;  // one side is gone
    asio::steady_timer changed;

    void wake() { changed.cancel(); }
    Task<void> wait() {
        (void)co_await changed.async_wait(as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw asio::system_error(asio::error::operation_aborted);
    }
};

class PipeEnd final : public ByteStream {
public:
    PipeEnd(std::shared_ptr<Lane> in, std::shared_ptr<Lane> out) : in_(std::move(in)), out_(std::move(out)) {}
    ~PipeEnd() override { close(); }

    Async<std::size_t> read_some(std::span<std::uint8_t> out) override {
        auto lane = in_;
        while (lane->bytes.empty() && !lane->ended && !lane->broken) co_await lane->wait();
        if (lane->bytes.empty()) co_return fail(Errc::closed, "reading from a pipe");
        std::size_t count = std::min(out.size(), lane->bytes.size());
        std::copy_n(lane->bytes.begin(), count, out.begin());
        lane->bytes.erase(lane->bytes.begin(), lane->bytes.begin() + static_cast<std::ptrdiff_t>(count));
        lane->wake();
        co_return count;
    }

    Async<void> write(BytesView bytes) override {
        auto lane = out_;
        while (!bytes.empty()) {
            while (lane->bytes.size() >= lane->capacity && !lane->broken) co_await lane->wait();
            if (lane->broken || lane->ended) co_return fail(Errc::closed, "writing to a pipe");
            std::size_t count = std::min(bytes.size(), lane->capacity - lane->bytes.size());
            lane->bytes.insert(lane->bytes.end(), bytes.begin(),
                               bytes.begin() + static_cast<std::ptrdiff_t>(count));
            bytes = bytes.subspan(count);
            lane->wake();
        }
        co_return Result<void>();
    }

    void shutdown_write() override {
        out_->ended = true;
        out_->wake();
    }
    void close() override {
        for (auto& lane : {in_, out_}) {
            lane->broken = true;
            lane->wake();
        }
    }
    std::string peer() const override { return "pipe"; }

private:
    std::shared_ptr<Lane> in_;
    std::shared_ptr<Lane> out_;
};

}  // namespace

std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> make_pipe(const Executor& executor,
                                                                              std::size_t capacity) {
    auto there = std::make_shared<Lane>(executor, capacity);
    auto back = std::make_shared<Lane>(executor, capacity);
    return {std::make_unique<PipeEnd>(back, there), std::make_unique<PipeEnd>(there, back)};
}

}  // namespace sonm
