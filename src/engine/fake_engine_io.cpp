#include "sonm/crypto/sha256.hpp"
#include "sonm/engine/fake_engine.hpp"
#include "sonm/engine/sources.hpp"

/// The rest of the fake: images, streams, networks, volumes.
namespace sonm::engine {
namespace {

class FakeBytes final : public ByteReader {
public:
    explicit FakeBytes(Bytes bytes) : bytes_(std::move(bytes)) {}
    Async<Bytes> read() override { co_return Result<Bytes>(std::exchange(bytes_, Bytes())); }

private:
    Bytes bytes_;
};

}  // namespace

/// Reads what a container has printed; ends with the container, with its removal, or with the engine.
class FakeEngine::Logs final : public LogStream {
public:
    Logs(FakeEngine& engine, ContainerId id, LogQuery query, std::size_t first)
        : engine_(engine), id_(std::move(id)), query_(query), next_(first), life_(engine.generation_) {}

    Async<std::optional<LogRecord>> next() override {
        while (true) {
            if (engine_.generation_ != life_) co_return fail(EngineErrc::engine_down, "the fake engine died");
            auto found = engine_.containers_.find(id_.value);
            if (found == engine_.containers_.end()) break;
            const auto& output = found->second.output;
            while (next_ < output.size() && output[next_].time_ns <= query_.since_ns) ++next_;
            if (next_ < output.size()) co_return Result<std::optional<LogRecord>>(output[next_++]);
            if (!query_.follow || found->second.info.state != ContainerState::running) break;
            co_await engine_.changed();
        }
        co_return Result<std::optional<LogRecord>>(std::nullopt);
    }

private:
    FakeEngine& engine_;
    ContainerId id_;
    LogQuery query_;
    std::size_t next_;
    std::uint64_t life_;
};

class FakeEngine::Events final : public EventStream {
public:
    Events(FakeEngine& engine, Labels labels, std::size_t first)
        : engine_(engine), labels_(std::move(labels)), next_(first), life_(engine.generation_) {}

