#include "sonm/crypto/sha256.hpp"
#include "sonm/engine/docker_answer.hpp"
#include "sonm/engine/docker_engine.hpp"
#include "sonm/engine/firewall.hpp"

#include <nlohmann/json.hpp>

namespace sonm::engine {

using docker::Answer;
using docker::Json;
using docker::refusal;
using http::url_encode;

namespace {

constexpr const char* bridge_option = "com.docker.network.bridge.name";

/// Name of the bridge of a network: an interface has at most 15 characters, and rules name it before it
/// exists.
std::string bridge_name(const std::string& network) {
    auto digest = crypto::sha256(as_bytes(network));
    return "sonm" + to_hex(BytesView(digest.bytes).first(5));
}

Result<std::string> socket_path(const std::string& address) {
    if (!address.starts_with("unix:"))
        return fail(EngineErrc::not_isolated, "the engine at {} is on another machine", address);
    return address.substr(5);
}

}  // namespace

Async<NetworkId> DockerEngine::create_network(std::string name, Labels labels) {
    std::string doing = fmt::format("creating network {}", name);
    SONM_CO_TRY(std::string socket, socket_path(config_.address));
    Json options = Json::object();
    options[bridge_option] = bridge_name(name);
    options["com.docker.network.bridge.enable_icc"] = "false";
    Json json = Json::object();
    json["Name"] = name;
    json["CheckDuplicate"] = true;
    json["Driver"] = "bridge";
    json["EnableIPv6"] = false;
    json["Options"] = std::move(options);
    json["Labels"] = labels;
    Call call{"POST", "/networks/create", docker::print_json(json)};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    bool existed = answer.status == 409;
    if (!answer.good() && !existed) co_return refusal(answer, doing, EngineErrc::bad_answer);
    // Also for one that existed: whoever made it may have died before its rules were in place.
    auto isolated = co_await isolate_bridge(bridge_name(name), std::move(socket));
    NetworkId id(name);
    if (!isolated) {
        if (!existed) (void)co_await remove_network(id);
        co_return tl::unexpected<Error>(std::move(isolated.error()));
    }
    co_return Result<NetworkId>(std::move(id));
}

Async<void> DockerEngine::remove_network(NetworkId id) {
    Call call{"DELETE", "/networks/" + url_encode(id.value)};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    bool in_use = answer.status == 403 && answer.words().find("active endpoints") != std::string::npos;
    if (in_use) co_return fail(Errc::conflict, "removing network {}: {}", id, answer.words());
    if (!answer.good() && !answer.missing())
        co_return refusal(answer, fmt::format("removing network {}", id), EngineErrc::bad_answer);
    // Rules for a bridge that is gone match nothing: not being able to remove them harms nobody.
    if (auto socket = socket_path(config_.address))
        (void)co_await release_bridge(bridge_name(id.value), std::move(*socket));
    co_return Result<void>();
}

Async<std::vector<NetworkId>> DockerEngine::list_networks(Labels labels) {
    Call call{"GET", "/networks?filters=" + url_encode(docker::label_filter(labels))};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    if (!answer.good()) co_return refusal(answer, "listing networks", EngineErrc::bad_answer);
    SONM_CO_TRY(Json json, docker::parse_json(answer.body, "the list of networks"));
    std::vector<NetworkId> out;
    for (const Json& network : json) out.push_back(NetworkId(docker::text_of(network, "Name")));
    co_return Result<std::vector<NetworkId>>(std::move(out));
}

Async<void> DockerEngine::create_volume(std::string name, std::uint64_t bytes_max, Labels labels) {
    Json options = Json::object();
    options["type"] = options["device"] = "tmpfs";
    options["o"] = fmt::format("size={},nosuid,nodev", bytes_max);
    Json json = Json::object();
    json["Name"] = name;
    json["Driver"] = "local";
    json["DriverOpts"] = std::move(options);
    json["Labels"] = labels;
    Call call{"POST", "/volumes/create", docker::print_json(json)};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    if (!answer.good())
        co_return refusal(answer, fmt::format("creating volume {}", name), EngineErrc::bad_answer);
    co_return Result<void>();
}

Async<void> DockerEngine::remove_volume(std::string name) {
    Call call{"DELETE", "/volumes/" + url_encode(name)};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    if (answer.good() || answer.missing()) co_return Result<void>();
    co_return refusal(answer, fmt::format("removing volume {}", name), EngineErrc::bad_answer);
}

}  // namespace sonm::engine
