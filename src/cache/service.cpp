#include "sonm/cache/service.hpp"

namespace sonm::cache {
namespace {

constexpr std::chrono::milliseconds sweep_interval{100};

std::tuple<bool, Bytes> without_version(CacheEntry entry) { return {entry.found, std::move(entry.value)}; }

Async<std::tuple<bool, Bytes>> get_value(Async<CacheEntry> getting) {
    SONM_CO_TRY(CacheEntry entry, co_await std::move(getting));
    co_return without_version(std::move(entry));
}

}  // namespace

CacheService::CacheService(std::unique_ptr<LocalCache> local, std::unique_ptr<Store> store)
    : local_(std::move(local)), store_(std::move(store)) {
    if (store_)
        bind_store();
    else
        bind_local();
    service_.on<"stats">([this](const rpc::Context&) -> Result<CacheStats> { return local_->stats(); });
}

void CacheService::bind_local() {
    using rpc::Context;
    service_.on<"get">([this](const Context&, std::string key) -> Result<std::tuple<bool, Bytes>> {
        return local_->get(key).map(without_version);
    });
    service_.on<"get_versioned">([this](const Context&, std::string key) { return local_->get(key); });
    service_.on<"put">([this](const Context&, std::string key, Bytes value, Ttl ttl) {
        return local_->put(key, std::move(value), ttl);
    });
    service_.on<"remove">([this](const Context&, std::string key) { return local_->remove(key); });
    service_.on<"compare_and_put">(
        [this](const Context&, std::string key, std::uint64_t version, Bytes value, Ttl ttl) {
            return local_->compare_and_put(key, version, std::move(value), ttl);
        });
    service_.on<"increment">([this](const Context&, std::string key, std::int64_t delta, Ttl ttl) {
        return local_->increment(key, delta, ttl);
    });
}

void CacheService::bind_store() {
    using rpc::Context;
    service_.on<"get">([this](Context who, std::string key) {
        return get_value(store_->get(std::move(who), std::move(key)));
    });
    service_.on<"get_versioned">(
        [this](Context who, std::string key) { return store_->get(std::move(who), std::move(key)); });
    service_.on<"put">([this](Context who, std::string key, Bytes value, Ttl ttl) {
        return store_->put(std::move(who), std::move(key), std::move(value), ttl);
    });
    service_.on<"remove">(
        [this](Context who, std::string key) { return store_->remove(std::move(who), std::move(key)); });
    service_.on<"compare_and_put">(
        [this](Context who, std::string key, std::uint64_t version, Bytes value, Ttl ttl) {
            return store_->compare_and_put(std::move(who), std::move(key), version, std::move(value), ttl);
        });
    service_.on<"increment">([this](Context who, std::string key, std::int64_t delta, Ttl ttl) {
        return store_->increment(std::move(who), std::move(key), delta, ttl);
    });
}

Task<void> CacheService::run() {
    auto body = [this](TaskGroup& group) -> Task<void> {
        if (store_) group.spawn(store_->run());
        while (true) {
            auto resting = sleep_for(sweep_interval);
            co_await std::move(resting);
            local_->sweep();
        }
    };
    auto all = scope(1, std::move(body));
    co_await std::move(all);
}

Result<void> CacheService::reload(YamlReader& args) {
    if (!reread_) return PlatformService::reload(args);
    services::FixedArguments fixed;
    LocalSettings fresh = reread_(args, fixed);
    local_->limit(fresh);
    if (store_) store_->limit(fresh);
    return fixed.check();
}

void CacheService::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    auto add = [&](std::string name, std::string help, Kind kind, std::uint64_t value) {
        out.push_back({std::move(name), std::move(help), kind, double(value), {}});
    };
    CacheStats stats = local_->stats();
    add("hits_total", "Reads that found something, on this node.", Kind::counter, stats.hits);
    add("misses_total", "Reads that found nothing, on this node.", Kind::counter, stats.misses);
    add("evicted_total", "Values that went for want of room.", Kind::counter, stats.evicted);
    add("expired_total", "Values whose time was over.", Kind::counter, stats.expired);
    add("entries", "Values on this node.", Kind::gauge, stats.entries);
    add("bytes", "What they take.", Kind::gauge, stats.bytes);
    add("bytes_max", "What they may take.", Kind::gauge, stats.bytes_max);
    if (!store_) return;
    add("remote_calls_total", "Calls that went to another node or server.", Kind::counter, store_->calls());
    add("remote_failures_total", "Those of them that failed.", Kind::counter, store_->failures());
    add("members", "Nodes or servers that share the keys.", Kind::gauge, store_->members());
}

}  // namespace sonm::cache
