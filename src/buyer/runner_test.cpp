#include "sonm/buyer/runner.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/buyer/testing.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/market/fake_ledger.hpp"
#include "sonm/services/receipt.hpp"

#include <gtest/gtest.h>

#include <fstream>

using namespace sonm;
using namespace sonm::buyer;
using sonm::buyer::testing::tar_of;

namespace {

/// What a worker remembers, whatever happens to its connections.
struct FakeWorker {
    crypto::PrivateKey key = crypto::PrivateKey::generate();
    Bytes archive = tar_of("out/picture.png", "pixels");
    std::map<crypto::Hash, std::uint64_t> blobs;
    std::optional<model::TaskStatus> task;
    int starts = 0, pulls = 0;
    std::int32_t exit_code = 0;
    bool forged = false;
    bool unwilling = false;
    model::TaskSpec spec;
};

class FakeLink final : public WorkerLink {
public:
    FakeLink(FakeWorker& worker, std::uint64_t chain_id) : worker_(worker), chain_id_(chain_id) {}
    Async<bool> has_blob(DealId, crypto::Hash sha256) override { co_return worker_.blobs.contains(sha256); }
    Async<void> put_blob(DealId, crypto::Hash sha256, std::filesystem::path file,
                         std::function<void(std::uint64_t)> sent) override {
        worker_.blobs[sha256] = std::filesystem::file_size(file);
        sent(worker_.blobs[sha256]);
        co_return Result<void>();
    }
    Async<model::TaskStatus> start(DealId deal, TaskId id, model::TaskSpec spec) override {
        if (worker_.unwilling) co_return fail(Errc::too_large, "more than this worker takes");
        worker_.spec = std::move(spec);
        if (!worker_.task) {
            ++worker_.starts;
            worker_.task.emplace();
            worker_.task->id = id;
            worker_.task->deal = deal;
            worker_.task->state = model::TaskState::running;
        }
        co_return *worker_.task;
    }
    Async<model::TaskStatus> status(TaskId) override {
        if (!worker_.task) co_return fail(Errc::not_found, "no task");
        co_return *worker_.task;
    }
    Async<std::vector<model::TaskStatus>> tasks(DealId) override {
        co_return std::vector<model::TaskStatus>();
    }
    Async<void> follow(TaskId, std::function<void(const model::TaskStatus&)> changed) override {
        changed(*worker_.task);
        worker_.task->state = model::TaskState::finished;
        worker_.task->exit_code = worker_.exit_code;
        changed(*worker_.task);
        co_return Result<void>();
    }
    Async<void> logs(TaskId, std::uint64_t from, bool, std::function<void(const LogChunk&)> chunk) override {
        LogChunk line;
        line.bytes = to_bytes("hello\n");
        line.next = 6;
        if (from == 0) chunk(line);
        co_return Result<void>();
    }
    Async<void> stop(TaskId) override {
        worker_.task->state = model::TaskState::stopped;
        co_return Result<void>();
    }
    Async<void> pull(TaskId, std::function<Result<void>(BytesView)> sink) override {
        ++worker_.pulls;
        co_return sink(worker_.archive);
    }
    Async<SignedReceipt> receipt(TaskId id) override {
        SignedReceipt out;
        out.receipt.deal = worker_.task->deal;
        out.receipt.task = id;
        out.receipt.worker = worker_.key.address();
        out.receipt.outputs = crypto::sha256(worker_.archive);
        out.receipt.spec = services::spec_hash(worker_.spec);
        out.receipt.inputs = services::inputs_root(worker_.spec.inputs);
        out.receipt.exit_code = worker_.task->exit_code;
        out.signature =
            worker_.key.sign(model::receipt_digest(out.receipt, worker_.forged ? chain_id_ + 1 : chain_id_));
        co_return out;
    }

private:
    FakeWorker& worker_;
    std::uint64_t chain_id_;
};

struct FakeLinks final : WorkerLinks {
    explicit FakeLinks(FakeWorker& w) : worker(w) {}
    FakeWorker& worker;
    int refusals = 0;
    Async<std::unique_ptr<WorkerLink>> connect(Address, std::string) override {
        if (refusals > 0) {
            --refusals;
            co_return fail(Errc::unavailable, "connecting");
        }
        std::unique_ptr<WorkerLink> link = std::make_unique<FakeLink>(worker, 31337);
        co_return std::move(link);
    }
};

/// Stops the run ("kill") at the given event.
struct Killer final : RunObserver {
    explicit Killer(asio::steady_timer& t) : timer(t) {}
    asio::steady_timer& timer;
    int events_left = -1;
    std::vector<Step> steps;
    std::string log;
    std::vector<std::string> troubles;
    void event() {
        if (events_left > 0 && --events_left == 0) timer.expires_at(asio::steady_timer::time_point::min());
    }
    void on_step(Step step) override {
        steps.push_back(step);
        event();
    }
    void on_task(const model::TaskStatus&) override { event(); }
    void on_upload(std::string_view, std::uint64_t, std::uint64_t) override { event(); }
    void on_log(const LogChunk& chunk) override { log += as_text(chunk.bytes); }
    void on_trouble(const Error& error) override { troubles.push_back(error.message()); }
};

struct World {
    FakeClock clock;
    market::FakeChain chain{clock};
    FakeWorker worker;
    FakeLinks links{worker};
    crypto::PrivateKey consumer = crypto::PrivateKey::generate();
    market::FakeLedger buyer_ledger{chain, consumer.address()};
    market::FakeLedger supplier_ledger{chain, worker.key.address()};
    TempDir folder;
    std::unique_ptr<Journal> journal = Journal::open(folder / "runs.db").value();
    model::Order ask;
    RunId id;

