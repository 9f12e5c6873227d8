#include "sonm/engine/docker_engine.hpp"

#include "sonm/engine/control_group.hpp"
#include "sonm/engine/docker_answer.hpp"
#include "sonm/engine/docker_streams.hpp"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <fstream>

namespace sonm::engine {

using docker::Answer;
using docker::engine_error;
using docker::Json;
using docker::refusal;
using http::url_encode;

namespace {

/// Source: https://docs.docker.com/engine/api/v1.41/
constexpr std::string_view api = "/v1.41";

http::Limits client_limits(const DockerConfig& config) {
    http::Limits limits;
    limits.answer_max = config.answer_max;
    return limits;
}

/// Remembers why a source failed: that is the caller's error, not the engine's.
struct WatchedSource {
    ByteSource source;
    std::optional<Error> failure;
    Async<Bytes> next() {
        auto piece = co_await source();
        if (!piece) failure = piece.error();
        co_return std::move(piece);
    }
};

std::string container_path(const ContainerId& id) { return "/containers/" + url_encode(id.value); }

/// Block devices for disk rates: all that have a size, loop devices of work folders among them.
std::vector<std::string> block_devices() {
    std::vector<std::string> out;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/block", error)) {
        std::string name = entry.path().filename();
        std::string size;
        std::getline(std::ifstream(entry.path() / "size") >> std::ws, size);
        if (!size.empty() && size != "0" && std::filesystem::exists("/dev/" + name, error))
            out.push_back("/dev/" + name);
    }
    return out;
}

}  // namespace

Result<std::string> engine_address(const char* docker_host) {
    std::string_view text = docker_host ? docker_host : "";
    if (text.empty()) return DockerConfig().address;
    if (!text.starts_with("unix://")) {
        return fail(Errc::invalid,
                    "DOCKER_HOST={}: only unix:///path is supported; unset it or name a socket", text);
    }
    return "unix:" + std::string(text.substr(7));
}

DockerEngine::DockerEngine(Executor executor, DockerConfig config)
    : config_(config), client_(executor, config.address, client_limits(config)) {}

DockerEngine::DockerEngine(Executor executor, DockerConfig config, http::Connector connect)
    : config_(config), client_(executor, "localhost", std::move(connect), client_limits(config)) {}

Async<Answer> DockerEngine::ask(Call call) {
    http::Request request;
    request.method = std::move(call.method);
    request.target = std::string(api) + call.target;
    request.answer_max = config_.answer_max + call.extra;
    if (!call.body.empty()) {
        http::Header type{"Content-Type", "application/json"};
        request.headers.push_back(std::move(type));
        request.body = std::move(call.body);
    }
    auto response = co_await client_.request(std::move(request));
    if (!response) co_return tl::unexpected<Error>(engine_error(std::move(response.error())));
    Answer answer{response->status, std::move(response->body)};
    co_return Result<Answer>(std::move(answer));
}

Async<std::unique_ptr<http::BodyStream>> DockerEngine::stream(http::Request request, ByteSource body,
                                                              std::string doing, EngineErrc missing) {
    request.target = std::string(api) + request.target;
    auto watched = std::make_shared<WatchedSource>();
    watched->source = std::move(body);
    http::BodySource pieces = [watched] { return watched->next(); };
    auto opening = watched->source ? client_.open(std::move(request), std::move(pieces))
                                   : client_.open(std::move(request));
    auto opened = co_await std::move(opening);
    if (watched->failure) co_return tl::unexpected<Error>(std::move(*watched->failure));
    if (!opened) co_return tl::unexpected<Error>(engine_error(std::move(opened.error())));
    Answer answer{(*opened)->head().status, std::string()};
    if (answer.good() || answer.status == 101) co_return std::move(*opened);
    // An error's text is short; what is longer is cut.
    constexpr std::size_t text_bytes_max = 16 * KiB;
    while (answer.body.size() < text_bytes_max) {
        auto reading = (*opened)->read();
        auto piece = co_await within(config_.answer_max, std::move(reading));
        if (!piece || piece->empty()) break;
        answer.body += as_text(*piece);
    }
    co_return refusal(answer, doing, missing);
}

