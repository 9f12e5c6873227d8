#pragma once

#include "sonm/base/async.hpp"
#include "sonm/logging/entry.hpp"

namespace sonm::logging {

/// The newest entries, bounded by bytes. Every reader (a sink, a query) has a place of its own in it; whoever
/// is too slow misses the oldest and learns how many. Writing never waits.
class Ring {
public:
    Ring(const Executor& executor, std::size_t bytes_max, std::uint64_t first_number)
        : bytes_max_(bytes_max), first_(first_number), changed_(executor, never) {}

    /// Numbers the entry and takes it in.
    void push(LogEntry entry) {
        entry.number = end();
        bytes_ += cost_of(entry);
        entries_.push_back(std::make_shared<const LogEntry>(std::move(entry)));
        while (bytes_ > bytes_max_ && entries_.size() > 1) {
            bytes_ -= cost_of(*entries_.front());
            entries_.pop_front();
            ++first_;
        }
        changed_.cancel();
    }
    std::uint64_t first() const { return first_; }                  ///< number of the oldest
    std::uint64_t end() const { return first_ + entries_.size(); }  ///< number of the next one
    std::size_t bytes() const { return bytes_; }
    const EntryPtr& at(std::uint64_t number) const { return entries_[number - first_]; }

    struct Batch {
        std::uint64_t missed = 0;  ///< entries that went before they were read
        std::vector<EntryPtr> entries;
        std::uint64_t next = 0;  ///< where to go on
    };
    /// What there is from `place` on, at most `bytes_max` of it, but one entry at least.
    Batch take(std::uint64_t place, std::size_t bytes_max) const {
        Batch batch;
        batch.missed = place < first_ ? first_ - place : 0;
        batch.next = std::max(place, first_);
        for (std::size_t bytes = 0; batch.next < end() && (bytes < bytes_max || batch.entries.empty());) {
            batch.entries.push_back(at(batch.next++));
            bytes += cost_of(*batch.entries.back());
        }
        return batch;
    }
    /// Waits for the next push, or for wake().
    Task<void> change() {
        (void)co_await changed_.async_wait(as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw asio::system_error(asio::error::operation_aborted);
    }
    void wake() { changed_.cancel(); }

private:
    static constexpr auto never = asio::steady_timer::time_point::max();
    std::size_t bytes_max_;
    std::uint64_t first_;
    std::size_t bytes_ = 0;
    std::deque<EntryPtr> entries_;
    asio::steady_timer changed_;
};

}  // namespace sonm::logging
