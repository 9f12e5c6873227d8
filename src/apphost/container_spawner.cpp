#include "sonm/apphost/container_spawner.hpp"

#include "sonm/base/log.hpp"

namespace sonm::apphost {
namespace {

using engine::ContainerId;
using engine::Engine;

constexpr std::chrono::seconds removal_max{30};

class Container final : public Spawned {
public:
    Container(Executor executor, std::shared_ptr<Engine> engine, ContainerId id, OutputFn tell)
        : executor_(executor),
          engine_(std::move(engine)),
          id_(std::move(id)),
          tell_(std::move(tell)),
          wish_(executor, asio::steady_timer::time_point::max()) {}

    Task<ExitStatus> wait() override {
        ExitStatus status{1, false};
        auto body = [&](TaskGroup& group) -> Task<void> {
            group.spawn(follow());
            group.spawn(obey());
            auto waiting = engine_->wait(id_);
            auto report = co_await std::move(waiting);
            if (report) status.code = report->exit_code;
        };
        auto work = scope(2, std::move(body));
        co_await std::move(work);
        auto removing = within(removal_max, engine_->remove(id_));
        auto removed = co_await std::move(removing);
        if (!removed) SONM_LOG(warn, "container {} stays behind: {}", id_.value, removed.error().message());
        co_return status;
    }
    void terminate() override { wish(Seconds(5)); }
    void kill() override { wish(Seconds(0)); }

private:
    void wish(Seconds grace) {
        grace_ = grace_ ? std::min(*grace_, grace) : grace;
        wish_.cancel();
    }
    /// Calls on the engine take time; who asks for the end does not wait.
    Task<void> obey() {
        while (!grace_) {
            (void)co_await wish_.async_wait(as_tuple(asio::use_awaitable));
            co_await detail::throw_if_cancelled();
        }
        auto stopping = engine_->stop(id_, *grace_);
        (void)co_await std::move(stopping);
    }
    Task<void> follow() {
        engine::LogQuery query;
        query.follow = true;
        auto opening = engine_->logs(id_, query);
        auto logs = co_await std::move(opening);
        while (logs) {
            auto record = co_await (*logs)->next();
            if (!record || !*record) co_return;
            tell_((*record)->text);
        }
    }

    Executor executor_;
    std::shared_ptr<Engine> engine_;
    ContainerId id_;
    OutputFn tell_;
    asio::steady_timer wish_;
    std::optional<Seconds> grace_;
};

}  // namespace

ContainerSpawner::ContainerSpawner(Executor executor, std::unique_ptr<Engine> engine, std::string node)
    : executor_(std::move(executor)), engine_(std::move(engine)) {
    labels_["sonm.apphost"] = std::move(node);
}

Async<std::unique_ptr<Spawned>> ContainerSpawner::spawn(SpawnSpec spec, OutputFn output) {
    if (spec.image.empty())
        co_return fail(Errc::invalid, "{}: the manifest names no \"image\" to run its workers in", spec.app);
    auto inspecting = engine_->inspect_image(spec.image);
    auto image = co_await std::move(inspecting);
    if (!image) {
        engine::PullSpec pull;
        pull.reference = spec.image;
        auto pulling = engine_->pull_image(std::move(pull), nullptr);
        image = co_await std::move(pulling);
    }
    if (!image) co_return wrap(std::move(image.error()), "image {}", spec.image);
    engine::ContainerSpec wanted;
    wanted.name = "sonm-app-" + spec.uuid;
    wanted.image = image->id.value;
    wanted.labels = labels_;
    wanted.env = spec.environment;
    wanted.work_dir = spec.folder.string();
    if (!spec.program.empty()) wanted.entrypoint = {spec.program};
    wanted.command = spec.args;
    engine::Mount folder, socket, locator;
    folder.source = folder.target = spec.folder.string();
    socket.source = socket.target = spec.socket.string();
    folder.read_only = true;
    wanted.mounts = {folder, socket};
    if (!spec.locator.empty()) {
        locator.source = locator.target = spec.locator.string();
        wanted.mounts.push_back(locator);
    }
    wanted.limits.cpu_millicores = spec.isolate.cpu_millicores;
    wanted.limits.memory_bytes_max = spec.isolate.memory_bytes_max;
    wanted.limits.processes_max = spec.isolate.processes_max;
    wanted.limits.files_max = spec.isolate.files_max;
    auto creating = engine_->create(std::move(wanted));
    SONM_CO_TRY(ContainerId id, co_await std::move(creating));
    auto container = std::make_unique<Container>(executor_, engine_, id, std::move(output));
    auto starting = engine_->start(id);
    auto started = co_await std::move(starting);
    if (!started) {
        auto removing = engine_->remove(id);
        (void)co_await std::move(removing);
        co_return tl::unexpected<Error>(std::move(started.error()));
    }
    co_return std::unique_ptr<Spawned>(std::move(container));
}

Async<void> ContainerSpawner::clean_up() {
    auto listing = engine_->list(labels_);
    SONM_CO_TRY(auto left, co_await std::move(listing));
    for (const auto& container : left) {
        auto removing = engine_->remove(container.id);
        SONM_CO_CHECK(co_await std::move(removing));
    }
    co_return Result<void>();
}

}  // namespace sonm::apphost
