#include "sonm/worker/config.hpp"

/// Any bytes as worker.yaml, ask plans included: never a crash, and what is read is complete. Plans in files
/// of their own are read from a folder that is not there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    auto config = worker::parse_config(as_text(BytesView(data, size)), "worker.yaml", "/nowhere");
    if (config) {
        SONM_ASSERT(config->state.is_absolute() && config->settle_period.value > 0);
        for (const auto& plan : config->ask_plans) SONM_ASSERT(!plan.name.empty());
        (void)worker::admin_socket(*config);
    }
    return 0;
}
