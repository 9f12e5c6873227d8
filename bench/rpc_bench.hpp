#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// What both sides of the RPC comparison share: how it is measured and how it is printed.
namespace sonm::bench {

inline constexpr std::size_t payload_bytes = 64;
inline constexpr std::array<std::size_t, 3> in_flight_counts{1, 64, 1024};

struct Row {
    std::string who;
    std::size_t in_flight;
    double per_second, p50_us, p99_us;
};

/// One measurement: counts round trips and keeps their durations, from the end of a short warm-up on. One
/// thread.
class Window {
public:
    using Clock = std::chrono::steady_clock;
    static Clock::time_point now() { return Clock::now(); }

    explicit Window(double seconds)
        : begin_(now() + std::chrono::milliseconds(300)),
          end_(begin_ + std::chrono::microseconds(static_cast<long>(seconds * 1e6))) {
        spans_.reserve(1 << 22);
    }
    bool over() const { return now() >= end_; }
    void done(Clock::time_point since) {
        auto at = now();
        if (at < begin_ || at >= end_) return;
        ++count_;
        auto span = std::chrono::duration_cast<std::chrono::nanoseconds>(at - since).count();
        if (spans_.size() < spans_.capacity())
            spans_.push_back(static_cast<std::uint32_t>(std::min<long>(span, UINT32_MAX)));
    }
    void failed() { ++failures_; }

    Row row(std::string who, std::size_t in_flight) {
        if (failures_ != 0) who += fmt::format(" ({} failed)", failures_);
        std::sort(spans_.begin(), spans_.end());
        auto at = [&](double part) {
            return spans_.empty()
                       ? 0
                       : spans_[static_cast<std::size_t>(part * static_cast<double>(spans_.size() - 1))] /
                             1e3;
        };
        double seconds = std::chrono::duration<double>(end_ - begin_).count();
        return Row{std::move(who), in_flight, static_cast<double>(count_) / seconds, at(0.5), at(0.99)};
    }

private:
    Clock::time_point begin_, end_;
    std::uint64_t count_ = 0, failures_ = 0;
    std::vector<std::uint32_t> spans_;
};

inline void print(const std::vector<Row>& rows) {
    fmt::print(
        "| RPC, 64 B echo, one loopback TCP connection | in flight | round trips/s | p50 µs | p99 µs "
        "|\n|---|---:|---:|---:|---:|\n");
    for (const Row& row : rows)
        fmt::print("| {} | {} | {:.0f} | {:.1f} | {:.1f} |\n", row.who, row.in_flight, row.per_second,
                   row.p50_us, row.p99_us);
}

std::vector<Row> measure_slave(double seconds);
std::vector<Row> measure_grpc(double seconds);

}  // namespace sonm::bench
