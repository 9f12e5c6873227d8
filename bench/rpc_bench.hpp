#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// What both sides of the RPC comparison share: how it is measured and how it is printed. Servers run in a
/// process of their own on processor 0, callers on processor 1, for either side of the comparison.
namespace sonm::bench {

struct Plan {
    std::size_t payload_bytes, in_flight, connections;  ///< calls in flight on all connections together
};
struct Row {
    double per_second = 0, p50_us = 0, p99_us = 0;
    std::uint64_t calls = 0;  ///< the warm-up too
    std::uint64_t failures = 0;
};

/// One measurement: counts round trips and keeps their durations, from the end of a short warm-up on. One
/// thread.
class Window {
public:
    using Clock = std::chrono::steady_clock;
    static Clock::time_point now() { return Clock::now(); }

    explicit Window(double seconds)
        : begin_(now() + std::chrono::milliseconds(200)),
          end_(begin_ + std::chrono::microseconds(static_cast<long>(seconds * 1e6))) {
        spans_.reserve(1 << 22);
    }
    bool over(Clock::time_point at = now()) const { return at >= end_; }
    /// A round trip that began at `since` is over now; the answer is the time it is.
    Clock::time_point done(Clock::time_point since) {
        auto at = now();
        ++all_;
        if (at < begin_ || at >= end_) return at;
        ++count_;
        auto span = std::chrono::duration_cast<std::chrono::nanoseconds>(at - since).count();
        if (spans_.size() < spans_.capacity())
            spans_.push_back(static_cast<std::uint32_t>(std::min<long>(span, UINT32_MAX)));
        return at;
    }
    /// The same for bytes of a stream.
    void bytes(std::size_t count) {
        auto at = now();
        if (at >= begin_ && at < end_) count_ += count;
    }
    void failed() { ++failures_; }
    double per_second() const {
        return static_cast<double>(count_) / std::chrono::duration<double>(end_ - begin_).count();
    }

    Row row() {
        std::sort(spans_.begin(), spans_.end());
        auto at = [&](double part) {
            if (spans_.empty()) return 0.0;
            return spans_[static_cast<std::size_t>(part * static_cast<double>(spans_.size() - 1))] / 1e3;
        };
        return Row{per_second(), at(0.5), at(0.99), all_, failures_};
    }

private:
    Clock::time_point begin_, end_;
    std::uint64_t count_ = 0, all_ = 0, failures_ = 0;
    std::vector<std::uint32_t> spans_;
};

/// Size of a stream's items.
inline constexpr std::size_t piece_bytes = 64 * 1024;

/// The sides of the comparison. `serve` prints its address and never returns; what a side lacks is nullptr.
struct Side {
    const char* name;
    void (*serve)();
    Row (*calls)(const std::string& address, Plan plan, double seconds);
    double (*stream)(const std::string& address, double seconds);  ///< bytes a second, service to caller
    /// Opening bytes of a connection, and how many bytes the answer has at least.
    std::string (*opening)();
    std::size_t answer_bytes;
};
extern const Side slave_side, bare_side;
#ifdef SONM_BENCH_GRPC
extern const Side grpc_side;
#endif

}  // namespace sonm::bench
