#include "sonm/engine/docker_answer.hpp"
#include "sonm/engine/docker_engine.hpp"
#include "sonm/engine/docker_streams.hpp"
#include "sonm/engine/image_archive.hpp"
#include "sonm/engine/sources.hpp"

#include <nlohmann/json.hpp>

namespace sonm::engine {

using docker::Answer;
using docker::engine_error;
using docker::Json;
using docker::refusal;
using http::url_encode;

namespace {

/// The engine unpacks layers while it answers; a large one takes this long without a word.
constexpr Millis unpack_silence_max{300'000};

/// What a line of progress says about failure; empty if nothing. These come after a status of 200.
std::string failure_in(const Json& line) {
    std::string words = docker::text_of(docker::member_of(line, "errorDetail"), "message");
    return words.empty() ? docker::text_of(line, "error") : words;
}

/// "registry:5000/team/name" of "registry:5000/team/name:tag", and the tag or digest.
std::pair<std::string, std::string> split_reference(const std::string& reference) {
    if (std::size_t at = reference.find('@'); at != std::string::npos)
        return {reference.substr(0, at), reference.substr(at + 1)};
    std::size_t slash = reference.rfind('/'), colon = reference.rfind(':');
    bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
    return tagged ? std::pair(reference.substr(0, colon), reference.substr(colon + 1))
                  : std::pair(reference, std::string("latest"));
}

/// The registry that credentials are for; Docker Hub if the name has none.
std::string registry_of(const std::string& name) {
    std::size_t slash = name.find('/');
    std::string first = name.substr(0, slash);
    bool is_host = slash != std::string::npos &&
                   (first.find_first_of(".:") != std::string::npos || first == "localhost");
    return is_host ? first : "https://index.docker.io/v1/";
}

/// Sums up what the layers of a pull say about themselves.
class PullProgress {
public:
    Progress add(const Json& line) {
        std::string layer = docker::text_of(line, "id"), status = docker::text_of(line, "status");
        const Json& detail = docker::member_of(line, "progressDetail");
        bool known = layers_.contains(layer) || layers_.size() < layers_max;
        if (known && status == "Downloading")
            layers_[layer] = {docker::number_of(detail, "current"), docker::number_of(detail, "total")};
        Progress sum;
        for (const auto& [name, bytes] : layers_) {
            sum.bytes += bytes.first;
            sum.total += bytes.second;
        }
        sum.text = std::move(status);
        return sum;
    }

private:
    static constexpr std::size_t layers_max = 1000;
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> layers_;
};

}  // namespace

Async<ImageInfo> DockerEngine::inspect_image(std::string reference) {
    Call call{"GET", "/images/" + url_encode(reference) + "/json"};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    std::string doing = fmt::format("looking at image {}", reference);
    if (!answer.good()) co_return refusal(answer, doing, EngineErrc::image_missing);
    SONM_CO_TRY(Json json, docker::parse_json(answer.body, doing));
    co_return docker::to_image(json);
}

Async<void> DockerEngine::remove_image(std::string reference) {
    Call call{"DELETE", "/images/" + url_encode(reference)};
    SONM_CO_TRY(Answer answer, co_await ask(std::move(call)));
    if (answer.good() || answer.missing()) co_return Result<void>();
    co_return refusal(answer, fmt::format("removing image {}", reference), EngineErrc::image_missing);
}

Async<ImageInfo> DockerEngine::load_image(ByteSource archive, ImageLimits limits, ProgressFn progress) {
    auto limited =
        bounded(std::move(archive), limits.archive_bytes_max, make_error_code(EngineErrc::image_too_large),
                std::move(progress), "receiving the image");
    SONM_CO_TRY(SpooledImage spooled, co_await spool_image(config_.spool_folder, std::move(limited), limits));
    // Already here: nothing to unpack, and nobody's tag to move.
    auto present = co_await inspect_image(spooled.id().value);
    if (present || !present.error().is(EngineErrc::image_missing)) co_return std::move(present);
    co_return co_await load_spooled(spooled.path(), spooled.id());
}

Async<ImageInfo> DockerEngine::load_spooled(std::filesystem::path file, ImageId id) {
    SONM_CO_TRY(ByteSource source, read_spooled(file));
    http::Request request;
    request.method = "POST";
    request.target = "/images/load?quiet=1";
    request.answer_max = unpack_silence_max;
    http::Header type{"Content-Type", "application/x-tar"};
    request.headers.push_back(std::move(type));
    SONM_CO_TRY(auto body, co_await stream(std::move(request), std::move(source), "loading the image",
                                           EngineErrc::image_refused));
    docker::JsonLines lines;
    while (true) {
        auto reading = body->read();
        auto piece = co_await within(unpack_silence_max, std::move(reading));
        if (!piece) co_return tl::unexpected<Error>(engine_error(std::move(piece.error())));
        if (piece->empty())
            SONM_CO_CHECK(lines.finish());
        else
            SONM_CO_CHECK(lines.feed(*piece));
        while (auto line = lines.take()) {
            std::string words = failure_in(*line);
            if (words.find("no space left on device") != std::string::npos)
                co_return fail(Errc::no_space, "loading the image: {}", words);
            if (!words.empty()) co_return fail(EngineErrc::image_refused, "{}", words);
        }
        if (piece->empty()) break;
    }
    co_return co_await inspect_image(id.value);
}

Async<ImageInfo> DockerEngine::pull_image(PullSpec spec, ProgressFn progress) {
    std::string reference = spec.reference;
    ImageLimits limits = spec.limits;
    SONM_CO_CHECK(co_await pull_lines(std::move(spec), std::move(progress)));
    SONM_CO_TRY(ImageInfo image, co_await inspect_image(reference));
    if (image.unpacked_bytes > limits.unpacked_bytes_max) {
        SONM_CO_CHECK(co_await remove_image(reference));
        co_return fail(EngineErrc::image_too_large, "{} has {} bytes, {} are allowed", reference,
                       image.unpacked_bytes, limits.unpacked_bytes_max);
    }
    co_return Result<ImageInfo>(std::move(image));
}

Async<void> DockerEngine::pull_lines(PullSpec spec, ProgressFn progress) {
    auto [name, tag] = split_reference(spec.reference);
    http::Request request;
    request.method = "POST";
    request.target = fmt::format("/images/create?fromImage={}&tag={}", url_encode(name), url_encode(tag));
    request.answer_max = spec.silence_max;
    if (spec.credentials) {
        http::Header auth{"X-Registry-Auth", docker::registry_auth(*spec.credentials, registry_of(name))};
        request.headers.push_back(std::move(auth));
    }
    std::string doing = fmt::format("pulling {}", spec.reference);
    auto body = co_await stream(std::move(request), nullptr, doing, EngineErrc::pull_failed);
    if (!body && body.error().is(EngineErrc::refused_by_engine))
        co_return fail(EngineErrc::pull_failed, "{}", body.error().context);
    if (!body) co_return tl::unexpected<Error>(std::move(body.error()));
    docker::JsonLines lines;
    PullProgress layers;
    while (true) {
        auto reading = (*body)->read();
        auto piece = co_await within(spec.silence_max, std::move(reading));
        if (!piece && piece.error().is(Errc::timeout))
            co_return wrap(std::move(piece.error()), "{}: no progress", doing);
        if (!piece) co_return tl::unexpected<Error>(engine_error(std::move(piece.error())));
        if (piece->empty())
            SONM_CO_CHECK(lines.finish());
        else
            SONM_CO_CHECK(lines.feed(*piece));
        while (auto line = lines.take()) {
            if (std::string words = failure_in(*line); !words.empty())
                co_return fail(EngineErrc::pull_failed, "{}: {}", doing, words);
            Progress now = layers.add(*line);
            // Leaving closes the connection, and that ends the pull.
            if (std::max(now.bytes, now.total) > spec.limits.archive_bytes_max) {
                co_return fail(EngineErrc::image_too_large, "{}: more than {} bytes", doing,
                               spec.limits.archive_bytes_max);
            }
            if (progress) progress(now);
        }
        if (piece->empty()) co_return Result<void>();
    }
}

}  // namespace sonm::engine
