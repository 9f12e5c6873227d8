#include "sonm/worker/task_driver.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/engine/fake_engine.hpp"
#include "sonm/services/receipt.hpp"
#include "sonm/worker/task_log.hpp"

#include <fstream>

namespace sonm::worker {
namespace {

using engine::EngineCall;
using model::TaskState;

constexpr std::uint64_t chain_id = 31337;
const TaskId task_id("00112233445566778899aabbccddeeff");
const engine::ImageId image_name("sha256:" + std::string(64, 'a'));

/// Everything that outlives a worker's process: its disk, its key, and the engine with its containers.
struct World {
    explicit World(const Executor& executor)
        : executor(executor), engine(executor), key(crypto::PrivateKey::generate()) {}
    Executor executor;
    TempDir disk;
    engine::FakeEngine engine;
    crypto::PrivateKey key;
    FakeClock clock;
    WorkerConfig config;

    DealRecord deal() const {
        DealRecord out;
        out.deal.id = model::DealId(7);
        out.deal.consumer.bytes[0] = 9;
        out.holds.cpu_millicores = 1000;
        out.holds.ram_bytes = 64 * MiB;
        out.holds.storage_bytes = 16 * MiB;
        return out;
    }
    static model::TaskSpec spec() {
        model::TaskSpec out;
        out.image.reference = image_name.value;
        out.command = {"work"};
        out.outputs = {"out.txt"};
        return out;
    }
    /// Prints a line, writes a file, ends.
    static engine::FakeRun good_run() {
        engine::FakeRun run;
        engine::LogRecord line;
        line.time_ns = 1'700'000'000'000'000'001;
        line.text = to_bytes("hello\n");
        run.output = {line};
        run.usage.cpu_ns = 5'000'000;
        run.effect = [](const engine::ContainerSpec& spec) {
            std::ofstream(std::filesystem::path(spec.mounts.at(0).source) / "out.txt") << "result";
        };
        return run;
    }
};

/// One process's life.
struct Life {
    explicit Life(World& world)
        : journal(*Journal::open(world.disk / "worker.db")),
          blobs(world.disk / "blobs"),
          workspaces(world.disk / "tasks", blobs),
          table(world.executor, *journal, world.clock, world.config.limits),
          images(world.executor, world.engine, blobs, world.config),
          driver(TaskTools{world.engine, table, images, workspaces, world.key, world.clock, chain_id,
                           world.config.limits}) {
        EXPECT_TRUE(table.load());
    }
    TaskEntry& entry() { return *table.find(task_id); }
    std::string log() {
        TaskLogReader reader(workspaces.log_folder(task_id), 0);
        std::string out;
        while (true) {
            auto piece = reader.next();
            if (!piece || !*piece) return out;
            out += as_text((*piece)->bytes);
        }
    }

