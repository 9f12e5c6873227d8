#pragma once

#include "sonm/base/strong.hpp"

#include <chrono>

namespace sonm {

/// Where time comes from. Rooms take a Clock&; only `main` makes the real one.
class Clock {
public:
    virtual ~Clock() = default;
    /// Wall-clock time, seconds. May jump.
    virtual UnixTime now() const = 0;
    /// Monotone time for measuring spans.
    virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
public:
    UnixTime now() const override;
    std::chrono::steady_clock::time_point steady() const override;
};

/// For tests: stands still until told otherwise.
class FakeClock final : public Clock {
public:
    explicit FakeClock(UnixTime start = UnixTime(1'700'000'000)) : now_(start) {}
    UnixTime now() const override { return now_; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(std::chrono::seconds(now_.value));
    }
    void advance(Seconds span) { now_ = now_ + span; }
    void set(UnixTime now) { now_ = now; }

private:
    UnixTime now_;
};

/// "2026-01-31 12:00:05" in UTC, and "1 h 02 min", "35 s".
std::string to_utc(UnixTime time);
std::string to_human(Seconds span);

}  // namespace sonm
