#include "sonm/base/units.hpp"
#include "sonm/unicorn/local_backend.hpp"
#include "sonm/unicorn/unicorn.hpp"

namespace sonm::unicorn {
namespace {

Result<std::string> parse_url(std::string_view text) {
    bool web = text.starts_with("http://") || text.starts_with("https://");
    if (!web)
        return fail(Errc::invalid, "'{}' is no address of etcd: write it like http://127.0.0.1:2379", text);
    while (text.ends_with('/')) text.remove_suffix(1);
    return std::string(text);
}

}  // namespace

void read_config(YamlReader& args, Config& config) {
    EtcdConfig& etcd = config.etcd;
    std::uint64_t value_bytes_max = config.limits.value_bytes_max;
    args.optional({"value_max", "Largest value.", "1 MiB"}, value_bytes_max, parse_bytes);
    args.optional({"nodes_max", "How many nodes the tree may have (not with etcd).", "1000000"},
                  config.tree.nodes_max, parse_int<std::uint64_t>);
    args.optional({"bytes_max", "Bytes of all values and paths of the tree (not with etcd).", "1 GiB"},
                  config.tree.bytes_max, parse_bytes);
    args.optional({"subscriptions_max", "Open subscriptions and locks of all callers.", "10000"},
                  config.limits.subscriptions_max, parse_int<std::size_t>);
    args.list({"etcd", "Members of an etcd cluster; without it the tree is a file of this node.",
               "[\"http://127.0.0.1:2379\"]"},
              etcd.urls, parse_url);
    args.optional(
        {"prefix", "Begins all keys in etcd; nodes with the same one share a tree.", "sonm/unicorn/"},
        etcd.prefix, yaml_text);
    args.optional({"lease", "How long a lock in etcd outlives a node that died.", "10 s"}, etcd.lease,
                  parse_span);
    args.optional({"ca_file", "PEM file of certificate authorities instead of the system's, for etcd.",
                   "/etc/sonm/ca.pem"},
                  etcd.ca_file, yaml_text);
    // etcd takes requests of 1.5 MiB, in which a value stands in base64.
    if (!etcd.urls.empty() && value_bytes_max > 1 * MiB)
        args.problem("value_max", "must be at most 1 MiB with etcd");
    if (value_bytes_max > 8 * MiB) args.problem("value_max", "must be at most 8 MiB");
    if (etcd.lease.value < 4 || etcd.lease.value > 600) args.problem("lease", "must be 4 s to 10 min");
    if (etcd.prefix.empty() || etcd.prefix.size() > 256) args.problem("prefix", "must be 1 to 256 bytes");
    config.limits.value_bytes_max = value_bytes_max;
    etcd.keep_alive =
        Millis(static_cast<std::int64_t>(std::min<std::uint64_t>(etcd.lease.value, 600) * 1000 / 4));
}

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Config config;
    read_config(args, config);
    if (args.describing()) return nullptr;
    std::unique_ptr<Backend> backend;
    if (config.etcd.urls.empty())
        backend = std::make_unique<LocalBackend>(environment.executor,
                                                 (environment.folder / "unicorn.db").string(), config.tree);
    else
        backend = std::make_unique<EtcdBackend>(environment.executor, config.etcd);
    return std::make_unique<Unicorn>(std::move(backend), std::move(config));
}

}  // namespace sonm::unicorn
