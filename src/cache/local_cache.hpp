#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/cache/entries.hpp"
#include "sonm/cache/store.hpp"

namespace sonm::cache {

/// The part of a cache that lies on this node. Calls are done at once.
class LocalCache {
public:
    LocalCache(const Clock& clock, LocalSettings settings)
        : clock_(clock), settings_(settings), entries_(settings.memory_bytes_max) {}

    Result<CacheEntry> get(std::string_view key);
    Result<void> put(std::string_view key, Bytes value, Ttl ttl);
    Result<bool> remove(std::string_view key);
    Result<std::tuple<bool, std::uint64_t>> compare_and_put(std::string_view key, std::uint64_t version,
                                                            Bytes value, Ttl ttl);
    Result<std::int64_t> increment(std::string_view key, std::int64_t delta, Ttl ttl);
    CacheStats stats() const;
    /// Forgets some of what is over; to be called now and then.
    void sweep() { entries_.expire(1000, clock_.steady()); }

    /// New limits; the usual time to live is that of values from now on.
    void limit(const LocalSettings& fresh) {
        settings_ = fresh;
        entries_.limit(fresh.memory_bytes_max);
    }

    const LocalSettings& settings() const { return settings_; }
    /// Errors: message_size.
    Result<void> check_value(const Bytes& value) const;

private:
    Time until(Ttl ttl) const;

    const Clock& clock_;
    LocalSettings settings_;
    Entries entries_;
};

}  // namespace sonm::cache
