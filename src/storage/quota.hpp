#pragma once

#include "sonm/base/errc.hpp"
#include "sonm/base/result.hpp"

#include <atomic>
#include <limits>
#include <mutex>
#include <set>

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
    /// Room beyond the limit for `bytes` more than there are now, while it lives.
    class Loan {
    public:
        Loan(Quota& quota, std::uint64_t bytes) : quota_(quota), bytes_(bytes) {
            std::lock_guard lock(quota_.loans_mutex_);
            used_ = quota_.used_at_loans_.insert(quota_.used_);
            quota_.lent_ += bytes_;
        }
        Loan(const Loan&) = delete;
        ~Loan() {
            std::lock_guard lock(quota_.loans_mutex_);
            quota_.used_at_loans_.erase(used_);
            quota_.lent_ -= bytes_;
        }

    private:
        Quota& quota_;
        std::uint64_t bytes_;
        std::multiset<std::uint64_t>::iterator used_;
    };
    /// Whether it may grow from `before` to `now`, all in all. Errors: no_space.
    Result<void> check(std::uint64_t before, std::uint64_t now) const {
        std::uint64_t max = max_;
        if (now <= before || now <= max || now <= max_with_loans()) return {};
        return fail(Errc::no_space,
                    "this storage keeps {} bytes of at most {} (total_max), {} more do not fit", before, max,
                    now - before);
    }

private:
    /// What is over the limit already counts once, however many loans there are.
    std::uint64_t max_with_loans() const {
        std::lock_guard lock(loans_mutex_);
        return used_at_loans_.empty() ? max() : std::max(max(), *used_at_loans_.rbegin()) + lent_;
    }

    std::atomic<std::uint64_t> max_{std::numeric_limits<std::uint64_t>::max()}, used_{0};
    mutable std::mutex loans_mutex_;
    std::multiset<std::uint64_t> used_at_loans_;  ///< how much was kept when each began
    std::uint64_t lent_ = 0;
};

}  // namespace sonm::storage
