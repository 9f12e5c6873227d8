#include "sonm/apphost/container_spawner.hpp"

#include "sonm/engine/fake_engine.hpp"

#include <gtest/gtest.h>

namespace sonm::apphost {
namespace {

using engine::FakeEngine;

SpawnSpec spec_of(std::string uuid) {
    SpawnSpec spec;
    spec.app = "echo";
    spec.uuid = std::move(uuid);
    spec.folder = "/spool/echo/1";
    spec.program = "./worker";
    spec.args = {"--app", "echo"};
    spec.socket = "/run/echo.1";
    spec.locator = "/run/node";
    spec.image = "sha256:image";
    spec.isolate.memory_bytes_max = 64 * MiB;
    return spec;
}

/// Runs `body(spawner, engine)` on an engine that has the image, whose containers run until told.
void with_engine(const std::function<Async<void>(ContainerSpawner&, FakeEngine&)>& body) {
    auto whole = [&]() -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        auto made = std::make_unique<FakeEngine>(executor);
        FakeEngine& engine = *made;
        engine::FakeRun run;
        run.runs_until_told = true;
        engine.add_image(engine::ImageId("sha256:image"), run);
        ContainerSpawner spawner(executor, std::move(made), "/state");
        auto running = body(spawner, engine);
        auto outcome = co_await std::move(running);
        EXPECT_TRUE(outcome) << outcome.error().message();
    };
    run_test(whole());
}

TEST(ContainerSpawner, a_worker_sees_its_folder_and_the_sockets_of_the_node_and_nothing_else) {
    with_engine([](ContainerSpawner& spawner, FakeEngine& engine) -> Async<void> {
        auto spawning = spawner.spawn(spec_of("u1"), [](BytesView) {});
        SONM_CO_TRY(auto worker, co_await std::move(spawning));
        const engine::ContainerSpec& made = engine.made().at(0).spec;
        EXPECT_EQ(made.mounts.size(), 3u);
        EXPECT_EQ(made.mounts.at(0).target, "/spool/echo/1");
        EXPECT_TRUE(made.mounts.at(0).read_only);
        EXPECT_EQ(made.mounts.at(1).target, "/run/echo.1");
        EXPECT_EQ(made.mounts.at(2).target, "/run/node");
        EXPECT_EQ(made.limits.memory_bytes_max, 64 * MiB);
        EXPECT_FALSE(made.network.has_value());
        EXPECT_TRUE(made.read_only_root);
        worker->kill();
        auto waiting = worker->wait();
        ExitStatus status = co_await std::move(waiting);
        EXPECT_NE(status.code, 0);
        EXPECT_TRUE(engine.made().at(0).removed);
        co_return Result<void>();
    });
}

TEST(ContainerSpawner, an_image_that_cannot_be_had_is_said) {
    with_engine([](ContainerSpawner& spawner, FakeEngine&) -> Async<void> {
        SpawnSpec spec = spec_of("u1");
        spec.image = "nowhere:1";
        auto spawning = spawner.spawn(std::move(spec), [](BytesView) {});
        auto spawned = co_await std::move(spawning);
        EXPECT_FALSE(spawned);
        SpawnSpec nothing = spec_of("u2");
        nothing.image.clear();
        auto again = spawner.spawn(std::move(nothing), [](BytesView) {});
        auto refused = co_await std::move(again);
        EXPECT_FALSE(refused);
        co_return Result<void>();
    });
}

TEST(ContainerSpawner, what_an_earlier_life_has_left_is_removed_and_other_containers_stay) {
    with_engine([](ContainerSpawner& spawner, FakeEngine& engine) -> Async<void> {
        auto spawning = spawner.spawn(spec_of("u1"), [](BytesView) {});
        SONM_CO_TRY(auto worker, co_await std::move(spawning));
        engine::ContainerSpec other;
        other.name = "somebody-elses";
        other.image = "sha256:image";
        auto creating = engine.create(std::move(other));
        SONM_CO_CHECK(co_await std::move(creating));
        auto cleaning = spawner.clean_up();
        SONM_CO_CHECK(co_await std::move(cleaning));
        EXPECT_TRUE(engine.made().at(0).removed);
        EXPECT_FALSE(engine.made().at(1).removed);
        co_return Result<void>();
    });
}

}  // namespace
}  // namespace sonm::apphost