    World() {
        chain.market().give(consumer.address(), Tokens(1'000'000));
        ask.side = model::Side::ask;
        ask.author = worker.key.address();
        ask.price = model::PricePerSecond(2);
        ask.duration = Seconds(3600);
        ask.expiry = clock.now() + Seconds(80'000);
        RunPlan plan;
        plan.bid = ask;
        plan.bid.side = model::Side::bid;
        plan.bid.author = consumer.address();
        plan.bid.duration = Seconds(600);
        plan.bid.nonce = model::OrderNonce(7);
        plan.escrow = Tokens(1200);
        plan.task = model::TaskId(std::string(32, 'a'));
        std::ofstream(folder / "scene.pov") << "sphere";
        plan.blobs.push_back(local_blob(folder / "scene.pov").value());
        plan.outputs.push_back({"out/picture.png", folder / "picture.png"});
        id = journal->add(plan, clock.now()).value();
    }

    /// The supplier: opens a deal as soon as it sees the bid.
    Task<void> supply() {
        auto on_step = [this](const market::Step& step) {
            for (const auto& fact : step.facts)
                if (auto* placed = std::get_if<market::OrderPlaced>(&fact.body);
                    placed && placed->order.side == model::Side::bid)
                    (void)chain.market().open_deal(ask, placed->order);
        };
        co_await supplier_ledger.follow(0, on_step);
    }

    /// Runs until done or killed after `events` events; the outcome if it was done.
    std::optional<Result<Outcome>> run(int events, Killer** seen = nullptr) {
        static std::unique_ptr<Killer> killer;
        std::optional<Result<Outcome>> out;
        auto body = [&](TaskGroup& group) -> Task<void> {
            asio::steady_timer killed(co_await asio::this_coro::executor, std::chrono::seconds(20));
            killer = std::make_unique<Killer>(killed);
            killer->events_left = events;
            RunPolicy policy;
            policy.retry_min = policy.retry_max = Millis(1);
            policy.look_again = Millis(50);
            Runner runner(buyer_ledger, links, *journal, clock, *killer, policy);
            auto work = [&]() -> Task<void> {
                auto running = runner.run(id);
                out = co_await std::move(running);
                killed.expires_at(asio::steady_timer::time_point::min());
            };
            group.spawn(supply());
            auto inner = [&](TaskGroup& doomed) -> Task<void> {
                doomed.spawn(work());
                (void)co_await killed.async_wait(as_tuple(asio::use_awaitable));
            };
            auto inside = scope(1, std::move(inner));
            co_await std::move(inside);
        };
        run_test(scope(2, std::move(body)));
        if (seen) *seen = killer.get();
        return out;
    }

    std::string picture() {
        std::ifstream file(folder / "picture.png");
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    std::size_t open_deals() {
        std::size_t count = 0;
        for (const auto& deal : chain.market().deals())
            count += chain.market().deal_state(deal.id)->status == model::DealStatus::open;
        return count;
    }
};

World& with_ask(World& world) {
    EXPECT_TRUE(world.chain.market().place(world.ask.author, world.ask, Tokens()));
    EXPECT_TRUE(
        world.chain.market().set_attribute(world.ask.author, services::endpoint_attribute(), "127.0.0.1:1"));
    return world;
}

TEST(Runner, GoesFromBidToResultAndClosesTheDeal) {
    World world;
    with_ask(world);
    Killer* seen = nullptr;
    auto ended = world.run(-1, &seen);
    ASSERT_TRUE(ended && *ended) << (ended ? ended->error().message() : "killed");
    EXPECT_EQ(**ended, Outcome::succeeded);
    EXPECT_EQ(world.picture(), "pixels");
    EXPECT_EQ(world.open_deals(), 0u);
    EXPECT_EQ(seen->log, "hello\n");
    EXPECT_TRUE(seen->troubles.empty()) << seen->troubles.front();
}

TEST(Runner, KilledAtAnyEventAndStartedAgainDoesEverythingOnce) {
    for (int events = 1; events <= 12; ++events) {
        World world;
        with_ask(world);
        Tokens before = world.chain.market().money();
        auto first = world.run(events);
        auto ended = first ? first : world.run(-1);
        ASSERT_TRUE(ended && *ended) << events;
        EXPECT_EQ(**ended, Outcome::succeeded) << events;
        EXPECT_EQ(world.picture(), "pixels") << events;
        EXPECT_EQ(world.worker.starts, 1) << events;
        EXPECT_EQ(world.chain.market().deals().size(), 1u) << events;
        EXPECT_EQ(world.open_deals(), 0u) << events;
        EXPECT_EQ(world.chain.market().money(), before) << events;
    }
}

TEST(Runner, TaskThatEndedWhileNobodyWasConnectedStillShowsWhatItPrinted) {
    World world;
    with_ask(world);
    world.worker.spec = world.journal->get(world.id.value)->plan.spec;
    world.worker.task.emplace();
    world.worker.task->deal = DealId(1);
    world.worker.task->state = model::TaskState::finished;
    Killer* seen = nullptr;
    auto ended = world.run(-1, &seen);
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ(**ended, Outcome::succeeded);
    EXPECT_EQ(seen->log, "hello\n");
}

TEST(Runner, WorkerThatAnswersLateIsTriedAgain) {
    World world;
    with_ask(world);
    world.links.refusals = 3;
    auto ended = world.run(-1);
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ(**ended, Outcome::succeeded);
}

TEST(Runner, TaskThatFailsIsReportedAndTheDealIsClosed) {
    World world;
    with_ask(world);
    world.worker.exit_code = 3;
    auto ended = world.run(-1);
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ(**ended, Outcome::task_failed);
    EXPECT_EQ(world.open_deals(), 0u);
}

TEST(Runner, ForgedReceiptIsNotAcceptedAndTheMoneyComesBack) {
    World world;
    with_ask(world);
    world.worker.forged = true;
    auto ended = world.run(-1);
    ASSERT_TRUE(ended && *ended);
    EXPECT_NE(**ended, Outcome::succeeded);
    EXPECT_EQ(world.open_deals(), 0u);
    EXPECT_EQ(world.picture(), "");
}

TEST(Runner, WorkerThatWillNotTakeTheTaskIsLeftAndTheMoneyComesBack) {
    World world;
    with_ask(world);
    world.worker.unwilling = true;
    auto ended = world.run(-1);
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ(**ended, Outcome::worker_lost);
    EXPECT_EQ(world.open_deals(), 0u);
}

TEST(Runner, CancelledWhileTheBidMayBeOnItsWayLeavesNoMoneyBehind) {
    World world;
    auto record = world.journal->get(world.id.value);
    ASSERT_TRUE(record);
    record->bid_sent = true;
    ASSERT_TRUE(world.journal->save(*record));
    ASSERT_TRUE(world.journal->ask_cancel(world.id));
    auto ended = world.run(-1);
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ(**ended, Outcome::cancelled);
    EXPECT_EQ(world.chain.market().balance(world.consumer.address()).value +
                  world.chain.market().wallet(world.consumer.address()).value,
              U256(1'000'000));
}

TEST(Runner, CancelledBeforeADealTakesTheBidBack) {
    World world;  // no ask: no deal
    Killer* seen = nullptr;
    EXPECT_FALSE(world.run(2, &seen));
    ASSERT_TRUE(world.journal->ask_cancel(world.id));
    auto ended = world.run(-1);
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ(**ended, Outcome::cancelled);
    EXPECT_EQ(world.chain.market().balance(world.consumer.address()).value +
                  world.chain.market().wallet(world.consumer.address()).value,
              U256(1'000'000));
}

TEST(Runner, SecondProcessOnTheSameRunIsRefused) {
    World world;
    auto lock = world.journal->lock(world.id);
    ASSERT_TRUE(lock);
    auto ended = world.run(-1);
    ASSERT_TRUE(ended);
    EXPECT_TRUE(ended->error().is(Errc::busy));
}

TEST(RunPlan, SurvivesTheJournal) {
    World world;
    auto record = world.journal->get(world.id.value.substr(0, 4));
    ASSERT_TRUE(record) << record.error().message();
    auto again = plan_from_json(to_json(record->plan));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, record->plan);
    EXPECT_FALSE(plan_from_json("{}"));
    EXPECT_FALSE(world.journal->get("%"));
    EXPECT_TRUE(world.journal->get("ffffffffff").error().is(Errc::not_found));
}

}  // namespace
