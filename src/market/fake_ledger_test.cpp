#include "sonm/market/fake_ledger.hpp"

#include "sonm/market/errc.hpp"
#include "sonm/market/state.hpp"
#include "sonm/market/testing.hpp"

#include <gtest/gtest.h>

namespace sonm::market {
namespace {

struct World {
    FakeClock clock;
    FakeChain chain{clock};
    std::vector<Address> accounts = some_accounts(3);
    FakeLedger worker{chain, accounts[0]}, buyer{chain, accounts[1]}, stranger{chain, accounts[2]};
    Order ask, bid;

    World() {
        chain.market().give(accounts[1], Tokens(U256(100'000)));
        ask.author = accounts[0];
        ask.price = model::PricePerSecond(U256(5));
        ask.duration = Seconds(3600);
        ask.expiry = clock.now() + Seconds(86'400);
        bid = ask;
        bid.side = model::Side::bid;
        bid.author = accounts[1];
        bid.price = model::PricePerSecond(U256(6));
    }
    Deal open() {
        EXPECT_TRUE(run_test(worker.place("a", ask, {})));
        EXPECT_TRUE(run_test(buyer.place("b", bid, Tokens(U256(21'600)))));
        EXPECT_TRUE(run_test(worker.open_deal("c", ask, bid)));
        return chain.market().deals().at(0);
    }
};

TEST(fake_ledger, deal_from_order_to_close_pays_for_the_time_used) {
    World w;
    Deal deal = w.open();
    EXPECT_EQ(deal.price, w.ask.price);
    EXPECT_EQ(w.chain.market().deal_state(deal.id)->escrow,
              Tokens(U256(18'000)));  // the rest of the bid's went back
    w.clock.advance(Seconds(100));
    ASSERT_TRUE(run_test(w.worker.settle("d", deal)));
    EXPECT_EQ(w.chain.market().balance(w.accounts[0]), Tokens(U256(500)));
    w.clock.advance(Seconds(100));
    ASSERT_TRUE(run_test(w.buyer.close("e", deal, model::BlacklistChoice::nobody)));
    EXPECT_EQ(w.chain.market().balance(w.accounts[0]), Tokens(U256(1000)));
    EXPECT_EQ(w.chain.market().balance(w.accounts[1]), Tokens(U256(20'600)));
    EXPECT_EQ(w.chain.market().money(), Tokens(U256(100'000)));
}

TEST(fake_ledger, same_intent_again_does_it_once) {
    World w;
    auto first = run_test(w.worker.place("x", w.ask, {}));
    auto again = run_test(w.worker.place("x", w.ask, {}));
    ASSERT_TRUE(first && again);
    EXPECT_EQ(first->txn, again->txn);
    EXPECT_EQ(w.chain.intents(), 1u);
    EXPECT_TRUE(run_test(w.worker.place("y", w.ask, {})).error().is(MarketErrc::order_exists));
}

TEST(fake_ledger, lost_answer_is_found_by_asking_again) {
    World w;
    w.chain.lose_next_answer();
    EXPECT_TRUE(run_test(w.worker.place("x", w.ask, {})).error().is(Errc::timeout));
    EXPECT_TRUE(run_test(w.worker.place("x", w.ask, {})));
    EXPECT_EQ(w.chain.intents(), 1u);
}

TEST(fake_ledger, failures_on_demand_leave_no_trace) {
    World w;
    w.chain.fail_next(Error{make_error_code(Errc::io), "cable cut"}, 2);
    EXPECT_EQ(run_test(w.worker.place("x", w.ask, {})).error().context, "cable cut");
    EXPECT_TRUE(run_test(w.worker.place("x", w.ask, {})).error().is(Errc::io));
    EXPECT_TRUE(run_test(w.worker.place("x", w.ask, {})));
}

TEST(fake_ledger, what_the_market_refuses_says_why) {
    World w;
    EXPECT_TRUE(
        run_test(w.buyer.place("a", w.bid, Tokens(U256(21'599)))).error().is(MarketErrc::escrow_too_small));
    EXPECT_TRUE(
        run_test(w.buyer.place("b", w.bid, Tokens(U256(100'001)))).error().is(MarketErrc::balance_too_small));
    EXPECT_TRUE(run_test(w.stranger.place("c", w.ask, {})).error().is(MarketErrc::not_the_author));
    Deal deal = w.open();
    EXPECT_TRUE(run_test(w.worker.close("e", deal, model::BlacklistChoice::nobody))
                    .error()
                    .is(MarketErrc::closed_too_early));
    EXPECT_TRUE(run_test(w.stranger.close("f", deal, model::BlacklistChoice::nobody))
                    .error()
                    .is(MarketErrc::not_a_party));
    EXPECT_TRUE(
        run_test(w.buyer.top_up("g", deal, Tokens(U256(1)))).error().is(MarketErrc::nothing_to_top_up));
    EXPECT_TRUE(run_test(w.worker.open_deal("h", w.ask, w.bid)).error().is(MarketErrc::order_not_open));
    EXPECT_TRUE(run_test(w.buyer.cancel("i", w.bid)).error().is(MarketErrc::order_not_open));
    Deal other = deal;
    other.price.value += 1;
    EXPECT_TRUE(run_test(w.buyer.settle("j", other)).error().is(MarketErrc::unknown_deal));
    w.clock.advance(Seconds(3600));
    EXPECT_TRUE(run_test(w.stranger.settle("k", deal)));
    EXPECT_EQ(w.chain.market().deal_state(deal.id)->status, model::DealStatus::closed);
}

TEST(fake_ledger, follower_reads_history_news_and_rewinds) {
    World w;
    MarketState state;
    w.open();
    std::size_t steps = 0;
    auto body = [&](TaskGroup& group) -> Task<void> {
        std::function<void(const Step&)> take = [&](const Step& step) {
            ++steps;
            EXPECT_TRUE(state.apply(step));
        };
        group.spawn(w.buyer.follow(0, take));
        co_await sleep_for(Millis(1));
        EXPECT_EQ(state.deals().size(), 1u);
        w.clock.advance(Seconds(10));
        w.chain.market().mine();
        co_await sleep_for(Millis(1));
        EXPECT_EQ(state.head_time(), w.clock.now());
        w.chain.rewind(w.chain.market().head() - 2);
        co_await sleep_for(Millis(1));
        EXPECT_EQ(state.deals().size(), 0u);
        EXPECT_EQ(state.book().size(), 2u);
        w.chain.set_down(true);
        auto opening = w.worker.open_deal("c", w.ask, w.bid);
        auto down = co_await std::move(opening);
        EXPECT_TRUE(down.error().is(Errc::unavailable));
        w.chain.set_down(false);
        // The intent was undone with the rest, so it happens now.
        auto again = w.worker.open_deal("c", w.ask, w.bid);
        auto opened = co_await std::move(again);
        EXPECT_TRUE(opened);
        co_await sleep_for(Millis(1));
        EXPECT_EQ(state.deals().size(), 1u);
    };
    run_test(scope(4, body));
    EXPECT_GE(steps, 4u);
}

TEST(fake_ledger, closer_may_blacklist_and_then_they_match_no_more) {
    World w;
    Deal deal = w.open();
    ASSERT_TRUE(run_test(w.buyer.close("d", deal, model::BlacklistChoice::counterparty)));
    EXPECT_EQ(run_test(w.buyer.judge(w.ask, w.bid)).value(),
              static_cast<std::uint8_t>(Mismatch::supplier_blacklisted));
}

TEST(fake_ledger, attributes_and_balances_are_read_back) {
    World w;
    crypto::Hash key;
    ASSERT_TRUE(run_test(w.worker.set_attribute("a", key, "tcp://127.0.0.1:1")));
    EXPECT_EQ(run_test(w.buyer.attribute(w.accounts[0], key)).value(), "tcp://127.0.0.1:1");
    EXPECT_EQ(run_test(w.buyer.attribute(w.accounts[1], key)).value(), "");
    ASSERT_TRUE(run_test(w.buyer.deposit("b", Tokens(U256(10)))));
    auto balances = run_test(w.buyer.balances(w.accounts[1]));
    EXPECT_EQ(balances->market, Tokens(U256(10)));
    EXPECT_EQ(balances->wallet, Tokens(U256(99'990)));
    ASSERT_TRUE(run_test(w.buyer.withdraw("c", Tokens(U256(10)))));
    EXPECT_TRUE(run_test(w.buyer.withdraw("d", Tokens(U256(1)))).error().is(MarketErrc::balance_too_small));
}

}  // namespace
}  // namespace sonm::market
