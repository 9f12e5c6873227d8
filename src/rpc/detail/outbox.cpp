#include "sonm/rpc/detail/outbox.hpp"

namespace sonm::rpc::detail {

Outbox::Outbox(const Executor& executor, std::size_t bytes_max)
    : executor_(executor), bytes_max_(bytes_max), work_(executor) {}

void Outbox::wake() {
    idle_ = false;
    work_.wake();
}

bool Outbox::flush(Immediate* stream) {
    gathering_ = false;
    if (broken_) pending_.clear();
    if (stream && !pending_.empty() && sending_.empty() && !stopped_) {
        sending_.swap(pending_);
        let_in();
        sent_ = stream->write_now(sending_);
        if (sent_ == sending_.size()) done();
    }
    if (idle_ && !empty()) wake();
    return !empty();
}

Async<void> Outbox::run(ByteStream& stream) {
    // A write that is cancelled may have sent a part, nobody knows how much: nothing may follow it.
    struct Broken {
        explicit Broken(Outbox& o) : outbox(o) {}
        ~Broken() {
            if (!outbox.writing_) return;
            outbox.broken_ = outbox.stopped_ = true;
            outbox.pending_.clear();
            outbox.sending_.clear();
        }
        Outbox& outbox;
    } broken(*this);
    while (!broken_) {
        if (empty()) {
            if (stopped_ || std::exchange(resting_, false)) co_return Result<void>();
            // Nothing to do: no memory to do it with.
            SpareBuffers::of_output().give(std::move(pending_));
            pending_ = Bytes();
            idle_ = true;
            auto waiting = work_.wait();
            co_await std::move(waiting);
            idle_ = false;
            continue;
        }
        if (sending_.empty()) {
            sending_.swap(pending_);
            let_in();
        }
        writing_ = true;
        since_ = std::chrono::steady_clock::now();
        auto writing = stream.write(BytesView(sending_).subspan(sent_));
        auto written = co_await std::move(writing);
        writing_ = false;
        if (!written) {
            stop();
            co_return written;
        }
        done();
    }
    co_return Result<void>();
}

void Outbox::done() {
    sent_ = 0;
    sending_.clear();
    SpareBuffers::of_output().give(std::exchange(sending_, Bytes()));
}

void Outbox::stop() {
    stopped_ = true;
    if (idle_) wake();
    let_in();
}

void Outbox::let_in() {
    if (waiting_.empty()) return;
    for (auto& [ticket, waiter] : std::exchange(waiting_, {})) waiter->wake();
}

Task<void> Outbox::room() {
    const std::uint64_t ticket = tickets_++;
    while (full() && !stopped_) {
        auto waiter = std::make_shared<Wakeup>(executor_);
        waiting_.emplace(ticket, waiter);
        auto waiting = waiter->wait();
        co_await std::move(waiting);
    }
}

std::optional<std::chrono::steady_clock::time_point> Outbox::writing_since() const {
    if (!writing_) return std::nullopt;
    return since_;
}

}  // namespace sonm::rpc::detail
