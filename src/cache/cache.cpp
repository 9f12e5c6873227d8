#include "sonm/cache/cache.hpp"

#include "sonm/base/units.hpp"
#include "sonm/cache/service.hpp"

namespace sonm::cache {
namespace {

struct Arguments {
    LocalSettings local;
};

void read_arguments(YamlReader& args, Arguments& out) {
    args.optional({"memory_max", "What all values on this node may take.", "256 MiB"},
                  out.local.memory_bytes_max, parse_bytes);
    args.optional({"value_max", "Largest value.", "1 MiB"}, out.local.value_bytes_max, parse_bytes);
    args.optional(
        {"ttl", "How long a value is kept if nothing else is said; 0 s = as long as there is room.", "0 s"},
        out.local.ttl_default, parse_span);
    if (!args.describing() && out.local.value_bytes_max > out.local.memory_bytes_max / 8)
        args.problem("value_max", "must be at most an eighth of memory_max");
}

}  // namespace

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Arguments arguments;
    read_arguments(args, arguments);
    if (args.describing()) return std::unique_ptr<services::PlatformService>();
    auto local = std::make_unique<LocalCache>(*environment.clock, arguments.local);
    return std::make_unique<CacheService>(std::move(local), nullptr);
}

}  // namespace sonm::cache
