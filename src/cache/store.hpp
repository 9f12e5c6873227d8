#pragma once

#include "sonm/base/async.hpp"
#include "sonm/services/cache_service.hpp"

namespace sonm::cache {

using services::CacheEntry;
using services::CacheStats;
struct LocalSettings {
    std::size_t memory_bytes_max = 256 * MiB;
    std::size_t value_bytes_max = MiB;
    Seconds ttl_default{0};  ///< 0 = as long as there is room
};
/// Milliseconds; nothing = the default, 0 = as long as there is room.
using Ttl = std::optional<std::uint64_t>;

inline constexpr std::size_t key_bytes_max = 1024;
/// Errors: std::errc::invalid_argument.
inline Result<void> check_key(std::string_view key) {
    if (!key.empty() && key.size() <= key_bytes_max) return {};
    return fail(std::errc::invalid_argument, "a key has 1 to {} bytes, this one {}", key_bytes_max,
                key.size());
}

/// A cache that lies elsewhere, at least in part. Implementations: ClusterStore, RedisStore. What the calls
/// mean and how they fail: services/cache_service.hpp.
class Store {
public:
    virtual ~Store() = default;
    virtual Async<CacheEntry> get(rpc::Context who, std::string key) = 0;
    virtual Async<void> put(rpc::Context who, std::string key, Bytes value, Ttl ttl) = 0;
    virtual Async<bool> remove(rpc::Context who, std::string key) = 0;
    virtual Async<std::tuple<bool, std::uint64_t>> compare_and_put(rpc::Context who, std::string key,
                                                                   std::uint64_t version, Bytes value,
                                                                   Ttl ttl) = 0;
    virtual Async<std::int64_t> increment(rpc::Context who, std::string key, std::int64_t delta, Ttl ttl) = 0;
    /// Takes over what a store of its own kind needs to know of the service's limits.
    virtual void limit(const LocalSettings&) {}
    /// Keeps in touch with what lies elsewhere, until cancelled.
    virtual Task<void> run() = 0;
    /// Calls that went elsewhere, and those of them that failed.
    virtual std::uint64_t calls() const = 0;
    virtual std::uint64_t failures() const = 0;
    /// Nodes or servers that share the keys.
    virtual std::size_t members() const = 0;
};

}  // namespace sonm::cache
