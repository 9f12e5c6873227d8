#include "sonm/worker/worker.hpp"

#include <fstream>

#include "sonm/base/fs.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/engine/fake_engine.hpp"
#include "sonm/market/fake_ledger.hpp"
#include "sonm/services/receipt.hpp"

namespace sonm::worker {
namespace {

using model::TaskState;

constexpr std::uint64_t chain_id = 31337;
const TaskId task_id("00112233445566778899aabbccddeeff");
constexpr std::string_view plan_text = "name: small\nprice: 0.36 SNM/h\nduration: spot\nexpiry: 2 d\n"
                                       "resources: {cores: 1, ram: 256 MiB, storage: 64 MiB}\n";

Tokens snm(std::uint64_t whole) { return Tokens(U256(whole) * U256(1'000'000'000'000'000'000ULL)); }

/// A chain, an engine, a supplier's disk and a consumer: all that outlives a worker's process.
struct World {
    explicit World(const Executor& executor)
        : executor(executor), engine(executor), chain(clock), ledger(chain, key.address()), buyer(chain, consumer.address()) {
        chain.market().give(consumer.address(), snm(1000));
        engine::FakeRun run;
        engine::LogRecord line;
        line.time_ns = 1'700'000'000'000'000'001;
        line.text = to_bytes("hello\n");
        run.output = {line};
        run.effect = [](const engine::ContainerSpec& spec) {
            std::filesystem::path work = spec.mounts.at(0).source;
            std::filesystem::copy_file(work / "in.txt", work / "out.txt");
        };
        loaded = engine::ImageId("sha256:" + std::string(64, 'b'));
        engine.next_loaded(loaded, run);
    }

