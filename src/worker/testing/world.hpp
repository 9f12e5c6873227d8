#pragma once

#include "sonm/base/fs.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/engine/fake_engine.hpp"
#include "sonm/market/fake_ledger.hpp"
#include "sonm/services/receipt.hpp"
#include "sonm/worker/worker.hpp"

#include <fstream>

/// For tests of the whole worker: a world around it, in memory.
namespace sonm::worker {
using model::TaskState;

inline constexpr std::uint64_t chain_id = 31337;
inline const TaskId task_id("00112233445566778899aabbccddeeff");
inline constexpr std::string_view plan_text =
    "name: small\nprice: 0.36 SNM/h\nduration: spot\nexpiry: 2 d\n"
    "resources: {cores: 1, ram: 256 MiB, storage: 64 MiB}\n";

inline Tokens snm(std::uint64_t whole) { return Tokens(U256(whole) * U256(1'000'000'000'000'000'000ULL)); }

/// A chain, an engine, a supplier's disk and a consumer: all that outlives a worker's process.
struct World {
    explicit World(const Executor& executor)
        : executor(executor),
          engine(executor),
          chain(clock),
          ledger(chain, key.address()),
          buyer(chain, consumer.address()) {
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
    std::vector<std::unique_ptr<Worker>> workers;  ///< outlive the scope that runs them
};

/// Waits until `holds`; a test that fails here says where.
inline Task<bool> until(std::function<bool()> holds) {
    Signal never(co_await asio::this_coro::executor);
    for (int i = 0; i < 4'000; ++i) {
        if (holds()) co_return true;
        (void)co_await wait_for(never, Millis(5));
    }
    co_return false;
}

inline std::size_t open_asks(const World& world) {
    std::size_t count = 0;
    MarketView view(world.key.address());
    view.apply(world.chain.market().since(0));
    for (const auto& [id, ask] : view.asks()) count += ask.state == ListingState::open ? 1 : 0;
    return count;
}

inline std::optional<model::DealState> deal_state(World& world, std::uint64_t id) {
    return world.chain.market().deal_state(model::DealId(id));
}

#define EXPECT_SOON(...)                                      \
    do {                                                      \
        auto soon = until([&] { return bool(__VA_ARGS__); }); \
        bool came = co_await std::move(soon);                 \
        EXPECT_TRUE(came) << #__VA_ARGS__;                    \
        if (!came) co_return;                                 \
    } while (false)

inline Async<services::WorkerClient> connect(TaskGroup& group, const Worker& worker, const World& world,
                                             const crypto::Signer& who) {
    rpc::ConnectOptions options;
    options.signer = &who;
    options.clock = &world.clock;
    options.expect = world.key.address();
    auto connecting = rpc::connect(group, worker.endpoint(), "worker", options);
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(connecting));
    co_return services::WorkerClient(std::move(connection));
}

inline Async<void> upload(services::WorkerClient& client, model::DealId deal, Bytes bytes) {
    SONM_CO_TRY(auto stream, client.stream<"blob_put">(deal, crypto::sha256(bytes),
                                                       std::uint64_t(bytes.size()), std::uint64_t(0)));
    auto writing = stream.write(bytes);
    SONM_CO_CHECK(co_await std::move(writing));
    auto replying = stream.reply();
    SONM_CO_TRY(std::uint64_t held, co_await std::move(replying));
    EXPECT_EQ(held, bytes.size());
    co_return Result<void>();
}

/// Runs `test` as the body of a scope and makes sure that it came to its end.
inline void in_world(std::function<Task<void>(World&, TaskGroup&, bool&)> test) {
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

inline Result<Worker*> open_worker(World& world, WorkerConfig config) {
    SONM_TRY(auto worker, Worker::open(world.parts(), std::move(config)));
    world.workers.push_back(std::move(worker));
    return world.workers.back().get();
}

inline Result<Worker*> open_with_plan(World& world) {
    WorkerConfig config = world.config();
    SONM_TRY(AskPlan plan, parse_ask_plan(plan_text, "plan.yaml"));
    config.ask_plans = {plan};
    return open_worker(world, std::move(config));
}

}  // namespace sonm::worker
