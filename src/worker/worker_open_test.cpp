#include "sonm/worker/testing/world.hpp"

namespace sonm::worker {
namespace {

Task<void> second_daemon(World& world, TaskGroup&, bool& passed) {
    WorkerConfig config = world.config();
    auto first = listen_unix(world.executor, admin_socket(config).string());
    EXPECT_TRUE(first) << first.error().message();
    auto second = Worker::open(world.parts(), config);
    EXPECT_FALSE(second);
    EXPECT_FALSE(std::filesystem::exists(config.state / "worker.db"));
    passed = true;
    co_return;
}
TEST(WorkerOpen, another_daemon_on_the_same_folder__is_refused_before_it_touches_the_journal) {
    in_world(second_daemon);
}

}  // namespace
}  // namespace sonm::worker
