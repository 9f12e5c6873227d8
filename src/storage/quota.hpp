#pragma once

#include "sonm/base/errc.hpp"
#include "sonm/base/result.hpp"

#include <atomic>
#include <limits>

namespace sonm::storage {

/// How much a backend may keep, and how much it keeps; from any thread.
class Quota {
public:
    void limit(std::uint64_t bytes_max) { max_ = bytes_max; }
    std::uint64_t max() const { return max_; }
    std::uint64_t used() const { return used_; }
    void set_used(std::uint64_t bytes) { used_ = bytes; }
    /// What took `before` takes `now`. Errors: no_space; never for less than before.
    Result<void> change(std::uint64_t before, std::uint64_t now) {
        std::uint64_t used = used_;
        do {
            SONM_CHECK(check(used, used - before + now));
        } while (!used_.compare_exchange_weak(used, used - before + now));
        return {};
    }
    Result<void> take(std::uint64_t bytes) { return change(0, bytes); }
    void give_back(std::uint64_t bytes) { used_ -= bytes; }
    /// It is there, whatever the limit.
    void add(std::uint64_t bytes) { used_ += bytes; }
    /// Whether it may grow from `before` to `now`, all in all. Errors: no_space.
    Result<void> check(std::uint64_t before, std::uint64_t now) const {
        if (now <= before || now <= max_) return {};
        return fail(Errc::no_space,
                    "this storage keeps {} bytes of at most {} (total_max), {} more do not fit", before,
                    max_.load(), now - before);
    }

private:
    std::atomic<std::uint64_t> max_{std::numeric_limits<std::uint64_t>::max()}, used_{0};
};

}  // namespace sonm::storage
