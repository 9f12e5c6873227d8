#include "sonm/engine/docker_streams.hpp"

#include <nlohmann/json.hpp>

using namespace sonm;
using namespace sonm::engine;

namespace {

/// Feeds in pieces of `step`, gives what came out as text; how the pieces fall must not matter.
std::string demultiplexed(BytesView bytes, std::size_t step) {
    docker::LogDemux demux(true);
    std::string out;
    while (!bytes.empty()) {
        BytesView piece = bytes.first(std::min(step, bytes.size()));
        bytes = bytes.subspan(piece.size());
        bool good = demux.feed(piece).has_value();
        while (auto record = demux.take()) {
            out += record->channel == LogChannel::err ? 'e' : 'o';
            out += std::to_string(record->time_ns);
            out += as_text(record->text);
        }
        if (!good) return out + "!";
    }
    return out + (demux.finish() ? "." : "?");
}

void translate(BytesView bytes) {
    docker::JsonLines lines;
    if (!lines.feed(bytes) || !lines.finish()) return;
    while (auto json = lines.take()) {
        (void)docker::to_container(*json);
        (void)docker::to_listed(*json);
        (void)docker::to_image(*json);
        (void)docker::to_usage(*json);
        (void)docker::to_event(*json);
        (void)docker::to_info(*json, "1.41");
        (void)docker::print_json(*json);
    }
}

}  // namespace

/// What an engine answers: multiplexed output and JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    BytesView bytes(data, size);
    if (demultiplexed(bytes, 1) != demultiplexed(bytes, size + 1)) __builtin_trap();
    translate(bytes);
    (void)docker::parse_time_ns(as_text(bytes));
    return 0;
}
