#include "support/engine.hpp"

#include "sonm/engine/sources.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace sonm::test {

using engine::ContainerId;
using engine::Engine;
using engine::ImageId;

Result<std::string> find_engine_address() { return engine::engine_address(std::getenv("DOCKER_HOST")); }

Result<std::string> find_engine() {
    SONM_TRY(std::string address, find_engine_address());
    auto answers = [](std::string at) -> Task<bool> {
        engine::DockerConfig config;
        config.address = std::move(at);
        Executor executor = co_await asio::this_coro::executor;
        engine::DockerEngine docker(executor, config);
        auto info = co_await docker.info();
        co_return info.has_value();
    };
    if (run_test(answers(address))) return address;
    return fail(Errc::unavailable,
                "no container engine at {}: eval \"$(tools/engine ensure --state DIR)\" starts one", address);
}

std::string busybox_archive() {
    std::string path = SONM_BINARY_DIR "/busybox-image.tar";
    std::string command = SONM_SOURCE_DIR "/tools/image busybox '" + path + "' >/dev/null";
    // Neighbours run at the same time; the tool writes its output as a whole and finds that nothing changed.
    SONM_ASSERT(std::system(command.c_str()) == 0);
    return path;
}

engine::ByteSource file_source(const std::string& path) {
    auto file = engine::FileHandle::open(path, O_RDONLY);
    SONM_ASSERT(file.has_value());
    return engine::read_source(std::move(*file));
}

Async<ImageId> load_busybox(Engine& engine) {
    auto loaded = co_await engine.load_image(file_source(busybox_archive()), engine::ImageLimits());
    if (!loaded) co_return tl::unexpected<Error>(std::move(loaded.error()));
    co_return Result<ImageId>(loaded->id);
}

engine::Labels test_labels() { return {{"sonm.test", std::to_string(::getpid())}}; }

engine::ContainerSpec shell(const ImageId& image, std::string script) {
    static int number = 0;
    engine::ContainerSpec spec;
    spec.name = fmt::format("sonm-test-{}-{}", ::getpid(), ++number);
    spec.image = image.value;
    spec.command = {"sh", "-c", std::move(script)};
    spec.labels = test_labels();
    spec.limits.memory_bytes_max = 64 * MiB;
    spec.limits.processes_max = 64;
    spec.stop_grace = Seconds(1);
    return spec;
}

namespace {

Task<void> clean_up(Engine& engine) {
    if (auto left = co_await engine.list(test_labels()))
        for (const auto& container : *left) (void)co_await engine.remove(container.id);
    if (auto networks = co_await engine.list_networks(test_labels()))
        for (const auto& network : *networks) (void)co_await engine.remove_network(network);
}

Task<std::string> run_body(std::string address, Body body) {
    engine::DockerConfig config;
    config.address = std::move(address);
    Executor executor = co_await asio::this_coro::executor;
    engine::DockerEngine docker(executor, config);
    auto image = co_await load_busybox(docker);
    if (image) {
        auto work = body(docker, *image);
        co_await std::move(work);
    } else {
        ADD_FAILURE() << "loading the test image: " << image.error().message();
    }
    co_await clean_up(docker);
    co_return std::string();
}

}  // namespace

std::string with_engine(const std::string& address, Body body) {
    return run_test(run_body(address, std::move(body)));
}

std::string with_engine(Body body) {
    auto address = find_engine();
    return address ? with_engine(*address, std::move(body)) : address.error().message();
}

Async<std::string> output_of(Engine& engine, ContainerId id) {
    engine::LogQuery query;
    query.follow = true;
    SONM_CO_TRY(auto logs, co_await engine.logs(std::move(id), query));
    std::string out;
    while (true) {
        SONM_CO_TRY(auto record, co_await logs->next());
        if (!record) co_return Result<std::string>(std::move(out));
        out += as_text(record->text);
    }
}

Async<engine::ExitReport> run_to_end(Engine& engine, engine::ContainerSpec spec) {
    SONM_CO_TRY(ContainerId id, co_await engine.create(std::move(spec)));
    SONM_CO_CHECK(co_await engine.start(id));
    co_return co_await engine.wait(id);
}

}  // namespace sonm::test
