#include "sonm/chain/cursor.hpp"
#include "sonm/chain/store.hpp"
#include "sonm/chain/transactions.hpp"
#include "support/anvil.hpp"

#include <gtest/gtest.h>

namespace sonm::chain {
namespace {

using test::Anvil;

constexpr std::uint64_t anvil_chain = 31'337;
/// Creates a contract that writes whatever it is called with into a log: CALLDATACOPY, LOG1.
constexpr std::string_view echo_code = "69365f5f376001365fa1005f52600a6016f3";

/// What a test works with: a chain, a client, an account with a journal, a contract that logs, and a cursor
/// on it.
struct World {
    std::unique_ptr<Anvil> anvil;
    std::unique_ptr<JsonRpc> node;
    crypto::PrivateKey key = test::development_key(1);
    std::unique_ptr<Database> journal = std::move(*open_journal(":memory:"));
    std::unique_ptr<Database> store = std::move(*open_log_store(":memory:"));
    std::unique_ptr<Sender> sender;
    Address echo;
    std::vector<Log> believed;
    int rewinds = 0;
    std::unique_ptr<LogCursor> cursor;

    Task<void> connect() {
        Executor executor = co_await asio::this_coro::executor;
        node = test::connect(executor, anvil->url());
        SenderConfig config;
        config.poll = Millis(20);
        config.stuck_after = Millis(300);
        config.answer_max = Millis(10'000);
        auto making = Sender::make(*node, key, *journal, anvil_chain, config, nullptr);
        auto made = co_await std::move(making);
        SONM_ASSERT(made);
        sender = std::move(*made);
        if (echo.is_zero()) {
            TxnRequest create;
            create.data = *parse_hex(echo_code);
            auto sending = sender->send("create", std::move(create));
            auto receipt = co_await std::move(sending);
            SONM_ASSERT(receipt && receipt->created);
            echo = *receipt->created;
        }
        CursorConfig following;
        following.addresses = {echo};
        following.poll = Millis(20);
        cursor = std::make_unique<LogCursor>(executor, *node, *store, following);
    }
    Async<TxnReceipt> say(std::string intent, std::uint8_t mark) {
        TxnRequest request;
        request.to = echo;
        request.data = Bytes{mark};
        auto sending = sender->send(std::move(intent), std::move(request));
        co_return co_await std::move(sending);
    }
    /// Says it and expects success.
    Task<void> must_say(char mark) {
        auto saying = say(std::string(1, mark), std::uint8_t(mark));
        auto receipt = co_await std::move(saying);
        EXPECT_TRUE(receipt) << receipt.error().message();
    }
    void take(const LogBatch& batch) {
        if (batch.rewind_to) {
            ++rewinds;
            std::erase_if(believed, [&](const Log& log) { return log.block > *batch.rewind_to; });
        }
        believed.insert(believed.end(), batch.logs.begin(), batch.logs.end());
    }
    std::string marks() const {
        std::string out;
        for (const Log& log : believed) out += char(log.data.at(0));
        return out;
    }
    /// Waits until the follower believes this.
    Task<void> expect_marks(std::string wanted) {
        for (int i = 0; i < 250 && marks() != wanted; ++i) co_await sleep_for(Millis(20));
        EXPECT_EQ(marks(), wanted);
    }
};

using Body = Task<void> (*)(World&);

Task<void> live(World& world, Body body) {
    auto connecting = world.connect();
    co_await std::move(connecting);
    auto inside = [&](TaskGroup& group) -> Task<void> {
        auto deliver = [&world](const LogBatch& batch) { world.take(batch); };
        group.spawn(world.cursor->run());
        group.spawn(world.cursor->follow(0, deliver));
        auto doing = body(world);
        co_await std::move(doing);
    };
    auto running = scope(4, inside);
    co_await std::move(running);
    // They hold timers and sockets of this event loop.
    world.cursor.reset();
    world.sender.reset();
    world.node.reset();
}

class ChainOnAnvil : public testing::Test {
protected:
    void run(Body body, std::vector<std::string> arguments = {}) {
        World world;
        auto started = Anvil::start(std::move(arguments));
        ASSERT_TRUE(started) << started.error().message();
        world.anvil = std::move(*started);
        run_test(live(world, body));
    }
};

TEST_F(ChainOnAnvil, questions_are_answered) {
    SONM_NEEDS_ANVIL();
    run([](World& world) -> Task<void> {
        auto id = co_await world.node->chain_id();
        EXPECT_EQ(id.value(), anvil_chain);
        BlockRef first = std::uint64_t(0), beyond = std::uint64_t(1'000), latest = BlockTag::latest;
        auto genesis = co_await world.node->header(first);
        SONM_ASSERT(genesis && *genesis);
        auto head = co_await world.node->header(latest);
        EXPECT_EQ((*head)->number, 1u);
        EXPECT_EQ((*head)->parent, (*genesis)->hash);
        EXPECT_TRUE((*head)->base_fee);
        auto none = co_await world.node->header(beyond);
        EXPECT_TRUE(none && !*none);
        auto balance = co_await world.node->balance(world.key.address());
        EXPECT_GT(balance->value, U256(1'000'000'000));
        auto fees = co_await world.node->fees();
        EXPECT_GT(fees->base.value, U256(0));
        auto code = co_await world.node->code(world.echo);
        EXPECT_EQ(to_hex(*code), "365f5f376001365fa100");
        auto nonce = co_await world.node->nonce(world.key.address(), BlockTag::latest);
        EXPECT_EQ(nonce.value(), 1u);
    });
}

TEST_F(ChainOnAnvil, logs_come_up_in_order_with_their_times) {
    SONM_NEEDS_ANVIL();
    run([](World& world) -> Task<void> {
        for (char mark : std::string("abcde")) {
            auto saying = world.must_say(mark);
            co_await std::move(saying);
        }
        auto expecting = world.expect_marks("abcde");
        co_await std::move(expecting);
        EXPECT_GT(world.believed.at(0).block_time.value, 1'700'000'000u);
        EXPECT_EQ(world.believed.at(4).block, 6u);
    });
}

TEST_F(ChainOnAnvil, a_reorganisation_undoes_logs_and_the_intent_brings_them_back) {
    SONM_NEEDS_ANVIL();
    run([](World& world) -> Task<void> {
        for (char mark : std::string("abc")) {
            auto saying = world.must_say(mark);
            co_await std::move(saying);
        }
        auto expecting = world.expect_marks("abc");
        co_await std::move(expecting);
        auto reorganising = test::command(*world.node, "anvil_reorg", "[2, []]");
        co_await std::move(reorganising);
        auto undone = world.expect_marks("a");
        co_await std::move(undone);
        EXPECT_GE(world.rewinds, 1);
        auto again = world.must_say('c');
        co_await std::move(again);
        // c was sent after b: what was lost comes back in order.
        auto back = world.expect_marks("abc");
        co_await std::move(back);
    });
}

TEST_F(ChainOnAnvil, a_snapshot_put_back_makes_the_chain_shorter_and_is_noticed) {
    SONM_NEEDS_ANVIL();
    run([](World& world) -> Task<void> {
        auto first = world.must_say('a');
        co_await std::move(first);
        auto taking = test::ask(*world.node, "evm_snapshot", "[]");
        std::string snapshot = co_await std::move(taking);
        for (char mark : std::string("bc")) {
            auto saying = world.must_say(mark);
            co_await std::move(saying);
        }
        auto expecting = world.expect_marks("abc");
        co_await std::move(expecting);
        auto reverting = test::command(*world.node, "evm_revert", "[" + snapshot + "]");
        co_await std::move(reverting);
        auto undone = world.expect_marks("a");
        co_await std::move(undone);
        auto other = world.must_say('d');
        co_await std::move(other);
        auto back = world.expect_marks("abcd");
        co_await std::move(back);
    });
}

TEST_F(ChainOnAnvil, a_transaction_that_nobody_mines_is_replaced_and_happens_once) {
    SONM_NEEDS_ANVIL();
    run([](World& world) -> Task<void> {
        auto holding = test::command(*world.node, "evm_setAutomine", "[false]");
        co_await std::move(holding);
        bool done = false;
        auto inside = [&](TaskGroup& group) -> Task<void> {
            auto saying = [](World& world, bool& done) -> Task<void> {
                auto say = world.must_say('a');
                co_await std::move(say);
                done = true;
            };
            group.spawn(saying(world, done));
            co_await sleep_for(Millis(1'000));  // long enough for several replacements
            EXPECT_FALSE(done);
            auto mining = test::command(*world.node, "evm_mine", "[]");
            co_await std::move(mining);
            co_await group.join();
        };
        auto running = scope(2, inside);
        co_await std::move(running);
        EXPECT_TRUE(done);
        auto mining = test::command(*world.node, "evm_mine", "[]");
        co_await std::move(mining);
        auto expecting = world.expect_marks("a");
        co_await std::move(expecting);
        auto nonce = co_await world.node->nonce(world.key.address(), BlockTag::pending);
        EXPECT_EQ(nonce.value(), 2u);
    });
}

TEST_F(ChainOnAnvil, a_node_that_stops_answering_fails_in_time_and_is_followed_again) {
    SONM_NEEDS_ANVIL();
    run([](World& world) -> Task<void> {
        auto first = world.must_say('a');
        co_await std::move(first);
        world.anvil->freeze();
        auto begin = std::chrono::steady_clock::now();
        auto failed = co_await world.node->block_number();
        EXPECT_FALSE(failed);
        if (!failed) EXPECT_TRUE(failed.error().is(ChainErrc::unreachable)) << failed.error().message();
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9));
        world.anvil->thaw();
        auto second = world.must_say('b');
        co_await std::move(second);
        auto expecting = world.expect_marks("ab");
        co_await std::move(expecting);
    });
}

TEST_F(ChainOnAnvil, a_dead_node_is_named) {
    SONM_NEEDS_ANVIL();
    run([](World& world) -> Task<void> {
        world.anvil->kill();
        auto failed = co_await world.node->block_number();
        EXPECT_FALSE(failed);
        EXPECT_TRUE(failed.error().is(ChainErrc::unreachable));
        EXPECT_NE(failed.error().message().find(world.anvil->url()), std::string::npos)
            << failed.error().message();
    });
}

TEST_F(ChainOnAnvil, a_restart_from_an_older_state_is_followed_and_repaired) {
    SONM_NEEDS_ANVIL();
    TempDir folder;
    std::string state = (folder / "state.json").string(), older = (folder / "older.json").string();
    World world;
    auto begin = [](World& world) -> Task<void> {
        for (char mark : std::string("ab")) {
            auto saying = world.must_say(mark);
            co_await std::move(saying);
        }
        auto expecting = world.expect_marks("ab");
        co_await std::move(expecting);
    };
    auto go_on = [](World& world) -> Task<void> {
        auto saying = world.must_say('c');
        co_await std::move(saying);
        auto expecting = world.expect_marks("abc");
        co_await std::move(expecting);
    };
    auto repair = [](World& world) -> Task<void> {
        auto undone = world.expect_marks("ab");
        co_await std::move(undone);
        auto saying = world.must_say('c');
        co_await std::move(saying);
        auto other = world.must_say('d');
        co_await std::move(other);
        auto expecting = world.expect_marks("abcd");
        co_await std::move(expecting);
    };
    auto started = Anvil::start({"--dump-state", older});
    ASSERT_TRUE(started) << started.error().message();
    world.anvil = std::move(*started);
    run_test(live(world, begin));
    world.anvil->stop();
    for (Body body : {Body(go_on), Body(repair)}) {
        auto again = Anvil::start({"--load-state", older});
        ASSERT_TRUE(again) << again.error().message();
        world.anvil = std::move(*again);
        world.believed.clear();
        run_test(live(world, body));
        world.anvil->kill();
    }
}

}  // namespace
}  // namespace sonm::chain
