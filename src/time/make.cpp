#include "sonm/base/units.hpp"
#include "sonm/time/time.hpp"

namespace sonm::time {
namespace {

Result<std::string> parse_peer(std::string_view text) {
    SONM_CHECK(parse_host_port(text));
    return std::string(text);
}

Result<std::int64_t> parse_error_ms(std::string_view text) {
    SONM_TRY(auto ms, parse_int<std::uint32_t>(text));
    return std::int64_t(ms) * 1'000;
}

}  // namespace

void fields(YamlReader& args, Config& config) {
    Seconds interval(16);
    args.list(
        {"peers", "Nodes whose clocks are asked, beside those of the cluster.", "[\"192.0.2.7:10053\"]"},
        config.peers, parse_peer);
    args.optional({"cluster", "Whether the clocks of the cluster's nodes are asked.", "true"}, config.cluster,
                  yaml_flag);
    args.optional({"service", "Name of the time service at the peers; as here if left out.", "time"},
                  config.service, yaml_text);
    args.optional({"interval", "Time between two rounds of questions.", "16 s"}, interval, parse_span);
    args.optional({"own_error_ms", "How far this machine's own clock is believed to be off.", "500"},
                  config.own_error_us, parse_error_ms);
    args.optional({"chain", "JSON-RPC address of a chain's node; its blocks are a coarse clock.",
                   "http://127.0.0.1:8545"},
                  config.chain_url, yaml_text);
    args.list(
        {"chain_allow", "Networks where the chain's node may be beside public addresses.", "[127.0.0.1]"},
        config.chain_allow, web::parse_network);
    args.optional({"block_age_max",
                   "The newest block of the chain is younger than this, or the chain stands.", "120 s"},
                  config.block_age_max, parse_span);
    if (interval.value == 0 || interval.value > 3'600) args.problem("interval", "must be 1 s to 1 h");
    if (config.block_age_max.value > 86'400 * 30) args.problem("block_age_max", "must be at most 30 d");
    if (config.peers.size() > config.peers_max)
        args.problem("peers", fmt::format("at most {}", config.peers_max));
    config.interval =
        Millis(static_cast<std::int64_t>(std::min<std::uint64_t>(interval.value, 3'600) * 1'000));
}

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    static const Ticks ticks;
    Config config;
    if (!environment.name.empty()) config.name = environment.name;
    config.service = config.name;
    fields(args, config);
    if (args.describing()) return nullptr;
    config.mark = environment.folder / "mark";
    return std::make_unique<Time>(environment.executor, std::move(config), environment.host, ticks);
}

}  // namespace sonm::time
