#include "sonm/base/units.hpp"
#include "sonm/fetch/fetch.hpp"

namespace sonm::fetch {

void fields(YamlReader& args, Config& config) {
    Limits& limits = config.limits;
    Seconds time_max(60);
    std::uint64_t body = limits.body_bytes_max;
    args.list({"allow", "Networks that may be reached beside public addresses.", "[10.1.0.0/16]"},
              config.allow, web::parse_network);
    args.optional({"time_max", "Longest time for one request.", "60 s"}, time_max, parse_span);
    args.optional({"body_max", "Largest answer that is given as a whole.", "8 MiB"}, body, parse_bytes);
    args.optional({"stream_max", "Largest answer that is given in pieces.", "1 GiB"}, limits.stream_bytes_max,
                  parse_bytes);
    args.optional({"redirects_max", "Redirects that a caller may have followed.", "10"}, limits.redirects_max,
                  parse_int<unsigned>);
    args.optional({"requests_max", "Requests at once.", "128"}, limits.requests_max, parse_int<std::size_t>);
    args.optional(
        {"caller_requests_max", "Requests at once of one account, or of one host without an account.", "16"},
        limits.caller_requests_max, parse_int<std::size_t>);
    args.optional(
        {"ca_file", "PEM file of certificate authorities instead of the system's.", "/etc/sonm/ca.pem"},
        config.ca_file, yaml_text);
    if (time_max.value == 0 || time_max.value > 86'400) args.problem("time_max", "must be 1 s to 24 h");
    if (body > 15 * MiB)
        args.problem("body_max", "must be at most 15 MiB: an answer travels in one frame of 16 MiB");
    limits.time_max =
        Millis(static_cast<std::int64_t>(std::min<std::uint64_t>(time_max.value, 86'400) * 1000));
    limits.body_bytes_max = body;
}

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Config config;
    fields(args, config);
    if (args.describing()) return nullptr;
    return std::make_unique<Fetch>(environment.executor, std::move(config));
}

}  // namespace sonm::fetch