Async<EngineInfo> DockerEngine::info() {
    Call version{"GET", "/version"}, info{"GET", "/info"};
    SONM_CO_TRY(Answer first, co_await ask(std::move(version)));
    if (!first.good()) co_return refusal(first, "asking for the engine's version", EngineErrc::bad_answer);
    SONM_CO_TRY(Answer second, co_await ask(std::move(info)));
    if (!second.good())
        co_return refusal(second, "asking for the engine's abilities", EngineErrc::bad_answer);
    SONM_CO_TRY(Json version_json, docker::parse_json(first.body, "/version"));
    SONM_CO_TRY(Json info_json, docker::parse_json(second.body, "/info"));
    co_return docker::to_info(info_json, docker::text_of(version_json, "ApiVersion"));
}

Async<bool> DockerEngine::has_control_groups() {
    if (!control_groups_) {
        SONM_CO_TRY(EngineInfo about, co_await info());
        // systemd removes groups that are empty, and a group on another machine tells us nothing.
        control_groups_ =
            about.cgroup_driver == "cgroupfs" && ::geteuid() == 0 && config_.address.starts_with("unix:");
    }
    co_return Result<bool>(*control_groups_);
}

Async<ContainerId> DockerEngine::create(ContainerSpec spec) {
    SONM_CO_CHECK(docker::check(spec));
    SONM_CO_TRY(ImageInfo image, co_await inspect_image(spec.image));
    docker::settle_user(spec, image);
    SONM_CO_CHECK(docker::cover_volumes(spec, image));
    docker::Placement placement;
    if (spec.limits.disk_read_bytes_per_second || spec.limits.disk_write_bytes_per_second)
        placement.disks = block_devices();
    SONM_CO_TRY(bool grouped, co_await has_control_groups());
    if (grouped) placement.control_group = control_group_around(spec.name);
    Call call{"POST", "/containers/create?name=" + url_encode(spec.name),
              docker::print_json(docker::to_json(spec, placement))};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    std::string doing = fmt::format("creating container {} from image {}", spec.name, spec.image);
    if (answer.status == 409) co_return fail(EngineErrc::name_taken, "{}: {}", doing, answer.words());
    if (!answer.good()) co_return refusal(answer, doing, EngineErrc::image_missing);
    SONM_CO_TRY(Json json, docker::parse_json(answer.body, doing));
    ContainerId id(docker::text_of(json, "Id"));
    if (id.value.empty()) co_return fail(EngineErrc::bad_answer, "{}: no Id", doing);
    co_return Result<ContainerId>(std::move(id));
}

Async<void> DockerEngine::start(ContainerId id) {
    Call call{"POST", container_path(id) + "/start"};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    if (answer.good() || answer.status == 304) co_return Result<void>();
    std::string words = answer.words();
    if (docker::is_command_missing(words)) co_return fail(EngineErrc::command_missing, "{}", words);
    co_return refusal(answer, fmt::format("starting container {}", id), EngineErrc::container_missing);
}

Async<ExitReport> DockerEngine::wait(ContainerId id) {
    std::string doing = fmt::format("waiting for container {}", id);
    http::Request request;
    request.method = "POST";
    request.target = container_path(id) + "/wait?condition=not-running";
    SONM_CO_TRY(auto body,
                co_await stream(std::move(request), nullptr, doing, EngineErrc::container_missing));
    std::string text;
    while (true) {
        auto piece = co_await body->read();
        if (!piece) co_return tl::unexpected<Error>(engine_error(std::move(piece.error())));
        if (piece->empty()) break;
        text += as_text(*piece);
        if (text.size() > 64 * KiB) co_return fail(EngineErrc::bad_answer, "{}", doing);
    }
    SONM_CO_TRY(Json json, docker::parse_json(text, doing));
    // The answer has only the code; the rest, and whether it ever ran, says the container itself.
    std::string control_group;
    SONM_CO_TRY(ContainerInfo info, co_await inspect_path(id.value, &control_group));
    if (info.state == ContainerState::created)
        co_return fail(Errc::conflict, "{}: it was never started", doing);
    if (info.state == ContainerState::running)
        co_return fail(EngineErrc::engine_down, "{}: the engine stopped waiting", doing);
    ExitReport report{info.exit_code, info.oom_killed, info.started,
                      info.finished,  info.ran,        read_control_group(control_group)};
    co_return Result<ExitReport>(std::move(report));
}

