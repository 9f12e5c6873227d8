#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

/// How offsets of other clocks become one estimate. Pure: no clock, no network. All in microseconds.
namespace sonm::time {

/// Where a clock's offset is, if the clock is right.
struct Interval {
    std::int64_t low = 0, high = 0;
    bool operator==(const Interval&) const = default;
};

/// The part that most intervals have in common.
struct Agreement {
    Interval common;
    std::size_t count = 0;  ///< how many intervals contain it
};
/// Marzullo's algorithm; of several equally good parts the narrowest. Count 0 for no intervals.
Agreement agree(std::span<const Interval> intervals);

/// One question and its answer, four timestamps: asked and got on the own clock, came and went on the
/// other's.
struct Exchange {
    std::int64_t asked, came, went, got;
};

/// The last few exchanges with one peer.
class Filter {
public:
    /// Two clocks move apart by at most this much: 2 × 50 ppm, what oscillators of computers keep. Source:
    /// RFC 5905 allows 15 ppm for disciplined clocks; undisciplined ones are worse.
    static constexpr std::int64_t drift_ppm = 100;
    static constexpr std::size_t kept = 8;
    static constexpr std::int64_t age_max = 600'000'000;  ///< older exchanges say nothing any more

    /// `now`: a clock that does not jump. Exchanges that cannot be are dropped: false.
    bool add(const Exchange& exchange, std::int64_t now);
    /// The offset by the exchange that bounds it best now; nothing if there is none.
    std::optional<Interval> offset(std::int64_t now) const;
    /// Age of the newest one.
    std::optional<std::int64_t> age(std::int64_t now) const;
    void clear() { samples_.clear(); }

private:
    struct Sample {
        std::int64_t offset, error, at;
    };
    std::deque<Sample> samples_;
};

struct Estimate {
    std::int64_t offset = 0;
    std::int64_t error = 0;
    bool agreed = false;
    std::vector<bool> agrees;  ///< of each source
};
/// The offset of the cluster's clock; `sources[0]` is the own clock. With a majority of at least two the part
/// that it has in common, else the own clock with an error that covers all sources.
Estimate estimate(std::span<const Interval> sources);

/// Reads that never go back: after a correction to an earlier time the reading stands still until time has
/// caught up, and its error says so.
class MonotoneReading {
public:
    struct Reading {
        std::int64_t time, error;
    };
    Reading read(std::int64_t time, std::int64_t error);
    /// An earlier life may have told that.
    void begin(std::int64_t time) { last_ = std::max(last_, time); }

private:
    std::int64_t last_ = INT64_MIN;
};

}  // namespace sonm::time
