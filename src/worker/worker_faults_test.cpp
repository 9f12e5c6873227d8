#include "sonm/worker/testing/world.hpp"

namespace sonm::worker {
namespace {

Task<void> engine_late(World& world, TaskGroup& group, bool& passed) {
    world.engine.die();
    auto worker = open_with_plan(world);
    group.spawn((*worker)->run());
    EXPECT_SOON((*worker)->shop().view().live());
    EXPECT_SOON(!(*worker)->info().selling && (*worker)->info().note.find("engine") != std::string::npos);
    EXPECT_EQ(open_asks(world), 0u);
    world.engine.revive();
    EXPECT_SOON(open_asks(world) == 1);
    passed = true;
}

TEST(WorkerFaults, engine_down_at_the_start__sells_nothing_until_it_is_back) { in_world(engine_late); }

Task<void> chain_down(World& world, TaskGroup& group, bool& passed) {
    auto worker = open_with_plan(world);
    world.chain.set_down(true);
    group.spawn((*worker)->run());
    Signal never(world.executor);
    (void)co_await wait_for(never, Millis(50));
    world.chain.set_down(false);
    world.chain.market().mine();
    EXPECT_SOON(open_asks(world) == 1);
    passed = true;
}

TEST(WorkerFaults, chain_down_at_the_start__begins_when_it_is_back) { in_world(chain_down); }

Task<void> reorganised(World& world, TaskGroup& group, bool& passed) {
    auto worker = open_with_plan(world);
    group.spawn((*worker)->run());
    EXPECT_SOON(open_asks(world) == 1);
    auto placing = world.buyer.place("bid", world.bid(), snm(10));
    EXPECT_TRUE(co_await std::move(placing));
    EXPECT_SOON((*worker)->shop().deal(model::DealId(1)) != nullptr);
    std::uint64_t head = world.chain.market().head();
    world.chain.rewind(head - 1);
    EXPECT_SOON((*worker)->shop().deal(model::DealId(1))->missing_since.has_value());
    // Ask and bid are open again, so the worker opens the same deal again; nothing was lost.
    world.clock.advance(Seconds(5));
    EXPECT_SOON(world.chain.market().deals().size() == 1);
    EXPECT_SOON(!(*worker)->shop().deal(model::DealId(1))->missing_since.has_value());
    passed = true;
}

TEST(WorkerFaults, deal_undone_by_a_reorganisation__comes_back_and_goes_on) { in_world(reorganised); }

Task<void> stray(World& world, TaskGroup& group, bool& passed) {
    world.engine.add_image(world.loaded);
    engine::ContainerSpec spec;
    spec.name = "left-behind";
    spec.image = world.loaded.value;
    spec.labels = {{label_worker, crypto::to_string(world.key.address())},
                   {label_task, "ffffffffffffffffffffffffffffffff"}};
    EXPECT_TRUE(co_await world.engine.create(spec));
    spec.name = "somebody-elses";
    spec.labels = {{label_worker, "0x0000000000000000000000000000000000000001"}};
    EXPECT_TRUE(co_await world.engine.create(spec));
    engine::Labels ours{{label_worker, crypto::to_string(world.key.address())}};
    EXPECT_TRUE(co_await world.engine.create_network("sonm-00-ffffffffffffffffffffffffffffffff", ours));
    auto worker = open_with_plan(world);
    group.spawn((*worker)->run());
    EXPECT_SOON(world.engine.made()[0].removed);
    EXPECT_FALSE(world.engine.made()[1].removed);
    auto networks = co_await world.engine.list_networks(ours);
    for (int i = 0; i < 400 && networks && !networks->empty(); ++i) {
        Signal never(world.executor);
        (void)co_await wait_for(never, Millis(5));
        networks = co_await world.engine.list_networks(ours);
    }
    EXPECT_TRUE(networks && networks->empty());
    passed = true;
}

TEST(WorkerFaults, container_and_network_with_our_label_that_no_task_explains__are_removed) {
    in_world(stray);
}

}  // namespace
}  // namespace sonm::worker