Async<void> DockerEngine::stop(ContainerId id, Seconds grace) {
    Millis patience = std::chrono::seconds(grace.value);
    Call call{"POST", container_path(id) + "/stop?t=" + std::to_string(grace.value), "", patience};
    if (grace.value == 0) call.target = container_path(id) + "/kill";
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    bool not_running = answer.status == 304 ||
                       (answer.status == 409 && answer.words().find("is not running") != std::string::npos);
    if (!answer.good() && !not_running) {
        co_return refusal(answer, fmt::format("stopping container {}", id), EngineErrc::container_missing);
    }
    if (grace.value != 0 || not_running) co_return Result<void>();
    // A kill returns before the container has ended.
    auto waiting = wait(id);
    auto report = co_await within(config_.answer_max, std::move(waiting));
    if (!report && !report.error().is(Errc::conflict))
        co_return tl::unexpected<Error>(std::move(report.error()));
    co_return Result<void>();
}

Async<void> DockerEngine::remove(ContainerId id) {
    std::string control_group;
    auto info = co_await inspect_path(id.value, &control_group);
    if (!info && info.error().is(EngineErrc::container_missing)) co_return Result<void>();
    Call call{"DELETE", container_path(id) + "?force=1&v=1"};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    bool going = answer.status == 409 && answer.words().find("already in progress") != std::string::npos;
    if (answer.good() || answer.missing()) remove_control_group(control_group);
    if (answer.good() || answer.missing() || going) co_return Result<void>();
    co_return refusal(answer, fmt::format("removing container {}", id), EngineErrc::container_missing);
}

Async<ContainerInfo> DockerEngine::inspect_path(std::string name, std::string* control_group) {
    Call call{"GET", "/containers/" + url_encode(name) + "/json"};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    std::string doing = fmt::format("looking at container {}", name);
    if (!answer.good()) co_return refusal(answer, doing, EngineErrc::container_missing);
    SONM_CO_TRY(Json json, docker::parse_json(answer.body, doing));
    if (control_group)
        *control_group = docker::text_of(docker::member_of(json, "HostConfig"), "CgroupParent");
    co_return docker::to_container(json);
}

Async<ContainerInfo> DockerEngine::inspect(ContainerId id) { return inspect_path(std::move(id.value)); }
Async<ContainerInfo> DockerEngine::find(std::string name) { return inspect_path(std::move(name)); }

Async<std::vector<ContainerInfo>> DockerEngine::list(Labels labels) {
    Call call{"GET", "/containers/json?all=1&filters=" + url_encode(docker::label_filter(labels))};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    if (!answer.good()) co_return refusal(answer, "listing containers", EngineErrc::bad_answer);
    SONM_CO_TRY(Json json, docker::parse_json(answer.body, "the list of containers"));
    std::vector<ContainerInfo> out;
    if (!json.is_array()) co_return fail(EngineErrc::bad_answer, "the list of containers is no list");
    for (const Json& item : json) {
        SONM_CO_TRY(ContainerInfo info, docker::to_listed(item));
        out.push_back(std::move(info));
    }
    co_return Result<std::vector<ContainerInfo>>(std::move(out));
}

Async<Usage> DockerEngine::usage(ContainerId id) {
    Call call{"GET", container_path(id) + "/stats?stream=0&one-shot=1"};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    std::string doing = fmt::format("measuring container {}", id);
    if (!answer.good()) co_return refusal(answer, doing, EngineErrc::container_missing);
    SONM_CO_TRY(Json json, docker::parse_json(answer.body, doing));
    SONM_CO_TRY(Usage usage, docker::to_usage(json));
    // A container that does not run has statistics, all zero.
    if (usage.cpu_ns == 0 && usage.processes == 0)
        co_return fail(Errc::conflict, "{}: it does not run", doing);
    co_return Result<Usage>(std::move(usage));
}

}  // namespace sonm::engine
