#include "sonm/market/billing.hpp"
#include "sonm/market/errc.hpp"
#include "support/market.hpp"

#include <gtest/gtest.h>

namespace sonm {
namespace {

using market::MarketErrc;
using test::Market;
using test::tokens;
using test::Told;

constexpr std::uint64_t day = 86'400;

Task<Tokens> all_money(Market& market) {
    Tokens sum;
    for (const crypto::Address& account : {market.supplier.address(), market.consumer.address()}) {
        auto asking = market.buying->balances(account);
        auto balances = co_await std::move(asking);
        EXPECT_TRUE(balances) << balances.error().message();
        sum = Tokens(sum.value + balances->wallet.value + balances->market.value);
    }
    co_return sum;
}

TEST(SettlementOnAnvil, a_deal_from_the_order_to_the_last_coin) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        auto opening = market.open_deal(1);
        model::Deal deal = co_await std::move(opening);
        EXPECT_EQ(deal.supplier, market.supplier.address());
        EXPECT_EQ(deal.master, market.supplier.address());
        EXPECT_EQ(deal.consumer, market.consumer.address());
        EXPECT_EQ(deal.end, deal.start + Seconds(3'600));

        auto node = test::connect(co_await asio::this_coro::executor, market.anvil->url());
        auto passing = test::command(*node, "evm_increaseTime", "[600]");
        co_await std::move(passing);
        auto settling = market.selling->settle("settle", deal);
        auto settled = co_await std::move(settling);
        EXPECT_TRUE(settled) << settled.error().message();
        auto paid = [](const Told& told) { return !told.all<market::DealSettled>().empty(); };
        auto waiting = market.until("payment", paid);
        co_await std::move(waiting);
        market::DealSettled fact = market.told.all<market::DealSettled>().at(0);
        market::RateHistory rates;
        EXPECT_EQ(fact.state.paid, market::cost_at(deal, fact.state.settled_until, rates));
        EXPECT_GE(fact.state.paid.value, U256(600) * deal.price.value);

        auto closing = market.buying->close("close", deal, model::BlacklistChoice::nobody);
        auto closed = co_await std::move(closing);
        EXPECT_TRUE(closed) << closed.error().message();
        auto ended = [](const Told& told) { return !told.all<market::DealClosed>().empty(); };
        auto ending = market.until("the end", ended);
        co_await std::move(ending);
        market::DealClosed end = market.told.all<market::DealClosed>().at(0);
        EXPECT_EQ(Tokens(end.refund.value + end.state.paid.value), Tokens(deal.price.value * 3'600));
        EXPECT_EQ(market.told.balances()[market.supplier.address()], end.state.paid);

        auto drawing = market.selling->withdraw("draw", end.state.paid);
        auto drawn = co_await std::move(drawing);
        EXPECT_TRUE(drawn) << drawn.error().message();
        auto counting = all_money(market);
        Tokens money = co_await std::move(counting);
        EXPECT_EQ(money, tokens(2'000));
    });
}

TEST(SettlementOnAnvil, the_same_intent_again_places_one_order) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        auto bid = test::make_order(model::Side::bid, market.consumer.address(), market.told.now, 5);
        for (int i = 0; i < 2; ++i) {
            auto placing = market.buying->place("bid", bid, tokens(4));
            auto placed = co_await std::move(placing);
            EXPECT_TRUE(placed) << placed.error().message();
        }
        EXPECT_EQ(market.told.all<market::OrderPlaced>().size(), 1u);
        auto asking = market.buying->balances(market.consumer.address());
        auto balances = co_await std::move(asking);
        EXPECT_EQ(balances->wallet, tokens(996));
        auto cancelling = market.buying->cancel("cancel", bid);
        auto cancelled = co_await std::move(cancelling);
        EXPECT_TRUE(cancelled) << cancelled.error().message();
        EXPECT_EQ(market.told.balances()[market.consumer.address()], tokens(4));
    });
}

TEST(SettlementOnAnvil, refusals_say_which_rule_and_with_which_values) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        auto bid = test::make_order(model::Side::bid, market.consumer.address(), market.told.now, 1);
        auto cheap = market.buying->place("cheap", bid, tokens(3));
        auto refused = co_await std::move(cheap);
        EXPECT_FALSE(refused);
        EXPECT_TRUE(refused.error().is(MarketErrc::escrow_too_small)) << refused.error().message();
        EXPECT_NE(refused.error().message().find("needs 3.6 SNM"), std::string::npos)
            << refused.error().message();

