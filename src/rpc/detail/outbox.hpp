#pragma once

#include "sonm/base/immediate.hpp"
#include "sonm/base/stream.hpp"
#include "sonm/rpc/detail/one_shot.hpp"
#include "sonm/rpc/detail/spare_buffers.hpp"

#include <map>

namespace sonm::rpc::detail {

/// What is to be written: frames that are ready together leave in one write.
class Outbox {
public:
    Outbox(const Executor& executor, std::size_t bytes_max);

    /// Where frames are appended; call `ready()` after each whole frame.
    Bytes& buffer() {
        if (pending_.capacity() == 0) pending_ = SpareBuffers::of_output().take();
        return pending_;
    }
    void ready() {
        if (idle_ && !gathering_ && !pending_.empty()) wake();
    }
    /// From here to flush() frames are gathered and the writer is left alone.
    void gather() { gathering_ = true; }
    bool gathering() const { return gathering_; }
    /// Writes what the stream takes at once and wakes the writer for the rest. True: there is a rest.
    bool flush(Immediate* stream);
    bool full() const { return pending_.size() >= bytes_max_; }
    bool empty() const { return pending_.empty() && sending_.empty(); }

    /// Writes until stop() and everything before it is out, rest(), or the stream fails.
    Async<void> run(ByteStream& stream);
    void stop();
    /// If there is nothing to do, run() ends; it is started again with the next frame.
    void rest() {
        if (!idle_) return;
        resting_ = true;
        wake();
    }
    /// Waits until it is not full, or stopped.
    Task<void> room();
    /// When the write that is under way began; nothing if none is.
    std::optional<std::chrono::steady_clock::time_point> writing_since() const;

private:
    void wake();
    void let_in();
    void done();
    Executor executor_;
    std::size_t bytes_max_;
    Bytes pending_, sending_;
    std::size_t sent_ = 0;  ///< of sending_
    bool idle_ = false, writing_ = false, stopped_ = false, resting_ = false, gathering_ = false,
         broken_ = false;
    std::chrono::steady_clock::time_point since_;
    Wakeup work_;
    /// By ticket: who has waited longest is let in first, even if others have filled the room again before.
    std::map<std::uint64_t, std::shared_ptr<Wakeup>> waiting_;
    std::uint64_t tickets_ = 0;
};

}  // namespace sonm::rpc::detail
