#pragma once

#include "sonm/apphost/pool.hpp"

#include <array>

/// What `info` and the metrics tell of an application's past.
namespace sonm::apphost {

/// Events per second, averaged over 1, 5 and 15 minutes with exponential weights, and since the beginning.
class Meter {
public:
    explicit Meter(Time now) : began_(now), ticked_(now) {}
    void mark(Time now);
    std::uint64_t count() const { return count_; }
    std::array<double, 3> rates(Time now) const;
    double mean(Time now) const;

private:
    void tick(Time now);
    Time began_, ticked_;
    std::uint64_t count_ = 0, fresh_ = 0;
    std::array<double, 3> rates_{};
};

/// The last durations, for quantiles.
class Timings {
public:
    void add(std::chrono::nanoseconds span);
    std::size_t size() const { return std::min<std::size_t>(count_, window_.size()); }
    double mean_ms() const;
    /// `share` between 0 and 1; 0 without any.
    double quantile_ms(double share) const;

private:
    std::array<float, 512> window_{};
    std::size_t count_ = 0;
};

/// The last lines of what a worker prints, from pieces of any size. A line is cut at 4 KiB.
class OutputTail {
public:
    explicit OutputTail(std::size_t lines_max) : lines_max_(lines_max) {}
    void add(BytesView piece);
    /// Oldest first; an unfinished last line too.
    std::vector<std::string> lines() const;

private:
    void end_line();
    std::size_t lines_max_;
    std::deque<std::string> lines_;
    std::string open_;
};

}  // namespace sonm::apphost
