#include "sonm/chain/transactions.hpp"

#include "sonm/chain/fake_node.hpp"
#include "sonm/chain/store.hpp"
#include "sonm/crypto/development_keys.hpp"

#include <gtest/gtest.h>

namespace sonm::chain {
namespace {

constexpr std::uint64_t chain = 31'337;

class SenderTest : public testing::Test {
public:
    SenderTest() {
        config.poll = Millis(1);
        config.stuck_after = Millis(5);
        config.answer_max = Millis(2'000);
    }
    static crypto::PrivateKey make_key() {
        auto secret = parse_hex_fixed<32>(crypto::development_keys[1]);
        return std::move(*crypto::PrivateKey::from_bytes(*secret));
    }
    static TxnRequest request(std::uint8_t mark) {
        TxnRequest out;
        out.to = Address{{9}};
        out.data = Bytes{mark};
        return out;
    }
    static Error explain(BytesView data) {
        return Error{make_error_code(ChainErrc::reverted), "explained " + to_hex(data)};
    }

    /// A process that lives for one `send`: opens the journal anew, as after a restart.
    Async<TxnReceipt> send(std::string intent, TxnRequest what) {
        SONM_CO_TRY(auto sender, co_await Sender::make(node, key, *db, chain, config, explain));
        auto sending = sender->send(std::move(intent), std::move(what));
        co_return co_await std::move(sending);
    }
    Result<TxnReceipt> run(std::string intent, std::uint8_t mark) {
        return run_test(send(std::move(intent), request(mark)));
    }
    Result<std::optional<BlockHeader>> node_header() {
        auto asking = [&]() -> Async<std::optional<BlockHeader>> {
            BlockRef first = std::uint64_t(0);
            co_return co_await node.header(first);
        };
        return run_test(asking());
    }
    std::size_t times(std::uint8_t mark) const { return node.times_mined(Bytes{mark}); }

    crypto::PrivateKey key = make_key();
    FakeNode node;
    std::unique_ptr<Database> db = std::move(*open_journal(":memory:"));
    SenderConfig config;
};

TEST_F(SenderTest, a_transaction_is_mined_and_its_receipt_returned) {
    auto receipt = run("a", 1);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_TRUE(receipt->success);
    EXPECT_EQ(receipt->block, 1u);
    EXPECT_EQ(times(1), 1u);
}

TEST_F(SenderTest, the_same_intent_again_also_after_a_restart_is_not_sent_twice) {
    auto first = run("a", 1);
    auto second = run("a", 1);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->txn, second->txn);
    EXPECT_EQ(times(1), 1u);
}

TEST_F(SenderTest, killed_before_the_transaction_left_it_is_sent_by_the_next_process_once) {
    // The node is gone at the moment of sending, and the caller gives up.
    config.answer_max = Millis(20);
    bool sending = false;
    node.on_call = [&](const CallRequest&) {
        sending = true;
        return CallOutcome();
    };
    node.before_answer = [&] {
        if (sending) node.failures = 1;
    };
    EXPECT_FALSE(run("a", 1));
    EXPECT_EQ(times(1), 0u);
    node.before_answer = nullptr;
    node.failures = 0;
    config.answer_max = Millis(2'000);
    ASSERT_TRUE(run("a", 1));
    EXPECT_EQ(times(1), 1u);
}

TEST_F(SenderTest, an_answer_that_got_lost_does_not_lead_to_a_second_transaction) {
    node.lose_next_send = true;
    auto receipt = run("a", 1);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(times(1), 1u);
    ASSERT_TRUE(run("b", 2));
    EXPECT_EQ(times(2), 1u);
}

TEST_F(SenderTest, an_unfinished_intent_of_the_last_life_comes_before_a_new_one) {
    node.automine = false;
    config.answer_max = Millis(20);
    auto stuck = run("a", 1);
    ASSERT_FALSE(stuck);
    EXPECT_TRUE(stuck.error().is(ChainErrc::not_mined)) << stuck.error().message();
    node.drop_pool();
    node.automine = true;
    config.answer_max = Millis(2'000);
    ASSERT_TRUE(run("b", 2));
    EXPECT_EQ(times(1), 1u);
    EXPECT_EQ(times(2), 1u);
}

TEST_F(SenderTest, a_stuck_transaction_is_replaced_with_a_higher_fee_and_mined_once) {
    node.automine = false;
    int looks = 0;
    node.before_answer = [&] {
        if (++looks == 12) node.base_fee *= 4;  // too dear for the first attempt
        if (looks > 40) node.mine();
    };
    auto receipt = run("a", 1);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(times(1), 1u);
    EXPECT_GE(receipt->gas_price.value, U256(4'000'000'000));
}

TEST_F(SenderTest, a_refusal_found_before_sending_uses_no_nonce_and_is_explained) {
    node.on_call = [](const CallRequest&) {
        return CallOutcome{true, Bytes{0xab, 0xcd}, "execution reverted"};
    };
    auto refused = run("a", 1);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(ChainErrc::reverted));
    EXPECT_NE(refused.error().message().find("explained abcd"), std::string::npos)
        << refused.error().message();
    node.on_call = nullptr;
    ASSERT_TRUE(run("a", 1));
    EXPECT_EQ(times(1), 1u);
}

TEST_F(SenderTest, gas_that_is_given_is_not_estimated_but_a_refusal_is_found_before_sending_all_the_same) {
    TxnRequest given = request(1);
    given.gas = 777'000;
    ASSERT_TRUE(run_test(send("a", given)));
    node.on_call = [](const CallRequest&) {
        return CallOutcome{true, Bytes{0xab, 0xcd}, "execution reverted"};
    };
    given.data = Bytes{2};
    auto refused = run_test(send("b", given));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("explained abcd"), std::string::npos)
        << refused.error().message();
    EXPECT_EQ(times(1), 1u);
    EXPECT_EQ(times(2), 0u);
}

TEST_F(SenderTest, more_gas_than_a_transaction_may_have_is_cut_down_to_that) {
    TxnRequest given = request(1);
    given.gas = 25'800'000;
    ASSERT_TRUE(run_test(send("a", given)));
    given.gas = 16'000'000;
    given.data = Bytes{2};
    ASSERT_TRUE(run_test(send("b", given)));
    Journal journal(*db, (*node_header())->hash, chain, key.address());
    auto gas_of = [&](const char* id) {
        auto intent = std::move(*journal.find(id));
        return crypto::parse_signed(intent->attempts.back().raw)->txn.gas_limit;
    };
    EXPECT_EQ(gas_of("a"), 16'777'216u);
    EXPECT_EQ(gas_of("b"), 16'000'000u);
}

TEST_F(SenderTest, a_refusal_in_the_block_is_an_error_and_may_be_tried_anew) {
    node.on_execute = [](const CallRequest&) { return false; };
    auto refused = run("a", 1);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(ChainErrc::reverted)) << refused.error().message();
    node.on_execute = nullptr;
    auto again = run("a", 1);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->block, 2u);
}

TEST_F(SenderTest, a_chain_restored_from_an_older_state_gets_back_what_it_lost_in_order) {
    ASSERT_TRUE(run("a", 1));
    ASSERT_TRUE(run("b", 2));
    ASSERT_TRUE(run("c", 3));
    node.rewind(1);
    EXPECT_EQ(times(2), 0u);
    ASSERT_TRUE(run("c", 3));
    EXPECT_EQ(times(1), 1u);
    EXPECT_EQ(times(2), 1u);
    EXPECT_EQ(times(3), 1u);
}

TEST_F(SenderTest, what_was_done_on_a_lost_chain_and_is_refused_on_this_one_is_tried_anew_when_asked_for) {
    ASSERT_TRUE(run("a", 1));
    ASSERT_TRUE(run("b", 2));
    node.rewind(0);
    // A new intent puts back the lost ones first; the second of them comes too early and is refused.
    node.on_execute = [](const CallRequest& request) { return request.data != Bytes{2}; };
    ASSERT_TRUE(run("c", 3));
    node.on_execute = nullptr;
    auto again = run("b", 2);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_TRUE(again->success);
    EXPECT_EQ(again->block, 4u);
}

TEST_F(SenderTest, a_nonce_used_by_another_program_is_given_up_and_the_intent_sent_with_the_next) {
    node.automine = false;
    config.answer_max = Millis(20);
    EXPECT_FALSE(run("a", 1));
    node.drop_pool();
    node.automine = true;
    config.answer_max = Millis(2'000);
    auto elsewhere = std::move(*open_journal(":memory:"));
    std::swap(db, elsewhere);
    ASSERT_TRUE(run("other", 7));
    std::swap(db, elsewhere);
    auto receipt = run("a", 1);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(times(1), 1u);
}

TEST_F(SenderTest,
       after_a_lost_transaction_of_another_program_an_intent_waits_for_its_nonce_and_is_mined_once) {
    ASSERT_TRUE(run("a", 1));
    auto elsewhere = std::move(*open_journal(":memory:"));
    std::swap(db, elsewhere);
    ASSERT_TRUE(run("other", 7));
    std::swap(db, elsewhere);
    ASSERT_TRUE(run("b", 2));
    node.rewind(0);
    // Its old transaction lies in other nodes' pools: a new one would be a second.
    config.answer_max = Millis(50);
    auto waiting = run("b", 2);
    ASSERT_FALSE(waiting);
    EXPECT_TRUE(waiting.error().is(ChainErrc::not_mined)) << waiting.error().message();
    EXPECT_EQ(times(1), 1u);
    EXPECT_EQ(times(2), 0u);
    config.answer_max = Millis(2'000);
    ASSERT_TRUE(run("c", 3)) << "others are not held up, and fill the gap";
    auto receipt = run("b", 2);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(receipt->block, 3u);
    EXPECT_EQ(times(2), 1u);
}

TEST_F(SenderTest, a_reorganisation_before_the_depth_is_reached_sends_it_again) {
    config.depth = 2;
    int looks = 0;
    bool reorganised = false;
    node.before_answer = [&] {
        if (++looks % 6 != 0 || node.head() == 0) return;
        if (!reorganised && node.head() == 2) {
            reorganised = true;
            node.rewind(0);
        } else {
            node.mine();
        }
    };
    auto receipt = run("a", 1);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_TRUE(reorganised);
    EXPECT_EQ(times(1), 1u);
    EXPECT_GE(node.head(), receipt->block + 2);
}

TEST_F(SenderTest, fees_above_the_limit_are_refused_before_anything_is_sent) {
    node.base_fee = config.fee_per_gas_max.value;
    auto refused = run("a", 1);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(ChainErrc::fee_cap));
    EXPECT_EQ(node.waiting(), 0u);
}

TEST_F(SenderTest, another_chain_than_configured_is_refused) {
    auto made = run_test(Sender::make(node, key, *db, 1, config, explain));
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().is(ChainErrc::wrong_chain));
}

TEST_F(SenderTest, many_intents_at_once_go_one_after_the_other) {
    auto all = [](SenderTest& self, std::size_t& done) -> Task<void> {
        auto making = Sender::make(self.node, self.key, *self.db, chain, self.config, explain);
        auto sender = co_await std::move(making);
        auto one = [](Sender& sender, std::uint8_t mark, std::size_t& done) -> Task<void> {
            auto sending = sender.send(fmt::format("i{}", mark), request(mark));
            auto receipt = co_await std::move(sending);
            done += receipt.has_value();
        };
        auto body = [&](TaskGroup& group) -> Task<void> {
            for (std::uint8_t mark = 0; mark < 20; ++mark) group.spawn(one(**sender, mark, done));
            co_await group.join();
        };
        auto running = scope(32, body);
        co_await std::move(running);
    };
    std::size_t done = 0;
    run_test(all(*this, done));
    EXPECT_EQ(done, 20u);
    for (std::uint8_t mark = 0; mark < 20; ++mark) EXPECT_EQ(times(mark), 1u);
}

}  // namespace
}  // namespace sonm::chain