    WorkerParts parts() {
        Machine machine;
        machine.whole.cpu_millicores = 2000;
        machine.whole.ram_bytes = GiB;
        machine.whole.storage_bytes = GiB;
        machine.measured[model::Benchmark::cpu_cores] = 200;
        machine.measured[model::Benchmark::ram_size] = 1024;
        machine.measured[model::Benchmark::storage_size] = 1024;
        return WorkerParts{executor, ledger, engine, key, clock, chain_id, machine, engine::QuotaKind::none};
    }
    WorkerConfig config() const {
        WorkerConfig out;
        out.state = disk.path();
        return out;
    }
    Order bid(std::uint64_t nonce = 1) const {
        Order out;
        out.side = model::Side::bid;
        out.author = consumer.address();
        out.price = model::PricePerSecond(U256(200'000'000'000'000ULL));
        out.expiry = clock.now() + Seconds(86'400);
        out.nonce = model::OrderNonce(nonce);
        out.benchmarks[model::Benchmark::cpu_cores] = 100;
        return out;
    }
    model::TaskSpec spec() const {
        model::TaskSpec out;
        out.image.reference = "demo:1";
        out.image.blob = crypto::sha256(image);
        out.image.blob_bytes = image.size();
        model::InputFile input;
        input.path = "in.txt";
        input.blob = crypto::sha256(input_bytes);
        input.bytes = input_bytes.size();
        out.inputs = {input};
        out.outputs = {"out.txt"};
        out.command = {"copy"};
        return out;
    }

    Executor executor;
    TempDir disk;
    FakeClock clock;
    crypto::PrivateKey key = crypto::PrivateKey::generate(), consumer = crypto::PrivateKey::generate();
    engine::FakeEngine engine;
    market::FakeChain chain;
    market::FakeLedger ledger, buyer;
    engine::ImageId loaded;
    Bytes image = to_bytes("an image archive"), input_bytes = to_bytes("some input");
};

/// Waits until `holds`; a test that fails here says where.
Task<bool> until(std::function<bool()> holds) {
    Signal never(co_await asio::this_coro::executor);
    for (int i = 0; i < 4'000; ++i) {
        if (holds()) co_return true;
        (void)co_await wait_for(never, Millis(5));
    }
    co_return false;
}

std::size_t open_asks(const World& world) {
    std::size_t count = 0;
    MarketView view(world.key.address());
    view.apply(world.chain.market().since(0));
    for (const auto& [id, ask] : view.asks()) count += ask.state == ListingState::open ? 1 : 0;
    return count;
}

std::optional<model::DealState> deal_state(World& world, std::uint64_t id) { return world.chain.market().deal_state(model::DealId(id)); }

#define EXPECT_SOON(...)                                     \
    do {                                                     \
        auto soon = until([&] { return bool(__VA_ARGS__); }); \
        bool came = co_await std::move(soon);                \
        EXPECT_TRUE(came) << #__VA_ARGS__;                   \
        if (!came) co_return;                                \
    } while (false)

Async<services::WorkerClient> connect(TaskGroup& group, const Worker& worker, const World& world, const crypto::Signer& who) {
    rpc::ConnectOptions options;
    options.signer = &who;
    options.clock = &world.clock;
    options.expect = world.key.address();
    auto connecting = rpc::connect(group, worker.endpoint(), "worker", options);
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(connecting));
    co_return services::WorkerClient(std::move(connection));
}

Async<void> upload(services::WorkerClient& client, model::DealId deal, Bytes bytes) {
    SONM_CO_TRY(auto stream, client.stream<"blob_put">(deal, crypto::sha256(bytes), std::uint64_t(bytes.size()), std::uint64_t(0)));
    auto writing = stream.write(bytes);
    SONM_CO_CHECK(co_await std::move(writing));
    auto replying = stream.reply();
    SONM_CO_TRY(std::uint64_t held, co_await std::move(replying));
    EXPECT_EQ(held, bytes.size());
    co_return Result<void>();
}

/// Runs `test` as the body of a scope and makes sure that it came to its end.
void in_world(std::function<Task<void>(World&, TaskGroup&, bool&)> test) {
    bool passed = false;
    auto whole = [](std::function<Task<void>(World&, TaskGroup&, bool&)> test, bool& passed) -> Task<void> {
        World world(co_await asio::this_coro::executor);
        auto body = [&](TaskGroup& group) { return test(world, group, passed); };
        auto running = scope(64, std::move(body));
        co_await std::move(running);
    };
    run_test(whole(std::move(test), passed));
    EXPECT_TRUE(passed);
}

Result<std::unique_ptr<Worker>> open_with_plan(World& world) {
    WorkerConfig config = world.config();
    SONM_TRY(AskPlan plan, parse_ask_plan(plan_text, "plan.yaml"));
    config.ask_plans = {plan};
    return Worker::open(world.parts(), std::move(config));
}

Task<void> whole_order(World& world, TaskGroup& group, bool& passed) {
    auto worker = open_with_plan(world);
    EXPECT_TRUE(worker) << worker.error().message();
    if (!worker) co_return;
    group.spawn((*worker)->run());
    EXPECT_SOON(open_asks(world) == 1);
    EXPECT_SOON(world.chain.market().attribute(world.key.address(), services::endpoint_attribute()) == (*worker)->endpoint());

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
    auto closing = world.buyer.close("close", world.chain.market().deals()[0], model::BlacklistChoice::nobody);
    EXPECT_TRUE(co_await std::move(closing));
    EXPECT_SOON(open_asks(world) == 1);
    EXPECT_FALSE(std::filesystem::exists(world.disk / "blobs/1"));
    auto later = co_await client->call<"receipt">(task_id);
    EXPECT_TRUE(later) << "what was earned stays to be shown after the deal";
    passed = true;
}

TEST(Worker, one_order_from_ask_to_close__is_carried_through_and_its_share_is_sold_again) { in_world(whole_order); }

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
    EXPECT_TRUE(!late && (late.error().is(Errc::conflict) || late.error().is(Errc::not_found)));
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
    std::size_t intents = world.chain.intents();
    std::string endpoint = world.chain.market().attribute(world.key.address(), services::endpoint_attribute());
    auto worker = open_with_plan(world);
    EXPECT_TRUE(worker) << worker.error().message();
    if (!worker) co_return;
    group.spawn((*worker)->run());
    EXPECT_SOON((*worker)->shop().view().live());
    auto placing = world.buyer.place("bid", world.bid(), snm(10));
    EXPECT_TRUE(co_await std::move(placing));
    EXPECT_SOON(world.chain.market().deals().size() == 1);
    EXPECT_EQ((*worker)->endpoint(), endpoint) << "the port of last time";
    EXPECT_LE(world.chain.intents(), intents + 3) << "bid and deal, and the endpoint if it was not published before";
    passed = true;
}

TEST(Worker, restart__places_no_second_ask_and_keeps_its_port) { in_world(restarted); }

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

TEST(Worker, engine_down_at_the_start__sells_nothing_until_it_is_back) { in_world(engine_late); }

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

TEST(Worker, chain_down_at_the_start__begins_when_it_is_back) { in_world(chain_down); }

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

TEST(Worker, deal_undone_by_a_reorganisation__comes_back_and_goes_on) { in_world(reorganised); }

Task<void> admin(World& world, TaskGroup& group, bool& passed) {
    auto worker = Worker::open(world.parts(), world.config());
    EXPECT_TRUE(worker);
    group.spawn((*worker)->run());
    auto connecting = rpc::connect(group, "unix:" + admin_socket((*worker)->config()).string(), "worker_admin", rpc::ConnectOptions());
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
    std::string big = "name: big\nprice: 1 SNM/h\nduration: spot\nresources: {cores: 2, ram: 256 MiB, storage: 64 MiB}\n";
    auto too_big = co_await client.call<"ask_create">(big, file);
    EXPECT_TRUE(!too_big && too_big.error().is(Errc::conflict)) << "one core is sold already";
    std::string wrong = "price: 1 SNM/h\nduratoin: spot\n";
    auto unknown = co_await client.call<"ask_create">(wrong, file);
    EXPECT_TRUE(!unknown && unknown.error().message().find("plan.yaml:2") != std::string::npos) << unknown.error().message();
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

Task<void> stray(World& world, TaskGroup& group, bool& passed) {
    world.engine.add_image(world.loaded);
    engine::ContainerSpec spec;
    spec.name = "left-behind";
    spec.image = world.loaded.value;
    spec.labels = {{label_worker, crypto::to_string(world.key.address())}, {label_task, "ffffffffffffffffffffffffffffffff"}};
    EXPECT_TRUE(co_await world.engine.create(spec));
    spec.name = "somebody-elses";
    spec.labels = {{label_worker, "0x0000000000000000000000000000000000000001"}};
    EXPECT_TRUE(co_await world.engine.create(spec));
    auto worker = open_with_plan(world);
    group.spawn((*worker)->run());
    EXPECT_SOON(world.engine.made()[0].removed);
    EXPECT_FALSE(world.engine.made()[1].removed);
    passed = true;
}

TEST(Worker, container_with_our_label_that_no_task_explains__is_removed) { in_world(stray); }

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
