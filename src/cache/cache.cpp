#include "sonm/cache/cache.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/cache/cluster_store.hpp"
#include "sonm/cache/redis_store.hpp"
#include "sonm/cache/service.hpp"
#include "sonm/rpc/connect_at.hpp"

namespace sonm::cache {
namespace {

enum class Place { node, cluster, redis };

struct Arguments {
    Place place = Place::node;
    LocalSettings local;
    RedisSettings redis;
    std::string redis_password_file;
    ClusterSettings cluster;
};

Result<Place> parse_place(std::string_view text) {
    if (text == "node") return Place::node;
    if (text == "cluster") return Place::cluster;
    if (text == "redis") return Place::redis;
    return fail(Errc::invalid, "\"{}\" is no place: write node, cluster or redis", text);
}

Result<Millis> parse_millis(std::string_view text) {
    SONM_TRY(Seconds span, parse_span(text));
    return Millis(span.value * 1000);
}

void read_redis(YamlReader& args, Arguments& out) {
    args.optional({"address", "host:port or unix:/path.", "127.0.0.1:6379"}, out.redis.address, yaml_text);
    args.optional({"password_file", "A file that holds the password and nothing else.", "/etc/sonm/redis"},
                  out.redis_password_file, yaml_text);
    args.optional({"database", "Its number.", "0"}, out.redis.database, parse_int<std::uint64_t>);
    args.optional({"prefix", "In front of every key.", "\"sonm:\""}, out.redis.prefix, yaml_text);
    args.optional({"connections_max", "Most connections to the server.", "8"}, out.redis.connections_max,
                  parse_int<std::size_t>);
    if (out.redis.connections_max == 0) args.problem("connections_max", "must be at least 1");
    if (args.describing() || out.redis_password_file.empty()) return;
    auto password = read_text(out.redis_password_file, 4 * KiB);
    if (!password) return args.problem("password_file", password.error().message());
    out.redis.password = password->substr(0, password->find_last_not_of(" \r\n") + 1);
}

void read_arguments(YamlReader& args, Arguments& out) {
    args.optional(
        {"place",
         "Where values lie: node (this one's memory), cluster (spread over the memory of all nodes that "
         "have a cache of this name), redis (a server).",
         "node"},
        out.place, parse_place);
    args.optional({"memory_max", "What all values on this node may take.", "256 MiB"},
                  out.local.memory_bytes_max, parse_bytes);
    args.optional({"value_max", "Largest value.", "1 MiB"}, out.local.value_bytes_max, parse_bytes);
    args.optional(
        {"ttl", "How long a value is kept if nothing else is said; 0 s = as long as there is room.", "0 s"},
        out.local.ttl_default, parse_span);
    args.optional({"refresh", "How often the cluster's nodes are asked for.", "5 s"}, out.cluster.refresh,
                  parse_millis);
    if (out.cluster.refresh < Millis(100)) args.problem("refresh", "at least 100 ms");
    args.child({"redis", "For the place redis."}, false, [&](YamlReader& r) { read_redis(r, out); });
    if (!args.describing() && out.local.value_bytes_max > out.local.memory_bytes_max / 8)
        args.problem("value_max", "must be at most an eighth of memory_max");
}

/// The nodes that this node's locator is linked to.
Async<Members> list_cluster(services::Host& host) {
    if (host.locator().empty()) co_return fail(Errc::unavailable, "this node has no locator");
    auto connecting = host.connect(std::string(rpc::LocatorProtocol::name));
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(connecting));
    rpc::Client<rpc::LocatorProtocol> locator(std::move(connection));
    Members members;
    auto naming = locator.call<"uuid">();
    SONM_CO_TRY(members.self, co_await std::move(naming));
    auto asking = locator.call<"cluster">();
    SONM_CO_TRY(auto nodes, co_await std::move(asking));
    for (const auto& [uuid, endpoint] : nodes)
        if (endpoint.second != 0)
            members.others.emplace(uuid, rpc::address_of(endpoint));  // 0: still connecting
    co_return members;
}

std::unique_ptr<Store> make_store(const services::Environment& environment, const Arguments& arguments,
                                  LocalCache& local) {
    if (arguments.place == Place::redis)
        return std::make_unique<RedisStore>(environment.executor, arguments.redis, arguments.local);
    if (arguments.place == Place::node) return nullptr;
    ClusterStore::Parts parts;
    parts.list = [host = environment.host](TaskGroup&) { return list_cluster(*host); };
    parts.connect = [name = environment.name, host = environment.host](TaskGroup& group,
                                                                       std::string address) {
        return rpc::connect(group, std::move(address), name, host->connect_options());
    };
    return std::make_unique<ClusterStore>(environment.executor, local, std::move(parts), arguments.cluster);
}

}  // namespace

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Arguments arguments;
    read_arguments(args, arguments);
    if (args.describing()) return std::unique_ptr<services::PlatformService>();
    auto local = std::make_unique<LocalCache>(*environment.clock, arguments.local);
    auto store = make_store(environment, arguments, *local);
    auto service = std::make_unique<CacheService>(std::move(local), std::move(store));
    auto reread = [before = std::move(arguments)](YamlReader& changed, services::FixedArguments& fixed) {
        Arguments now;
        read_arguments(changed, now);
        fixed.compare("place", before.place, now.place)
            .compare("refresh", before.cluster.refresh, now.cluster.refresh)
            .compare("redis.address", before.redis.address, now.redis.address)
            .compare("redis.password_file", before.redis.password, now.redis.password)
            .compare("redis.database", before.redis.database, now.redis.database)
            .compare("redis.prefix", before.redis.prefix, now.redis.prefix)
            .compare("redis.connections_max", before.redis.connections_max, now.redis.connections_max);
        return now.local;
    };
    service->on_reload(std::move(reread));
    return service;
}

}  // namespace sonm::cache
