#include "sonm/worker/images.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/engine/fake_engine.hpp"

namespace sonm::worker {
namespace {

using engine::EngineCall;

const DealId first_deal(1), second_deal(2);

struct World {
    explicit World(const Executor& executor)
        : engine(executor), blobs(disk / "blobs"), images(executor, engine, blobs, config) {}
    std::ptrdiff_t pulls() const { return std::ranges::count(engine.calls(), EngineCall::pull_image); }

    TempDir disk;
    WorkerConfig config;
    engine::FakeEngine engine;
    BlobStore blobs;
    Images images;
};

/// Named by its id, which the fake engine takes for a name like any other.
const engine::ImageId image("sha256:" + std::string(64, 'c'));

Task<bool> can_use(World& world, DealId deal, std::string password = "") {
    model::ImageSource source;
    source.reference = image.value;
    if (!password.empty()) source.registry_user = "me";
    source.registry_password = std::move(password);
    auto ensuring = world.images.ensure(deal, std::move(source), nullptr);
    auto info = co_await std::move(ensuring);
    co_return info.has_value();
}

Task<bool> is_here(World& world) {
    auto inspecting = world.engine.inspect_image(image.value);
    auto info = co_await std::move(inspecting);
    co_return info.has_value();
}

void run_in_world(Task<void> (*test)(World&)) {
    auto whole = [](Task<void> (*test)(World&)) -> Task<void> {
        World world(co_await asio::this_coro::executor);
        auto running = test(world);
        co_await std::move(running);
    };
    run_test(whole(test));
}

Error unauthorised() { return Error{make_error_code(engine::EngineErrc::pull_failed), "unauthorized"}; }

/// As after a pull by this deal in an earlier process.
void fetched_before(World& world, bool guarded) {
    world.engine.add_image(image);
    Images::Origin origin;
    origin.fetched = true;
    origin.guarded = guarded;
    world.images.remember(first_deal, image, origin);
}

Task<void> private_image(World& world) {
    fetched_before(world, true);
    EXPECT_TRUE(co_await can_use(world, first_deal));
    EXPECT_EQ(world.pulls(), 0);
    world.engine.fail_next(EngineCall::pull_image, unauthorised());
    EXPECT_FALSE(co_await can_use(world, second_deal));
    EXPECT_EQ(world.pulls(), 1);
    EXPECT_TRUE(co_await can_use(world, second_deal, "own")) << "the registry let it";
    EXPECT_EQ(world.pulls(), 2);
    EXPECT_TRUE(co_await can_use(world, second_deal));
    EXPECT_EQ(world.pulls(), 2);
    EXPECT_TRUE(world.images.origin(first_deal, image).guarded);
}

TEST(Images, fetched_with_credentials__another_deal_asks_the_registry_itself) { run_in_world(private_image); }

Task<void> pulled_now(World& world) {
    world.engine.next_loaded(image);
    EXPECT_TRUE(co_await can_use(world, first_deal, "secret"));
    EXPECT_TRUE(world.images.origin(first_deal, image).fetched);
    EXPECT_TRUE(world.images.origin(first_deal, image).guarded);
    EXPECT_FALSE(world.images.origin(second_deal, image).fetched);
}

TEST(Images, fetched_with_credentials__is_known_as_such) { run_in_world(pulled_now); }

Task<void> public_image(World& world) {
    fetched_before(world, false);
    EXPECT_TRUE(co_await can_use(world, second_deal));
    EXPECT_EQ(world.pulls(), 0);
    EXPECT_TRUE(co_await world.images.release(first_deal));
    EXPECT_TRUE(co_await is_here(world)) << "the other deal needs it";
    EXPECT_TRUE(co_await world.images.release(second_deal));
    EXPECT_FALSE(co_await is_here(world));
}

TEST(Images, fetched_by_an_earlier_process__goes_with_the_last_deal_that_uses_it) {
    run_in_world(public_image);
}

Task<void> suppliers_own(World& world) {
    world.engine.add_image(image);
    EXPECT_TRUE(co_await can_use(world, first_deal));
    EXPECT_FALSE(world.images.origin(first_deal, image).fetched);
    EXPECT_TRUE(co_await world.images.release(first_deal));
    EXPECT_TRUE(co_await is_here(world));
}

TEST(Images, here_before_any_deal__stays) { run_in_world(suppliers_own); }

}  // namespace
}  // namespace sonm::worker
