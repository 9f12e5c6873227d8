#include "sonm/base/units.hpp"
#include "sonm/notifications/notifications.hpp"

namespace sonm::notifications {

void read_config(YamlReader& args, Config& config) {
    Keeping& keeping = config.keeping;
    std::uint64_t body_max = config.body_bytes_max;
    auto count = parse_int<std::size_t>;
    args.optional(
        {"keep", "How long notifications are kept, so that subscribers can go on after a pause.", "7 d"},
        keeping.age_max, parse_span);
    args.optional({"keep_count", "How many of one topic.", "100000"}, keeping.count_max, count);
    args.optional(
        {"store_max", "Bytes of all that is kept, deliveries too; beyond it nothing is accepted.", "1 GiB"},
        keeping.bytes_max, parse_bytes);
    args.optional({"body_max", "Largest body.", "256 KiB"}, body_max, parse_bytes);
    args.optional({"topics_max", "How many topics.", "10000"}, keeping.topics_max, count);
    args.optional({"subscriptions_max", "Open streams.", "10000"}, config.subscriptions_max, count);
    args.optional({"webhooks_max", "Webhooks of all topics.", "1000"}, keeping.webhooks_max, count);
    args.optional({"topic_webhooks_max", "Webhooks of one topic.", "100"}, keeping.topic_webhooks_max, count);
    args.optional({"pending_max", "Deliveries of one webhook that may wait.", "100000"}, keeping.pending_max,
                  count);
    args.optional({"dead_max", "Dead letters of one webhook; the oldest are dropped.", "10000"},
                  keeping.dead_max, count);
    args.optional({"attempts_max", "Attempts before a delivery becomes a dead letter.", "12"},
                  config.attempts_max, count);
    args.optional({"attempts_at_once", "Attempts under way.", "32"}, config.attempts_at_once, count);
    args.optional({"subscribers_max", "Named subscriptions of all topics.", "1000"}, keeping.subscribers_max,
                  count);
    args.optional(
        {"owed_keep", "How long what a named subscription has not acknowledged is kept for it.", "30 d"},
        keeping.owed_age_max, parse_span);
    args.optional(
        {"owed_max", "How many are kept for a named subscription; beyond it the oldest go.", "1000000"},
        keeping.owed_max, count);
    args.list({"allow", "Networks where webhooks may be beside public addresses.", "[10.1.0.0/16]"},
              config.allow, web::parse_network);
    args.optional(
        {"ca_file", "PEM file of certificate authorities instead of the system's.", "/etc/sonm/ca.pem"},
        config.ca_file, yaml_text);
    if (body_max > 4 * MiB) args.problem("body_max", "must be at most 4 MiB");
    if (config.attempts_max == 0) args.problem("attempts_max", "must be at least 1");
    if (config.attempts_at_once == 0 || config.attempts_at_once > attempts_at_once_max)
        args.problem("attempts_at_once", fmt::format("must be 1 to {}", attempts_at_once_max));
    config.body_bytes_max = body_max;
}

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Config config;
    read_config(args, config);
    if (args.describing()) return nullptr;
    return std::make_unique<Notifications>(environment.executor, std::move(config), *environment.clock,
                                           (environment.folder / "notifications.db").string());
}

}  // namespace sonm::notifications
