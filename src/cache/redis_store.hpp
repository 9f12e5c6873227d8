#pragma once

#include "sonm/cache/local_cache.hpp"
#include "sonm/cache/redis_connection.hpp"

namespace sonm::cache {

struct RedisSettings {
    std::string address = "127.0.0.1:6379";  ///< or "unix:/path"
    std::string password;                    ///< empty = none is asked for
    std::uint64_t database = 0;
    std::string prefix = "sonm:";  ///< in front of every key
    std::size_t connections_max = 8;
    Millis answer_max{1'000};
};

/// All keys in a Redis server, which several nodes may share. A value's version is the beginning of its
/// SHA-1: a value that comes back has the version that it had.
class RedisStore final : public Store {
public:
    /// `limits`: those of the service.
    RedisStore(const Executor& executor, RedisSettings settings, LocalSettings limits);

    Async<CacheEntry> get(rpc::Context who, std::string key) override;
    Async<void> put(rpc::Context who, std::string key, Bytes value, Ttl ttl) override;
    Async<bool> remove(rpc::Context who, std::string key) override;
    Async<std::tuple<bool, std::uint64_t>> compare_and_put(rpc::Context who, std::string key,
                                                           std::uint64_t version, Bytes value,
                                                           Ttl ttl) override;
    Async<std::int64_t> increment(rpc::Context who, std::string key, std::int64_t delta, Ttl ttl) override;
    void limit(const LocalSettings& fresh) override { limits_ = fresh; }
    Task<void> run() override { co_return; }
    std::uint64_t calls() const override { return calls_; }
    std::uint64_t failures() const override { return failures_; }
    std::size_t members() const override { return 1; }

private:
    using Slot = std::unique_ptr<RedisConnection>;
    using Command = RedisConnection::Command;
    using Replies = std::vector<RedisReply>;
    /// Answers of `commands`, on a connection of its own for so long. Errors: std::errc not_connected,
    /// timed_out; what the server refuses.
    Async<Replies> ask(std::vector<Command> commands);
    Async<Replies> try_once(const std::vector<Command>& commands);
    Async<Slot> connect();
    Bytes name_of(std::string_view key) const { return to_bytes(settings_.prefix + std::string(key)); }
    std::size_t reply_bytes_max() const { return limits_.value_bytes_max + 64 * KiB; }
    /// Milliseconds, 0 = for ever.
    std::uint64_t ttl_ms(Ttl ttl) const;
    Result<void> check_value(const Bytes& value) const;

    RedisSettings settings_;
    LocalSettings limits_;
    Channel<Slot> idle_;  ///< connections, or empty places for them
    std::uint64_t calls_ = 0, failures_ = 0;
};

}  // namespace sonm::cache
