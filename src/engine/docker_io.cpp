#include "sonm/engine/docker_answer.hpp"
#include "sonm/engine/docker_engine.hpp"
#include "sonm/engine/docker_streams.hpp"
#include "sonm/engine/sources.hpp"

#include <nlohmann/json.hpp>

/// What goes into containers and comes out of them: output, commands, archives, events.
namespace sonm::engine {

using docker::Answer;
using docker::Json;
using docker::refusal;
using http::url_encode;

Async<std::unique_ptr<LogStream>> DockerEngine::logs(ContainerId id, LogQuery query) {
    http::Request request;
    // `since` counts from that moment on; the record of that moment was seen.
    std::string since = query.since_ns ? docker::print_time_ns(query.since_ns + 1) : "0";
    std::string tail = query.tail ? std::to_string(*query.tail) : "all";
    request.target =
        fmt::format("/containers/{}/logs?stdout=1&stderr=1&timestamps=1&follow={}&since={}&tail={}",
                    url_encode(id.value), query.follow ? 1 : 0, since, tail);
    std::string doing = fmt::format("reading the output of container {}", id);
    SONM_CO_TRY(auto body, co_await stream(std::move(request), nullptr, std::move(doing),
                                           EngineErrc::container_missing));
    auto logs = std::make_unique<docker::DockerLogs>(std::move(body), true);
    co_return Result<std::unique_ptr<LogStream>>(std::move(logs));
}

Async<std::unique_ptr<EventStream>> DockerEngine::events(Labels labels, UnixTime since) {
    http::Request request;
    request.target = "/events?filters=" + url_encode(docker::label_filter(labels));
    if (since.value) request.target += "&since=" + std::to_string(since.value);
    SONM_CO_TRY(auto body,
                co_await stream(std::move(request), nullptr, "listening to events", EngineErrc::bad_answer));
    auto events = std::make_unique<docker::DockerEvents>(std::move(body));
    co_return Result<std::unique_ptr<EventStream>>(std::move(events));
}

Async<ExecResult> DockerEngine::exec(ContainerId id, ExecSpec spec) {
    Json json = Json::object();
    json["Cmd"] = spec.command;
    json["AttachStdout"] = json["AttachStderr"] = true;
    if (!spec.user.empty()) json["User"] = spec.user;
    if (!spec.work_dir.empty()) json["WorkingDir"] = spec.work_dir;
    Call call{"POST", "/containers/" + url_encode(id.value) + "/exec", docker::print_json(json)};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    std::string doing = fmt::format("running a command in container {}", id);
    if (!answer.good()) co_return refusal(answer, doing, EngineErrc::container_missing);
    SONM_CO_TRY(Json created, docker::parse_json(answer.body, doing));
    auto running = run_exec(docker::text_of(created, "Id"), spec.output_bytes_max);
    co_return co_await within(spec.duration_max, std::move(running));
}

Async<ExecResult> DockerEngine::run_exec(std::string exec_id, std::size_t output_bytes_max) {
    http::Request request;
    request.method = "POST";
    request.target = "/exec/" + url_encode(exec_id) + "/start";
    http::Header type{"Content-Type", "application/json"};
    request.headers.push_back(std::move(type));
    request.body = R"({"Detach":false,"Tty":false})";
    SONM_CO_TRY(auto body, co_await stream(std::move(request), nullptr, "starting a command",
                                           EngineErrc::container_missing));
    docker::DockerLogs output(std::move(body), false);
    ExecResult result;
    while (true) {
        SONM_CO_TRY(auto record, co_await output.next());
        if (!record) break;
        std::size_t room = output_bytes_max - result.out.size() - result.err.size();
        result.truncated |= record->text.size() > room;
        std::string& text = record->channel == LogChannel::err ? result.err : result.out;
        text += as_text(record->text).substr(0, room);
    }
    Call call{"GET", "/exec/" + url_encode(exec_id) + "/json"};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    if (!answer.good())
        co_return refusal(answer, "asking how a command ended", EngineErrc::container_missing);
    SONM_CO_TRY(Json json, docker::parse_json(answer.body, "the end of a command"));
    result.exit_code = static_cast<int>(docker::number_of(json, "ExitCode"));
    // 126, 127: by convention of every shell and of the engine; only its words tell which of them spoke.
    if ((result.exit_code == 126 || result.exit_code == 127) && docker::is_command_missing(result.out)) {
        co_return fail(EngineErrc::command_missing, "{}", result.out);
    }
    co_return Result<ExecResult>(std::move(result));
}

Async<void> DockerEngine::put_archive(ContainerId id, std::string path, ByteSource tar,
                                      std::uint64_t bytes_max) {
    http::Request request;
    request.method = "PUT";
    request.target = fmt::format("/containers/{}/archive?path={}&noOverwriteDirNonDir=1",
                                 url_encode(id.value), url_encode(path));
    http::Header type{"Content-Type", "application/x-tar"};
    request.headers.push_back(std::move(type));
    std::string doing = fmt::format("unpacking into {} of container {}", path, id);
    auto limited = bounded(std::move(tar), bytes_max, make_error_code(Errc::too_large), nullptr, doing);
    auto body = co_await stream(std::move(request), std::move(limited), doing, EngineErrc::container_missing);
    if (!body && body.error().context.find("Could not find the file") != std::string::npos)
        co_return fail(Errc::not_found, "{}", body.error().context);
    if (!body) co_return tl::unexpected<Error>(std::move(body.error()));
    co_return Result<void>();
}

Async<std::unique_ptr<ByteReader>> DockerEngine::get_archive(ContainerId id, std::string path,
                                                             std::uint64_t bytes_max) {
    http::Request request;
    request.target = fmt::format("/containers/{}/archive?path={}", url_encode(id.value), url_encode(path));
    std::string doing = fmt::format("reading {} of container {}", path, id);
    auto body = co_await stream(std::move(request), nullptr, doing, EngineErrc::container_missing);
    if (!body && body.error().context.find("Could not find the file") != std::string::npos)
        co_return fail(Errc::not_found, "{}", body.error().context);
    if (!body) co_return tl::unexpected<Error>(std::move(body.error()));
    auto reader = std::make_unique<docker::DockerBytes>(std::move(*body), bytes_max);
    co_return Result<std::unique_ptr<ByteReader>>(std::move(reader));
}

}  // namespace sonm::engine
