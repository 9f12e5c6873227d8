#include "sonm/base/units.hpp"
#include "sonm/node/config.hpp"

/// Any bytes as node.yaml, with services of the platform that take arguments: never a crash, and a template
/// that it prints is one that it reads.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::node;
    static const Types types = platform_types();
    auto make = [](const NodeConfig&, const ServiceEntry& entry, const ServiceType&,
                   YamlReader& args) -> Result<void> {
        SONM_ASSERT(!entry.name.empty());
        std::string path;
        Seconds span;
        args.optional({"path"}, path, yaml_text);
        args.optional({"span"}, span, parse_span);
        return {};
    };
    auto config = parse_config(as_text(BytesView(data, size)), "node.yaml", "/etc/sonm", types, make);
    if (config) {
        SONM_ASSERT(config->state.is_absolute() && config->ports.first <= config->ports.last);
        (void)admin_socket(*config);
    }
    (void)parse_port_range(as_text(BytesView(data, size)));
    return 0;
}