        auto dear = market.buying->place("dear", bid, tokens(5'000));
        refused = co_await std::move(dear);
        EXPECT_FALSE(refused);
        EXPECT_TRUE(refused.error().is(MarketErrc::balance_too_small)) << refused.error().message();

        auto late = bid;
        late.expiry = late.expiry + Seconds(400 * day);
        auto lasting = market.buying->place("late", late, tokens(4));
        refused = co_await std::move(lasting);
        EXPECT_TRUE(refused.error().is(MarketErrc::expiry_out_of_range)) << refused.error().message();

        auto foreign = market.selling->place("foreign", bid, tokens(4));
        refused = co_await std::move(foreign);
        EXPECT_TRUE(refused.error().is(MarketErrc::not_the_author)) << refused.error().message();

        auto ask = test::make_order(model::Side::ask, market.supplier.address(), market.told.now, 1);
        auto unplaced = market.selling->open_deal("open", ask, bid);
        refused = co_await std::move(unplaced);
        EXPECT_TRUE(refused.error().is(MarketErrc::order_not_open)) << refused.error().message();

        auto opening = market.open_deal(9);
        model::Deal deal = co_await std::move(opening);
        auto closing = market.selling->close("early", deal, model::BlacklistChoice::nobody);
        refused = co_await std::move(closing);
        EXPECT_TRUE(refused.error().is(MarketErrc::closed_too_early)) << refused.error().message();

        ask.benchmarks[model::Benchmark::cpu_cores] = 1;
        auto judging = market.buying->judge(ask, bid);
        auto verdict = co_await std::move(judging);
        EXPECT_EQ(verdict.value(), 9);
    });
}

TEST(SettlementOnAnvil, an_attribute_is_a_fact_and_can_be_asked_for) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        crypto::Hash key{{1, 2, 3}};
        auto setting = market.selling->set_attribute("endpoint", key, "tcp://127.0.0.1:4242");
        auto set = co_await std::move(setting);
        EXPECT_TRUE(set) << set.error().message();
        auto asking = market.buying->attribute(market.supplier.address(), key);
        auto value = co_await std::move(asking);
        EXPECT_EQ(value.value(), "tcp://127.0.0.1:4242");
        auto known = [](const Told& told) { return told.all<market::AttributeSet>().size() == 1; };
        auto waiting = market.until("the attribute", known);
        co_await std::move(waiting);
        auto unset = market.buying->attribute(market.consumer.address(), key);
        auto nothing = co_await std::move(unset);
        EXPECT_EQ(nothing.value(), "");
    });
}

TEST(SettlementOnAnvil, a_reorganisation_under_an_open_deal_takes_it_back_and_the_intents_bring_it_again) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        auto opening = market.open_deal(1);
        model::Deal deal = co_await std::move(opening);
        auto node = test::connect(co_await asio::this_coro::executor, market.anvil->url());
        auto reorganising = test::command(*node, "anvil_reorg", "[1, []]");
        co_await std::move(reorganising);
        auto gone = [](const Told& told) {
            return told.rewinds > 0 && told.all<market::DealOpened>().empty();
        };
        auto waiting = market.until("the deal to be taken back", gone);
        co_await std::move(waiting);
        EXPECT_EQ(market.told.all<market::OrderPlaced>().size(), 2u);
        // Whoever wants the deal asks again, with the same intents, and gets one.
        auto again = market.open_deal(1);
        model::Deal second = co_await std::move(again);
        EXPECT_EQ(second.id, deal.id);
        EXPECT_EQ(market.told.all<market::DealOpened>().size(), 1u);
    });
}

TEST(SettlementOnAnvil, a_chain_that_is_down_is_unavailable_and_the_intent_is_done_when_it_is_back) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        auto ask = test::make_order(model::Side::ask, market.supplier.address(), market.told.now, 1);
        market.anvil->freeze();
        auto placing = market.selling->place("ask", ask, Tokens());
        auto placed = co_await within(Millis(500), std::move(placing));
        EXPECT_FALSE(placed);
        market.anvil->thaw();
        auto again = market.selling->place("ask", ask, Tokens());
        auto done = co_await std::move(again);
        EXPECT_TRUE(done) << done.error().message();
        market.anvil->kill();
        auto asking = market.selling->balances(market.supplier.address());
        auto balances = co_await std::move(asking);
        EXPECT_FALSE(balances);
        EXPECT_TRUE(balances.error().is(Errc::unavailable)) << balances.error().message();
    });
}

