#include "sonm/engine/fake_engine.hpp"

#include "sonm/crypto/sha256.hpp"

/// Script and containers; images, streams and the rest are in fake_engine_io.cpp.
namespace sonm::engine {

FakeEngine::FakeEngine(Executor executor)
    : executor_(std::move(executor)), change_(executor_, asio::steady_timer::time_point::max()) {
    info_.version = "fake";
    info_.user_namespaces = info_.seccomp = info_.survives_restart = true;
    info_.cpus = 4;
    info_.memory_bytes = 8 * GiB;
}
FakeEngine::~FakeEngine() = default;

void FakeEngine::add_image(const ImageId& id, FakeRun run) { images_[id.value] = std::move(run); }
void FakeEngine::next_loaded(const ImageId& id, FakeRun run) { next_loaded_ = std::pair(id, std::move(run)); }
void FakeEngine::fail_next(EngineCall call, Error error, int times) {
    failures_before_[call].insert(failures_before_[call].end(), static_cast<std::size_t>(times), error);
}
void FakeEngine::fail_after(EngineCall call, Error error, int times) {
    failures_after_[call].insert(failures_after_[call].end(), static_cast<std::size_t>(times), error);
}

void FakeEngine::die() {
    dead_ = true;
    ++generation_;
    wake();
}
void FakeEngine::revive() { dead_ = false; }

void FakeEngine::wake() { change_.cancel(); }

Task<void> FakeEngine::changed() {
    // Woken by cancel(), which looks like an error; a real cancellation throws at the next co_await.
    (void)co_await change_.async_wait(as_tuple(asio::use_awaitable));
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw asio::system_error(asio::error::operation_aborted);
}

Result<void> FakeEngine::enter(EngineCall call) {
    calls_.push_back(call);
    if (dead_) return fail(EngineErrc::engine_down, "the fake engine is dead");
    auto& failures = failures_before_[call];
    if (failures.empty()) return {};
    Error error = std::move(failures.front());
    failures.pop_front();
    return tl::unexpected<Error>(std::move(error));
}

Result<void> FakeEngine::leave(EngineCall call) {
    auto& failures = failures_after_[call];
    if (failures.empty()) return {};
    Error error = std::move(failures.front());
    failures.pop_front();
    return tl::unexpected<Error>(std::move(error));
}

Result<FakeEngine::Container*> FakeEngine::container(const ContainerId& id) {
    auto found = containers_.find(id.value);
    if (found == containers_.end()) return fail(EngineErrc::container_missing, "container {}", id);
    return &found->second;
}

void FakeEngine::note(const Container& container, std::string action) {
    Event event;
    event.time_ns = now_.value * 1'000'000'000U;
    event.action = std::move(action);
    event.container = container.info.id;
    event.attributes = container.info.labels;
    if (event.action == "die") event.attributes["exitCode"] = std::to_string(container.info.exit_code);
    events_.push_back(std::move(event));
    wake();
}

void FakeEngine::end(Container& container, int exit_code, bool oom_killed) {
    container.info.state = ContainerState::exited;
    container.info.exit_code = exit_code;
    container.info.oom_killed = oom_killed;
    container.info.finished = now_;
    container.info.ran = std::chrono::seconds((now_ - container.info.started).value);
    note(container, "die");
}

void FakeEngine::finish(const ContainerId& id, int exit_code) {
    auto found = containers_.find(id.value);
    SONM_ASSERT(found != containers_.end() && found->second.info.state == ContainerState::running);
    end(found->second, exit_code, false);
}

void FakeEngine::print(const ContainerId& id, std::string text, LogChannel channel) {
    auto found = containers_.find(id.value);
    SONM_ASSERT(found != containers_.end());
    auto& output = found->second.output;
    std::uint64_t time_ns = now_.value * 1'000'000'000U + output.size();
    output.push_back(LogRecord{channel, time_ns, to_bytes(text)});
    wake();
}

Async<ContainerId> FakeEngine::create(ContainerSpec spec) {
    SONM_CO_CHECK(enter(EngineCall::create));
    auto image = images_.find(spec.image);
    if (image == images_.end()) co_return fail(EngineErrc::image_missing, "image {}", spec.image);
    for (const auto& [id, other] : containers_)
        if (other.info.name == spec.name) co_return fail(EngineErrc::name_taken, "container {}", spec.name);
    if (spec.network && !networks_.contains(spec.network->value))
        co_return fail(Errc::not_found, "network {}", *spec.network);
    Container made;
    made.info.id = ContainerId(fmt::format("fake-{}", next_id_++));
    made.info.name = spec.name;
    made.info.image = ImageId(spec.image);
    made.info.labels = spec.labels;
    made.run = image->second;
    made.made = made_.size();
    made_.push_back(Made{std::move(spec)});
    ContainerId id = made.info.id;
    auto& kept = containers_[id.value] = std::move(made);
    note(kept, "create");
    SONM_CO_CHECK(leave(EngineCall::create));
    co_return Result<ContainerId>(std::move(id));
}

Async<void> FakeEngine::start(ContainerId id) {
    SONM_CO_CHECK(enter(EngineCall::start));
    SONM_CO_TRY(Container * found, container(id));
    if (found->info.state != ContainerState::running) {
        ++made_[found->made].starts;
        found->info.state = ContainerState::running;
        found->info.started = now_;
        note(*found, "start");
        if (found->run.effect) found->run.effect(made_[found->made].spec);
        for (LogRecord record : found->run.output) {
            if (record.time_ns == 0) record.time_ns = now_.value * 1'000'000'000U + found->output.size();
            found->output.push_back(std::move(record));
        }
        if (!found->run.runs_until_told) end(*found, found->run.exit_code, found->run.oom_killed);
    }
    co_return leave(EngineCall::start);
}

Async<ExitReport> FakeEngine::wait(ContainerId id) {
    SONM_CO_CHECK(enter(EngineCall::wait));
    std::uint64_t life = generation_;
    while (true) {
        if (generation_ != life) co_return fail(EngineErrc::engine_down, "the fake engine died");
        SONM_CO_TRY(Container * found, container(id));
        const ContainerInfo& info = found->info;
        if (info.state == ContainerState::created)
            co_return fail(Errc::conflict, "container {} was never started", id);
        if (info.state == ContainerState::exited) {
            SONM_CO_CHECK(leave(EngineCall::wait));
            ExitReport report{info.exit_code, info.oom_killed, info.started,
                              info.finished,  info.ran,        found->run.total};
            co_return Result<ExitReport>(std::move(report));
        }
        co_await changed();
    }
}

Async<void> FakeEngine::stop(ContainerId id, Seconds grace) {
    SONM_CO_CHECK(enter(EngineCall::stop));
    SONM_CO_TRY(Container * found, container(id));
    bool killed = found->run.ignores_sigterm || grace.value == 0;
    if (found->info.state == ContainerState::running) end(*found, killed ? 128 + 9 : 128 + 15, false);
    co_return leave(EngineCall::stop);
}

Async<void> FakeEngine::remove(ContainerId id) {
    SONM_CO_CHECK(enter(EngineCall::remove));
    if (auto found = containers_.find(id.value); found != containers_.end()) {
        if (found->second.info.state == ContainerState::running) end(found->second, 128 + 9, false);
        note(found->second, "destroy");
        made_[found->second.made].removed = true;
        containers_.erase(found);
    }
    co_return leave(EngineCall::remove);
}

Async<ContainerInfo> FakeEngine::inspect(ContainerId id) {
    SONM_CO_CHECK(enter(EngineCall::inspect));
    SONM_CO_TRY(Container * found, container(id));
    SONM_CO_CHECK(leave(EngineCall::inspect));
    co_return Result<ContainerInfo>(found->info);
}

Async<ContainerInfo> FakeEngine::find(std::string name) {
    SONM_CO_CHECK(enter(EngineCall::find));
    for (const auto& [id, container] : containers_)
        if (container.info.name == name) co_return Result<ContainerInfo>(container.info);
    co_return fail(EngineErrc::container_missing, "container {}", name);
}

Async<std::vector<ContainerInfo>> FakeEngine::list(Labels labels) {
    SONM_CO_CHECK(enter(EngineCall::list));
    std::vector<ContainerInfo> out;
    for (const auto& [id, container] : containers_) {
        const Labels& has = container.info.labels;
        if (std::includes(has.begin(), has.end(), labels.begin(), labels.end()))
            out.push_back(container.info);
    }
    co_return Result<std::vector<ContainerInfo>>(std::move(out));
}

}  // namespace sonm::engine
