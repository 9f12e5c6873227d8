#include "sonm/cache/local_cache.hpp"

#include "sonm/base/units.hpp"

namespace sonm::cache {

Time LocalCache::until(Ttl ttl) const {
    std::uint64_t ms = ttl.value_or(settings_.ttl_default.value * 1000);
    // Beyond a century it is for ever, before numbers overflow.
    constexpr std::uint64_t century_ms = 100ull * 366 * 86'400 * 1000;
    return ms == 0 || ms > century_ms ? Time::max() : clock_.steady() + std::chrono::milliseconds(ms);
}

Result<void> LocalCache::check_value(const Bytes& value) const {
    if (value.size() <= settings_.value_bytes_max) return {};
    return fail(std::errc::message_size, "the value has {} bytes; this cache takes at most {}", value.size(),
                settings_.value_bytes_max);
}

Result<CacheEntry> LocalCache::get(std::string_view key) {
    SONM_CHECK(check_key(key));
    const Entries::Value* value = entries_.get(key, clock_.steady());
    return value ? CacheEntry{true, value->bytes, value->version} : CacheEntry();
}

Result<void> LocalCache::put(std::string_view key, Bytes value, Ttl ttl) {
    SONM_CHECK(check_key(key));
    SONM_CHECK(check_value(value));
    entries_.put(key, std::move(value), until(ttl));
    return {};
}

Result<bool> LocalCache::remove(std::string_view key) {
    SONM_CHECK(check_key(key));
    return entries_.remove(key, clock_.steady());
}

Result<std::tuple<bool, std::uint64_t>> LocalCache::compare_and_put(std::string_view key,
                                                                    std::uint64_t version, Bytes value,
                                                                    Ttl ttl) {
    SONM_CHECK(check_key(key));
    SONM_CHECK(check_value(value));
    const Entries::Value* old = entries_.peek(key, clock_.steady());
    std::uint64_t now = old ? old->version : 0;
    if (now != version) return std::tuple(false, now);
    return std::tuple(true, entries_.put(key, std::move(value), until(ttl)));
}

Result<std::int64_t> LocalCache::increment(std::string_view key, std::int64_t delta, Ttl ttl) {
    SONM_CHECK(check_key(key));
    const Entries::Value* old = entries_.get(key, clock_.steady());
    std::int64_t number = 0, sum = 0;
    if (old) {
        auto parsed = parse_int<std::int64_t>(as_text(old->bytes));
        if (!parsed) return fail(std::errc::invalid_argument, "the value is no whole number");
        number = *parsed;
    }
    if (__builtin_add_overflow(number, delta, &sum))
        return fail(std::errc::result_out_of_range, "{} and {} make no number of 64 bits", number, delta);
    entries_.put(key, to_bytes(fmt::format("{}", sum)), old ? old->until : until(ttl));
    return sum;
}

CacheStats LocalCache::stats() const {
    return CacheStats{entries_.size(),   entries_.bytes(),   entries_.bytes_max(), entries_.hits(),
                      entries_.misses(), entries_.evicted(), entries_.expired()};
}

}  // namespace sonm::cache