TEST(SettlementOnAnvil, two_processes_of_one_account_do_not_take_each_others_nonces) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        // A second ledger on the same folder stands for a second process: it has its own database handles and
        // lock files.
        Executor executor = co_await asio::this_coro::executor;
        auto second = std::move(*settlement::ChainLedger::open(executor, market.network, market.supplier,
                                                               market.folder / "supplier"));
        std::size_t done = 0;
        auto one = [](settlement::ChainLedger& ledger, model::Order order, std::string intent,
                      std::size_t& done) -> Task<void> {
            auto placing = ledger.place(std::move(intent), std::move(order), Tokens());
            auto placed = co_await std::move(placing);
            EXPECT_TRUE(placed) << placed.error().message();
            done += placed.has_value();
        };
        auto inside = [&](TaskGroup& group) -> Task<void> {
            for (std::uint64_t i = 0; i < 8; ++i) {
                auto order =
                    test::make_order(model::Side::ask, market.supplier.address(), market.told.now, 100 + i);
                auto& ledger = i % 2 ? *second : *market.selling;
                group.spawn(one(ledger, order, fmt::format("ask {}", i), done));
            }
            co_await group.join();
        };
        auto running = scope(16, inside);
        co_await std::move(running);
        EXPECT_EQ(done, 8u);
        auto all = [](const Told& told) { return told.all<market::OrderPlaced>().size() == 8; };
        auto waiting = market.until("all orders", all);
        co_await std::move(waiting);
    });
}

TEST(SettlementOnAnvil, two_processes_of_one_account_pay_at_once_and_each_gets_its_order) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        auto second = std::move(*settlement::ChainLedger::open(executor, market.network, market.consumer,
                                                               market.folder / "consumer"));
        // Part of the money is in the market already, so both reckon with the same balance.
        auto depositing = market.buying->deposit("some", tokens(4));
        auto deposited = co_await std::move(depositing);
        EXPECT_TRUE(deposited) << deposited.error().message();
        auto one = [](settlement::ChainLedger& ledger, model::Order order, std::string intent) -> Task<void> {
            auto placing = ledger.place(std::move(intent), std::move(order), tokens(4));
            auto placed = co_await std::move(placing);
            EXPECT_TRUE(placed) << placed.error().message();
        };
        auto inside = [&](TaskGroup& group) -> Task<void> {
            for (std::uint64_t i = 0; i < 6; ++i) {
                auto order =
                    test::make_order(model::Side::bid, market.consumer.address(), market.told.now, 200 + i);
                group.spawn(one(i % 2 ? *second : *market.buying, order, fmt::format("bid {}", i)));
            }
            co_await group.join();
        };
        auto running = scope(16, inside);
        co_await std::move(running);
        auto asking = market.buying->balances(market.consumer.address());
        auto balances = co_await std::move(asking);
        EXPECT_EQ(balances->wallet, tokens(1'000 - 24));
        EXPECT_EQ(balances->market, Tokens());
    });
}

TEST(SettlementOnAnvil, a_chain_restarted_from_an_older_state_gets_the_deal_back) {
    SONM_NEEDS_ANVIL();
    TempDir folder;
    std::string state = (folder / "state.json").string();
    Market market;
    market.run(
        [](Market& market) -> Task<void> {
            auto ask = test::make_order(model::Side::ask, market.supplier.address(), market.told.now, 50);
            auto placing = market.selling->place("first", ask, Tokens());
            auto placed = co_await std::move(placing);
            EXPECT_TRUE(placed);
        },
        {"--dump-state", state});
    market.anvil->stop();
    for (int life = 0; life < 2; ++life) {
        auto started = test::Anvil::start({"--load-state", state});
        ASSERT_TRUE(started) << started.error().message();
        market.anvil = std::move(*started);
        // The first life opens a deal and is killed; the second finds a chain without it.
        market.run_again([](Market& market) -> Task<void> {
            EXPECT_TRUE(market.told.all<market::DealOpened>().empty());
            EXPECT_EQ(market.told.all<market::OrderPlaced>().size(), 1u);
            auto opening = market.open_deal(1);
            model::Deal deal = co_await std::move(opening);
            EXPECT_EQ(deal.id, model::DealId(1));
        });
        market.anvil->kill();
    }
}

TEST(SettlementOnAnvil, a_network_file_of_another_chain_is_refused) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        settlement::Network other = market.network;
        other.chain_id = 1;
        auto ledger = std::move(*settlement::ChainLedger::open(executor, other, market.supplier, {}));
        auto depositing = ledger->deposit("d", tokens(1));
        auto done = co_await std::move(depositing);
        EXPECT_TRUE(done.error().is(Errc::conflict)) << done.error().message();
        other = market.network;
        other.market = other.oracle = crypto::Address{{7}};
        auto elsewhere = std::move(*settlement::ChainLedger::open(executor, other, market.supplier, {}));
        auto asking = elsewhere->balances(market.supplier.address());
        auto balances = co_await std::move(asking);
        EXPECT_TRUE(balances.error().is(Errc::invalid)) << balances.error().message();
    });
}

}  // namespace
}  // namespace sonm
