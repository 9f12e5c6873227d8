#include "sonm/worker/testing/world.hpp"

namespace sonm::worker {
namespace {

Task<void> whole_order(World& world, TaskGroup& group, bool& passed) {
    auto worker = open_with_plan(world);
    EXPECT_TRUE(worker) << worker.error().message();
    if (!worker) co_return;
    group.spawn((*worker)->run());
    EXPECT_SOON(open_asks(world) == 1);
    EXPECT_SOON(world.chain.market().attribute(world.key.address(), services::endpoint_attribute()) ==
                (*worker)->endpoint());

    auto placing = world.buyer.place("bid", world.bid(), snm(10));
    EXPECT_TRUE(co_await std::move(placing));
    EXPECT_SOON(world.chain.market().deals().size() == 1);
    model::DealId deal(1);
    EXPECT_SOON((*worker)->shop().deal(deal) != nullptr);
    EXPECT_EQ(open_asks(world), 0u) << "what the deal holds is not sold again";

    auto connecting = connect(group, **worker, world, world.consumer);
    auto client = co_await std::move(connecting);
    EXPECT_TRUE(client) << client.error().message();
    if (!client) co_return;
    auto early = co_await client->call<"start_task">(deal, task_id, world.spec());
    EXPECT_FALSE(early);
    EXPECT_TRUE(early.error().is(Errc::unavailable)) << early.error().message();
    for (const Bytes& bytes : {world.image, world.input_bytes}) {
        auto uploading = upload(*client, deal, bytes);
        auto uploaded = co_await std::move(uploading);
        EXPECT_TRUE(uploaded) << uploaded.error().message();
    }
    auto started = co_await client->call<"start_task">(deal, task_id, world.spec());
    EXPECT_TRUE(started) << started.error().message();
    auto again = co_await client->call<"start_task">(deal, task_id, world.spec());
    EXPECT_TRUE(again);
    model::TaskSpec other = world.spec();
    other.command = {"else"};
    auto changed = co_await client->call<"start_task">(deal, task_id, other);
    EXPECT_TRUE(!changed && changed.error().is(Errc::conflict));

    auto states = client->stream<"follow">(task_id);
    EXPECT_TRUE(states);
    model::TaskStatus last;
    while (auto state = co_await states->next()) {
        if (!*state) break;
        last = **state;
    }
    EXPECT_EQ(last.state, TaskState::finished) << last.reason;
    std::string printed;
    auto logs = client->stream<"logs">(task_id, std::uint64_t(0), true);
    while (auto chunk = co_await logs->next()) {
        if (!*chunk) break;
        printed += as_text((*chunk)->bytes);
    }
    EXPECT_EQ(printed, "hello\n");
    Bytes archive;
    auto pieces = client->stream<"pull">(task_id, std::uint64_t(0));
    while (auto piece = co_await pieces->next()) {
        if (!*piece) break;
        append(archive, **piece);
    }
    EXPECT_EQ(archive.size(), last.output_bytes);
    auto receipt = co_await client->call<"receipt">(task_id);
    EXPECT_TRUE(receipt) << receipt.error().message();
    if (!receipt) co_return;
    EXPECT_TRUE(services::check(*receipt, deal, task_id, world.key.address(), world.spec(), chain_id));
    EXPECT_EQ(receipt->receipt.outputs, crypto::sha256(archive));
    EXPECT_EQ(world.engine.made().size(), 1u);

    world.clock.advance(Seconds(100));
    auto closing =
        world.buyer.close("close", world.chain.market().deals()[0], model::BlacklistChoice::nobody);
    EXPECT_TRUE(co_await std::move(closing));
    EXPECT_SOON(open_asks(world) == 1);
    EXPECT_FALSE(std::filesystem::exists(world.disk / "blobs/1"));
    auto later = co_await client->call<"receipt">(task_id);
    EXPECT_TRUE(later) << "what was earned stays to be shown after the deal";
    passed = true;
}

TEST(Worker, one_order_from_ask_to_close__is_carried_through_and_its_share_is_sold_again) {
    in_world(whole_order);
}

Task<void> strangers(World& world, TaskGroup& group, bool& passed) {
    auto worker = open_with_plan(world);
    group.spawn((*worker)->run());
    EXPECT_SOON(open_asks(world) == 1);
    auto placing = world.buyer.place("bid", world.bid(), snm(10));
    EXPECT_TRUE(co_await std::move(placing));
    EXPECT_SOON((*worker)->shop().deal(model::DealId(1)) != nullptr);
    auto thief = crypto::PrivateKey::generate();
    auto connecting = connect(group, **worker, world, thief);
    auto client = co_await std::move(connecting);
    EXPECT_TRUE(client);
    auto theirs = co_await client->call<"start_task">(model::DealId(1), task_id, world.spec());
    EXPECT_TRUE(!theirs && theirs.error().is(Errc::denied)) << "a task for somebody else's deal";
    auto none = co_await client->call<"start_task">(model::DealId(5), task_id, world.spec());
    EXPECT_TRUE(!none && none.error().is(Errc::not_found));
    auto uploading = upload(*client, model::DealId(1), world.image);
    auto uploaded = co_await std::move(uploading);
    EXPECT_TRUE(!uploaded && uploaded.error().is(Errc::denied));
    auto info = co_await client->call<"info">();
    EXPECT_TRUE(info && info->deals_open == 1);
    passed = true;
}

TEST(Worker, somebody_elses_deal__is_denied) { in_world(strangers); }

Task<void> ended(World& world, TaskGroup& group, bool& passed) {
    auto worker = open_with_plan(world);
    group.spawn((*worker)->run());
    EXPECT_SOON(open_asks(world) == 1);
    auto placing = world.buyer.place("bid", world.bid(), snm(1));
    EXPECT_TRUE(co_await std::move(placing));
    EXPECT_SOON((*worker)->shop().deal(model::DealId(1)) != nullptr);
    auto connecting = connect(group, **worker, world, world.consumer);
    auto client = co_await std::move(connecting);
    // 1 SNM at 0.36 SNM/h lasts 10,000 s.
    world.clock.advance(Seconds(10'000));
    auto late = co_await client->call<"start_task">(model::DealId(1), task_id, world.spec());
    EXPECT_TRUE(!late && late.error().is(Errc::not_found));
    world.clock.advance(Seconds(10));
    EXPECT_SOON(deal_state(world, 1)->status == model::DealStatus::closed);
    EXPECT_EQ(world.chain.market().balance(world.key.address()), snm(1));
    EXPECT_SOON(open_asks(world) == 1);
    passed = true;
}

TEST(Worker, escrow_used_up__no_task_is_taken_and_the_deal_is_closed_by_the_worker) { in_world(ended); }

Task<void> restarted(World& world, TaskGroup& group, bool& passed) {
    auto first_life = [&](TaskGroup& inner) -> Task<void> {
        auto worker = open_with_plan(world);
        inner.spawn((*worker)->run());
        EXPECT_SOON(open_asks(world) == 1);
    };
    auto living = scope(4, std::move(first_life));
    co_await std::move(living);
    world.workers.clear();
    std::size_t intents = world.chain.intents();
    std::string endpoint =
        world.chain.market().attribute(world.key.address(), services::endpoint_attribute());
    auto worker = open_with_plan(world);
    EXPECT_TRUE(worker) << worker.error().message();
    if (!worker) co_return;
    group.spawn((*worker)->run());
    EXPECT_SOON((*worker)->shop().view().live());
    auto placing = world.buyer.place("bid", world.bid(), snm(10));
    EXPECT_TRUE(co_await std::move(placing));
    EXPECT_SOON(world.chain.market().deals().size() == 1);
    EXPECT_EQ((*worker)->endpoint(), endpoint) << "the port of last time";
    EXPECT_LE(world.chain.intents(), intents + 3)
        << "bid and deal, and the endpoint if it was not published before";
    passed = true;
}

TEST(Worker, restart__places_no_second_ask_and_keeps_its_port) { in_world(restarted); }

Task<void> admin(World& world, TaskGroup& group, bool& passed) {
    auto worker = open_worker(world, world.config());
    EXPECT_TRUE(worker);
    group.spawn((*worker)->run());
    auto connecting = rpc::connect(group, "unix:" + admin_socket((*worker)->config()).string(),
                                   "worker_admin", rpc::ConnectOptions());
    auto connection = co_await std::move(connecting);
    EXPECT_TRUE(connection) << connection.error().message();
    if (!connection) co_return;
    services::WorkerAdminClient client(std::move(*connection));
    std::string text(plan_text), file = "plan.yaml";
    auto made = co_await client.call<"ask_create">(text, file);
    EXPECT_TRUE(made) << made.error().message();
    EXPECT_SOON(open_asks(world) == 1);
    auto twice = co_await client.call<"ask_create">(text, file);
    EXPECT_TRUE(!twice && twice.error().is(Errc::exists));
    std::string big =
        "name: big\nprice: 1 SNM/h\nduration: spot\nresources: {cores: 2, ram: 256 MiB, storage: 64 MiB}\n";
    auto too_big = co_await client.call<"ask_create">(big, file);
    EXPECT_TRUE(!too_big && too_big.error().is(Errc::conflict)) << "one core is sold already";
    std::string wrong = "price: 1 SNM/h\nduratoin: spot\n";
    auto unknown = co_await client.call<"ask_create">(wrong, file);
    EXPECT_TRUE(!unknown && unknown.error().message().find("plan.yaml:2") != std::string::npos)
        << unknown.error().message();
    auto list = co_await client.call<"ask_list">();
    EXPECT_TRUE(list && list->size() == 1 && list->at(0).id == "small");
    auto removed = co_await client.call<"ask_remove">(std::string("small"), false);
    EXPECT_TRUE(removed);
    EXPECT_SOON(open_asks(world) == 0 && (*worker)->shop().plans().empty());
    auto second = Worker::open(world.parts(), world.config());
    EXPECT_FALSE(second) << "a second daemon on the same folder";
    passed = true;
}

TEST(Worker, operator__makes_and_removes_plans_at_run_time) { in_world(admin); }

TEST(Worker, configuration_sells_more_than_the_machine_has__is_refused) {
    asio::io_context context;
    World world(context.get_executor());
    WorkerConfig config = world.config();
    config.resources = world.parts().machine.whole;
    config.resources->cpu_millicores = 3000;
    auto worker = Worker::open(world.parts(), config);
    ASSERT_FALSE(worker);
    EXPECT_TRUE(worker.error().is(Errc::conflict));
}

}  // namespace
}  // namespace sonm::worker