    Async<Event> next() override {
        while (true) {
            if (engine_.generation_ != life_) co_return fail(EngineErrc::engine_down, "the fake engine died");
            while (next_ < engine_.events_.size()) {
                const Event& event = engine_.events_[next_++];
                const Labels& has = event.attributes;
                if (std::includes(has.begin(), has.end(), labels_.begin(), labels_.end()))
                    co_return Result<Event>(event);
            }
            co_await engine_.changed();
        }
    }

private:
    FakeEngine& engine_;
    Labels labels_;
    std::size_t next_;
    std::uint64_t life_;
};

Async<EngineInfo> FakeEngine::info() {
    SONM_CO_CHECK(enter(EngineCall::info));
    co_return Result<EngineInfo>(info_);
}

Async<ImageInfo> FakeEngine::load_image(ByteSource archive, ImageLimits limits, ProgressFn progress) {
    SONM_CO_CHECK(enter(EngineCall::load_image));
    auto too_large = make_error_code(EngineErrc::image_too_large);
    auto limited = bounded(std::move(archive), limits.archive_bytes_max, too_large, std::move(progress),
                           "receiving the image");
    crypto::Sha256 hash;
    ImageInfo info;
    while (true) {
        SONM_CO_TRY(Bytes piece, co_await limited());
        if (piece.empty()) break;
        hash.update(piece);
        info.unpacked_bytes += piece.size();
    }
    info.id = ImageId("sha256:" + to_hex(hash.finish().bytes));
    if (next_loaded_) {
        info.id = next_loaded_->first;
        images_[info.id.value] = std::move(next_loaded_->second);
        next_loaded_.reset();
    }
    images_.try_emplace(info.id.value);
    SONM_CO_CHECK(leave(EngineCall::load_image));
    co_return Result<ImageInfo>(std::move(info));
}

Async<ImageInfo> FakeEngine::pull_image(PullSpec spec, ProgressFn progress) {
    SONM_CO_CHECK(enter(EngineCall::pull_image));
    if (progress) {
        Progress done{1, 1, "Downloading"};
        progress(done);
    }
    if (next_loaded_) {
        images_[spec.reference] = std::move(next_loaded_->second);
        next_loaded_.reset();
    }
    if (!images_.contains(spec.reference))
        co_return fail(EngineErrc::pull_failed, "{}: manifest unknown", spec.reference);
    SONM_CO_CHECK(leave(EngineCall::pull_image));
    ImageInfo info;
    info.id = ImageId(spec.reference);
    co_return Result<ImageInfo>(std::move(info));
}

Async<ImageInfo> FakeEngine::inspect_image(std::string reference) {
    SONM_CO_CHECK(enter(EngineCall::inspect_image));
    if (!images_.contains(reference)) co_return fail(EngineErrc::image_missing, "image {}", reference);
    ImageInfo info;
    info.id = ImageId(reference);
    co_return Result<ImageInfo>(std::move(info));
}

Async<void> FakeEngine::remove_image(std::string reference) {
    SONM_CO_CHECK(enter(EngineCall::remove_image));
    for (const auto& [id, container] : containers_)
        if (container.info.image.value == reference)
            co_return fail(Errc::conflict, "container {} uses image {}", id, reference);
    images_.erase(reference);
    co_return leave(EngineCall::remove_image);
}

Async<std::unique_ptr<LogStream>> FakeEngine::logs(ContainerId id, LogQuery query) {
    SONM_CO_CHECK(enter(EngineCall::logs));
    SONM_CO_TRY(Container * found, container(id));
    std::size_t count = found->output.size();
    std::size_t first = query.tail && *query.tail < count ? count - *query.tail : 0;
    auto stream = std::make_unique<Logs>(*this, std::move(id), query, first);
    co_return Result<std::unique_ptr<LogStream>>(std::move(stream));
}

Async<std::unique_ptr<EventStream>> FakeEngine::events(Labels labels, UnixTime since) {
    SONM_CO_CHECK(enter(EngineCall::events));
    std::size_t first = events_.size();
    if (since.value) {
        first = 0;
        while (first < events_.size() && events_[first].time_ns < since.value * 1'000'000'000U) ++first;
    }
    auto stream = std::make_unique<Events>(*this, std::move(labels), first);
    co_return Result<std::unique_ptr<EventStream>>(std::move(stream));
}

Async<Usage> FakeEngine::usage(ContainerId id) {
    SONM_CO_CHECK(enter(EngineCall::usage));
    SONM_CO_TRY(Container * found, container(id));
    if (found->info.state != ContainerState::running)
        co_return fail(Errc::conflict, "container {} does not run", id);
    co_return Result<Usage>(found->run.usage);
}

Async<ExecResult> FakeEngine::exec(ContainerId id, ExecSpec) {
    SONM_CO_CHECK(enter(EngineCall::exec));
    SONM_CO_TRY(Container * found, container(id));
    if (found->info.state != ContainerState::running)
        co_return fail(Errc::conflict, "container {} does not run", id);
    co_return Result<ExecResult>(found->run.exec);
}

Async<void> FakeEngine::put_archive(ContainerId id, std::string path, ByteSource tar,
                                    std::uint64_t bytes_max) {
    SONM_CO_CHECK(enter(EngineCall::put_archive));
    auto limited = bounded(std::move(tar), bytes_max, make_error_code(Errc::too_large), nullptr, path);
    Bytes all;
    while (true) {
        SONM_CO_TRY(Bytes piece, co_await limited());
        if (piece.empty()) break;
        append(all, piece);
    }
    SONM_CO_TRY(Container * found, container(id));
    found->archives[path] = std::move(all);
    co_return leave(EngineCall::put_archive);
}

Async<std::unique_ptr<ByteReader>> FakeEngine::get_archive(ContainerId id, std::string path,
                                                           std::uint64_t bytes_max) {
    SONM_CO_CHECK(enter(EngineCall::get_archive));
    SONM_CO_TRY(Container * found, container(id));
    auto archive = found->archives.find(path);
    if (archive == found->archives.end()) co_return fail(Errc::not_found, "{} of container {}", path, id);
    if (archive->second.size() > bytes_max) co_return fail(Errc::too_large, "{} of container {}", path, id);
    auto reader = std::make_unique<FakeBytes>(archive->second);
    co_return Result<std::unique_ptr<ByteReader>>(std::move(reader));
}

Async<NetworkId> FakeEngine::create_network(std::string name, Labels labels) {
    SONM_CO_CHECK(enter(EngineCall::create_network));
    if (networks_refused_) co_return fail(EngineErrc::not_isolated, "the fake engine has no firewall");
    networks_[name] = std::move(labels);
    SONM_CO_CHECK(leave(EngineCall::create_network));
    co_return Result<NetworkId>(NetworkId(std::move(name)));
}

Async<void> FakeEngine::remove_network(NetworkId id) {
    SONM_CO_CHECK(enter(EngineCall::remove_network));
    networks_.erase(id.value);
    co_return leave(EngineCall::remove_network);
}

Async<std::vector<NetworkId>> FakeEngine::list_networks(Labels labels) {
    SONM_CO_CHECK(enter(EngineCall::list_networks));
    std::vector<NetworkId> out;
    for (const auto& [name, has] : networks_)
        if (std::includes(has.begin(), has.end(), labels.begin(), labels.end()))
            out.push_back(NetworkId(name));
    co_return Result<std::vector<NetworkId>>(std::move(out));
}

Async<void> FakeEngine::create_volume(std::string name, std::uint64_t, Labels) {
    SONM_CO_CHECK(enter(EngineCall::create_volume));
    volumes_.insert(std::move(name));
    co_return leave(EngineCall::create_volume);
}

Async<void> FakeEngine::remove_volume(std::string name) {
    SONM_CO_CHECK(enter(EngineCall::remove_volume));
    volumes_.erase(name);
    co_return leave(EngineCall::remove_volume);
}

}  // namespace sonm::engine
