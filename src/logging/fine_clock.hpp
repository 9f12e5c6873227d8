#pragma once

#include "sonm/base/clock.hpp"

#include <algorithm>

namespace sonm::logging {

/// Microseconds from a clock that tells seconds: the fraction is counted by the steady clock from where the
/// seconds change. Never outside the second that the clock tells.
class FineClock {
public:
    explicit FineClock(const Clock& clock) : clock_(clock) {}

    std::uint64_t now_us() {
        std::uint64_t second = clock_.now().value * 1'000'000;
        auto steady =
            std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady().time_since_epoch());
        auto running = static_cast<std::uint64_t>(steady.count());
        std::uint64_t time = running + offset_;
        // Behind: this second has only just begun. Far ahead: the clock was set back.
        if (time < second || time >= second + 2'000'000) offset_ = second - running;
        return std::clamp(running + offset_, second, second + 999'999);
    }

private:
    const Clock& clock_;
    std::uint64_t offset_ = 0;  ///< modulo 2^64
};

}  // namespace sonm::logging