    std::unique_ptr<Journal> journal;
    BlobStore blobs;
    Workspaces workspaces;
    TaskTable table;
    Images images;
    TaskDriver driver;
};

Async<void> drive(Life& life) {
    auto driving = life.driver.run(life.entry());
    co_await std::move(driving);
    co_return Result<void>();
}

/// Drives the task to its end, at most so long; false if it was cut short.
Task<bool> run_for(Life& life, Millis limit) {
    auto driving = drive(life);
    auto outcome = co_await within(limit, std::move(driving));
    co_return bool(outcome);
}

constexpr Millis long_enough{20'000};

Task<void> finishes(bool& passed) {
    World world(co_await asio::this_coro::executor);
    world.engine.add_image(image_name, World::good_run());
    Life life(world);
    EXPECT_TRUE(life.table.accept(world.deal(), task_id, World::spec()));
    auto running = run_for(life, long_enough);
    bool ended = co_await std::move(running);
    EXPECT_TRUE(ended);
    const TaskRecord& record = life.entry().record;
    EXPECT_EQ(record.status.state, TaskState::finished) << record.status.reason;
    EXPECT_EQ(record.status.exit_code, 0);
    EXPECT_EQ(life.log(), "hello\n");
    EXPECT_TRUE(record.clean);
    EXPECT_TRUE(services::check(*record.receipt, record.status.deal, task_id, world.key.address(),
                                World::spec(), chain_id));
    auto archive = read_file(life.workspaces.output_file(task_id), MiB);
    EXPECT_TRUE(archive);
    if (archive) EXPECT_EQ(crypto::sha256(*archive), record.receipt->receipt.outputs);
    EXPECT_EQ(world.engine.made().size(), 1u);
    EXPECT_TRUE(world.engine.made()[0].removed);
    EXPECT_EQ(world.engine.made()[0].spec.limits.memory_bytes_max, 64 * MiB);
    passed = true;
}

TEST(TaskDriver, good_task__finishes_with_log_outputs_and_a_signed_receipt_and_leaves_nothing) {
    bool passed = false;
    run_test(finishes(passed));
    EXPECT_TRUE(passed);
}

Task<void> killed(EngineCall call, bool after, bool& passed) {
    World world(co_await asio::this_coro::executor);
    world.engine.add_image(image_name, World::good_run());
    Error down{make_error_code(engine::EngineErrc::engine_down), "killed here"};
    if (after)
        world.engine.fail_after(call, down);
    else
        world.engine.fail_next(call, down);
    {
        Life first(world);
        EXPECT_TRUE(first.table.accept(world.deal(), task_id, World::spec()));
        // The failed call is repeated after a pause; the process dies in that pause.
        auto running = run_for(first, Millis(100));
        (void)co_await std::move(running);
    }
    Life second(world);
    auto running = run_for(second, long_enough);
    bool ended = co_await std::move(running);
    EXPECT_TRUE(ended);
    const TaskRecord& record = second.entry().record;
    EXPECT_EQ(record.status.state, TaskState::finished) << record.status.reason;
    EXPECT_EQ(second.log(), "hello\n");
    EXPECT_EQ(record.status.output_bytes > 0, true);
    int starts = 0;
    for (const auto& made : world.engine.made()) starts += made.starts;
    EXPECT_EQ(starts, 1);
    EXPECT_EQ(world.engine.made().size(), 1u);
    EXPECT_TRUE(world.engine.made()[0].removed);
    passed = true;
}

class KilledAt : public testing::TestWithParam<std::tuple<EngineCall, bool>> {};

TEST_P(KilledAt, any_call_to_the_engine__next_life_finishes_and_starts_nothing_twice) {
    bool passed = false;
    run_test(killed(std::get<0>(GetParam()), std::get<1>(GetParam()), passed));
    EXPECT_TRUE(passed);
}

INSTANTIATE_TEST_SUITE_P(TaskDriver, KilledAt,
                         testing::Combine(testing::Values(EngineCall::find, EngineCall::inspect_image,
                                                          EngineCall::create, EngineCall::inspect,
                                                          EngineCall::start, EngineCall::wait,
                                                          EngineCall::logs, EngineCall::remove),
                                          testing::Bool()));

/// A task that runs until told, in one life; then the world changes, and the next life takes over.
Task<void> engine_dies(bool& passed) {
    World world(co_await asio::this_coro::executor);
    engine::FakeRun run = World::good_run();
    run.runs_until_told = true;
    world.engine.add_image(image_name, run);
    Life life(world);
    EXPECT_TRUE(life.table.accept(world.deal(), task_id, World::spec()));
    auto first = run_for(life, Millis(100));
    (void)co_await std::move(first);
    EXPECT_EQ(life.entry().record.status.state, TaskState::running);
    world.engine.die();
    auto second = run_for(life, Millis(100));
    (void)co_await std::move(second);
    EXPECT_EQ(life.entry().record.status.state, TaskState::running);
    world.engine.revive();
    Life next(world);
    auto third = run_for(next, Millis(100));
    (void)co_await std::move(third);
    auto found = co_await world.engine.find(next.driver.container_name(task_id));
    EXPECT_TRUE(found);
    world.engine.set_now(UnixTime(1'700'000'005));
    world.engine.print(found->id, "more\n");
    world.engine.finish(found->id, 3);
    auto rest = run_for(next, long_enough);
    bool ended = co_await std::move(rest);
    EXPECT_TRUE(ended);
    EXPECT_EQ(next.entry().record.status.exit_code, 3);
    EXPECT_EQ(next.log(), "hello\nmore\n");
    EXPECT_EQ(world.engine.made().size(), 1u);
    passed = true;
}

TEST(TaskDriver, engine_dies_and_comes_back_and_the_worker_restarts__task_is_found_again) {
    bool passed = false;
    run_test(engine_dies(passed));
    EXPECT_TRUE(passed);
}

Task<void> odd_answer(bool& passed) {
    World world(co_await asio::this_coro::executor);
    world.engine.add_image(image_name, World::good_run());
    Error odd{make_error_code(engine::EngineErrc::refused_by_engine), "HTTP 500"};
    world.engine.fail_next(EngineCall::wait, odd, 2);
    Life life(world);
    EXPECT_TRUE(life.table.accept(world.deal(), task_id, World::spec()));
    auto running = run_for(life, long_enough);
    (void)co_await std::move(running);
    EXPECT_EQ(life.entry().record.status.state, TaskState::finished) << life.entry().record.status.reason;
    passed = true;
}

TEST(TaskDriver, odd_answer_of_the_engine_while_it_runs__is_asked_again) {
    bool passed = false;
    run_test(odd_answer(passed));
    EXPECT_TRUE(passed);
}

/// Runs one task to its end after `change`, and gives back its record.
Task<void> outcome_of(std::function<void(World&, model::TaskSpec&)> change, TaskRecord& out) {
    World world(co_await asio::this_coro::executor);
    world.engine.add_image(image_name, World::good_run());
    model::TaskSpec spec = World::spec();
    change(world, spec);
    Life life(world);
    auto accepted = life.table.accept(world.deal(), task_id, std::move(spec));
    EXPECT_TRUE(accepted);
    auto running = run_for(life, long_enough);
    (void)co_await std::move(running);
    out = life.entry().record;
}

TaskRecord run_with(std::function<void(World&, model::TaskSpec&)> change) {
    TaskRecord out;
    run_test(outcome_of(std::move(change), out));
    return out;
}

TEST(TaskDriver, image_missing__fails_and_says_so) {
    TaskRecord record = run_with([](World& world, model::TaskSpec& spec) {
        spec.image.reference = "nobody/nothing:1";
        world.config.pull_images = false;
    });
    EXPECT_EQ(record.status.state, TaskState::failed);
    EXPECT_NE(record.status.reason.find("nobody/nothing:1"), std::string::npos) << record.status.reason;
    EXPECT_TRUE(record.clean);
    EXPECT_TRUE(record.receipt);
}

TEST(TaskDriver, command_missing__fails_and_its_container_is_removed) {
    TaskRecord record = run_with([](World& world, model::TaskSpec&) {
        world.engine.fail_next(EngineCall::start, Error{make_error_code(engine::EngineErrc::command_missing),
                                                        "no such file: work"});
    });
    EXPECT_EQ(record.status.state, TaskState::failed);
    EXPECT_NE(record.status.reason.find("no such file"), std::string::npos);
    EXPECT_TRUE(record.clean);
}

TEST(TaskDriver, output_missing__fails_and_keeps_the_exit_code) {
    TaskRecord record = run_with([](World&, model::TaskSpec& spec) { spec.outputs = {"other.txt"}; });
    EXPECT_EQ(record.status.state, TaskState::failed);
    EXPECT_NE(record.status.reason.find("other.txt"), std::string::npos) << record.status.reason;
}

TEST(TaskDriver, output_is_a_link_out_of_the_work_folder__fails_and_nothing_leaves) {
    TaskRecord record = run_with([](World& world, model::TaskSpec&) {
        engine::FakeRun run = World::good_run();
        run.effect = [](const engine::ContainerSpec& spec) {
            std::filesystem::create_symlink("/etc/passwd",
                                            std::filesystem::path(spec.mounts.at(0).source) / "out.txt");
        };
        world.engine.add_image(image_name, run);
    });
    EXPECT_EQ(record.status.state, TaskState::failed);
    EXPECT_TRUE(record.outputs.is_zero());
}

TEST(TaskDriver, output_larger_than_allowed__fails_and_says_the_limit) {
    TaskRecord record = run_with([](World&, model::TaskSpec& spec) { spec.output_bytes_max = 3; });
    EXPECT_EQ(record.status.state, TaskState::failed);
    EXPECT_TRUE(record.outputs.is_zero());
}

/// The file that outputs are written to is on a full disk.
Task<void> disk_full(bool stopped, bool& passed) {
    World world(co_await asio::this_coro::executor);
    world.engine.add_image(image_name, World::good_run());
    Life life(world);
    EXPECT_TRUE(life.table.accept(world.deal(), task_id, World::spec()));
    std::filesystem::path part = life.workspaces.output_file(task_id).string() + ".part";
    EXPECT_TRUE(make_folder(part.parent_path(), 0700));
    std::filesystem::create_symlink("/dev/full", part);
    auto first = run_for(life, Millis(100));
    bool ended = co_await std::move(first);
    EXPECT_FALSE(ended);
    EXPECT_EQ(life.entry().record.status.state, TaskState::collecting);
    EXPECT_FALSE(world.engine.made()[0].removed);
    if (stopped)
        EXPECT_TRUE(life.table.ask_stop(life.entry(), "its deal is over"));
    else
        std::filesystem::remove(part);
    auto rest = run_for(life, long_enough);
    ended = co_await std::move(rest);
    EXPECT_TRUE(ended);
    EXPECT_EQ(life.entry().record.status.state, stopped ? TaskState::stopped : TaskState::finished);
    EXPECT_EQ(life.entry().record.outputs.is_zero(), stopped);
    EXPECT_TRUE(life.entry().record.clean);
    passed = true;
}

TEST(TaskDriver, supplier_s_disk_full__outputs_wait_for_room) {
    bool passed = false;
    run_test(disk_full(false, passed));
    EXPECT_TRUE(passed);
}

TEST(TaskDriver, supplier_s_disk_full_until_the_deal_ends__is_stopped_without_outputs) {
    bool passed = false;
    run_test(disk_full(true, passed));
    EXPECT_TRUE(passed);
}

TEST(TaskDriver, out_of_memory__says_so) {
    TaskRecord record = run_with([](World& world, model::TaskSpec& spec) {
        engine::FakeRun run = World::good_run();
        run.oom_killed = true;
        run.exit_code = 137;
        world.engine.add_image(image_name, run);
        spec.outputs.clear();
    });
    EXPECT_EQ(record.status.state, TaskState::finished);
    EXPECT_TRUE(record.status.out_of_memory);
    EXPECT_NE(record.status.reason.find("64 MiB"), std::string::npos) << record.status.reason;
}

TEST(TaskDriver, time_limit_passed__is_stopped_with_the_reason) {
    TaskRecord record = run_with([](World& world, model::TaskSpec& spec) {
        engine::FakeRun run = World::good_run();
        run.runs_until_told = true;
        run.ignores_sigterm = true;
        world.engine.add_image(image_name, run);
        spec.time_limit = Seconds(60);
        world.clock.advance(Seconds(1'000'000));  // the engine's clock stands at the start
    });
    EXPECT_EQ(record.status.state, TaskState::stopped);
    EXPECT_NE(record.status.reason.find("1 min"), std::string::npos) << record.status.reason;
    EXPECT_EQ(record.status.exit_code, 137);
    EXPECT_FALSE(record.outputs.is_zero()) << "what was there is collected";
}

TEST(TaskDriver, registry_password__is_not_kept_once_the_image_is_here) {
    TaskRecord record = run_with([](World& world, model::TaskSpec& spec) {
        spec.image.reference = "sha256:" + std::string(64, 'b');
        world.engine.next_loaded(engine::ImageId(spec.image.reference), World::good_run());
        spec.image.registry_user = "me";
        spec.image.registry_password = "secret";
    });
    EXPECT_EQ(record.status.state, TaskState::finished) << record.status.reason;
    EXPECT_TRUE(record.spec.image.registry_password.empty());
    EXPECT_TRUE(record.image_fetched && record.image_guarded) << "the next life has to know it";
}

Task<void> stopped_before_its_start(bool& passed) {
    World world(co_await asio::this_coro::executor);
    Life life(world);
    auto entry = life.table.accept(world.deal(), task_id, World::spec());
    EXPECT_TRUE(entry);
    EXPECT_TRUE(life.table.ask_stop(**entry, "the deal was closed"));
    auto running = run_for(life, long_enough);
    (void)co_await std::move(running);
    EXPECT_EQ(life.entry().record.status.state, TaskState::stopped);
    EXPECT_TRUE(world.engine.made().empty());
    passed = true;
}

TEST(TaskDriver, stop_before_the_start__nothing_is_created) {
    bool passed = false;
    run_test(stopped_before_its_start(passed));
    EXPECT_TRUE(passed);
}

}  // namespace
}  // namespace sonm::worker
