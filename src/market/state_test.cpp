#include "sonm/market/state.hpp"

#include "sonm/market/errc.hpp"
#include "sonm/market/fake_market.hpp"
#include "sonm/market/testing.hpp"

#include <gtest/gtest.h>

namespace sonm::market {
namespace {

/// What a state says, in a form that compares.
std::string picture(const MarketState& state) {
    std::string out;
    state.book().for_each([&](const OpenOrder& open) {
        out += fmt::format("{} {} {}\n", open.id.value, open.escrow, open.age);
    });
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < out.size();) {
        std::size_t end = out.find('\n', begin);
        lines.push_back(out.substr(begin, end - begin));
        begin = end + 1;
    }
    std::sort(lines.begin(), lines.end());
    for (const auto& [id, open] : state.deals()) {
        lines.push_back(fmt::format("deal {} {} {} {}", id, open.state.escrow, open.state.paid,
                                    open.state.settled_until));
    }
    for (const Address& account : some_accounts(8)) {
        lines.push_back(fmt::format(
            "{} {} {} {} {}", account, state.balance(account), state.people().master_of(account),
            int(state.people().level_of(account, state.head_time())), state.deals_of(account).size()));
        for (const Address& other : some_accounts(8))
            lines.push_back(
                fmt::format("{}", state.people().refusing_list(account, other).value_or(Address{})));
        for (const OpenOrder* open : state.orders_of(account))
            lines.push_back(fmt::format("by {}", open->id.value));
    }
    lines.push_back(fmt::format("{} {}", state.rates().reports().size(), state.rates().latest()));
    return fmt::format("{}", fmt::join(lines, "\n"));
}

/// A market on which something random happens.
class Bustle {
public:
    explicit Bustle(std::uint64_t seed) : market(clock), random_(seed, clock.now(), some_accounts(8)) {
        for (const Address& account : some_accounts(8)) market.give(account, Tokens(model::amount_max));
        market.set_rate(model::Rate(U256(1'000'000'000'000'000'000ULL)));
    }
    void act() {
        clock.advance(Seconds(random_.below(30)));
        switch (random_.below(10)) {
            case 0: market.set_master(random_.account(), random_.account()); break;
            case 1:
                market.set_level(random_.account(), model::Identity::registered,
                                 clock.now() + Seconds(random_.below(1000)));
                break;
            case 2: market.set_listed(random_.account(), random_.account(), random_.once_in(2)); break;
            case 3:
                market.set_rate(model::Rate(U256(random_.below(1000) + 1) * 1'000'000'000'000'000ULL));
                break;
            case 4: deals_change(); break;
            case 5: cancel(); break;
            case 6: (void)market.deposit(random_.account(), Tokens(U256(random_.below(1000)))); break;
            case 7: market.set_follows(random_.account(), random_.account(), random_.once_in(8)); break;
            default: place_pair(); break;
        }
    }

    FakeClock clock;
    FakeMarket market;

private:
    void place_pair() {
        Order ask, bid;
        // Pairs that match are rare, and half of these should.
        for (int tries = random_.once_in(2) ? 50 : 1; tries > 0; --tries) {
            std::tie(ask, bid) = random_.pair();
            if (market.judge(ask, bid) == Mismatch::none) break;
        }
        for (Order* order : {&ask, &bid}) {
            order->expiry = clock.now() + Seconds(1 + random_.below(5000));
            if (order->price.value > 1000) order->price = model::PricePerSecond(U256(7));
            auto needed = market.escrow_needed(*order);
            if (needed && market.place(order->author, *order, *needed)) orders_.push_back(*order);
        }
        if (random_.once_in(2)) (void)market.open_deal(ask, bid);
    }
    void cancel() {
        if (orders_.empty()) return;
        const Order& order = orders_[random_.below(orders_.size())];
        (void)market.cancel(order.author, order);
    }
    void deals_change() {
        auto deals = market.deals();
        if (deals.empty()) return;
        const Deal& deal = deals[random_.below(deals.size())];
        (void)market.settle(deal.master, deal);
        if (random_.once_in(3)) (void)market.top_up(deal.consumer, deal, Tokens(U256(50)));
        if (random_.once_in(3)) (void)market.close(deal.consumer, deal, model::BlacklistChoice::counterparty);
    }
    RandomOrders random_;
    std::vector<Order> orders_;
};

TEST(market_state, after_any_rewind_it_is_what_reading_anew_gives) {
    std::size_t deals = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        Bustle bustle(seed);
        MarketState state;
        ASSERT_TRUE(state.apply(bustle.market.since(0)));
        bustle.market.on_step([&](const Step& step) { ASSERT_TRUE(state.apply(step)); });
        std::mt19937_64 random(seed);
        for (int i = 0; i < 300; ++i) {
            bustle.act();
            if (random() % 20 == 0)
                bustle.market.rewind(bustle.market.head() -
                                     random() % std::min<std::uint64_t>(bustle.market.head(), 15));
            if (i % 25 != 0) continue;
            MarketState fresh;
            ASSERT_TRUE(fresh.apply(bustle.market.since(0)));
            ASSERT_EQ(picture(state), picture(fresh)) << "seed " << seed << " step " << i;
        }
        deals += bustle.market.deals().size();
    }
    EXPECT_GT(deals, 10u);
}

TEST(market_state, step_that_comes_twice_changes_nothing) {
    Bustle bustle(3);
    for (int i = 0; i < 100; ++i) bustle.act();
    MarketState state;
    Step all = bustle.market.since(0);
    ASSERT_TRUE(state.apply(all));
    std::string before = picture(state);
    ASSERT_TRUE(state.apply(all));
    EXPECT_EQ(picture(state), before);
}

TEST(market_state, checkpoint_restores_all_of_it_and_reading_goes_on_from_there) {
    Bustle bustle(4);
    for (int i = 0; i < 200; ++i) bustle.act();
    MarketState first;
    ASSERT_TRUE(first.apply(bustle.market.since(0)));
    MarketState second;
    ASSERT_TRUE(second.restore(first.checkpoint()));
    EXPECT_EQ(picture(second), picture(first));
    std::uint64_t from = second.head_block();
    for (int i = 0; i < 50; ++i) bustle.act();
    ASSERT_TRUE(first.apply(bustle.market.since(from)));
    ASSERT_TRUE(second.apply(bustle.market.since(from)));
    EXPECT_EQ(picture(second), picture(first));
}

TEST(market_state, rewind_beyond_what_is_kept_is_refused_and_changes_nothing) {
    Bustle bustle(5);
    MarketStateOptions options;
    options.rewind_blocks_max = 10;
    MarketState state(options);
    for (int i = 0; i < 100; ++i) bustle.act();
    ASSERT_TRUE(state.apply(bustle.market.since(0)));
    std::string before = picture(state);
    Step far;
    far.rewind_to = state.head_block() - 11;
    auto result = state.apply(far);
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().is(MarketErrc::history_too_short));
    EXPECT_EQ(picture(state), before);
}

Fact fact(std::uint64_t block, FactBody body) { return Fact{block, 0, UnixTime(block), std::move(body)}; }

TEST(market_state, used_nonces_are_known_by_their_bits_survive_a_checkpoint_and_come_back_by_a_rewind) {
    Address author = some_accounts(1)[0];
    MarketState state;
    Step step;
    step.facts = {fact(1, NoncesUsed{author, 0, U256(1) << 255}), fact(2, NoncesUsed{author, 1, U256(5)})};
    step.head_block = 2;
    ASSERT_TRUE(state.apply(step));
    auto used = [&](const MarketState& at) {
        std::string out;
        for (unsigned nonce : {254, 255, 256, 257, 258})
            out += at.is_nonce_used(author, model::OrderNonce(U256(nonce))) ? 'x' : '-';
        return out;
    };
    EXPECT_EQ(used(state), "-xx-x");
    MarketState restored;
    ASSERT_TRUE(restored.restore(state.checkpoint()));
    EXPECT_EQ(used(restored), "-xx-x");
    Step back;
    back.rewind_to = 1;
    back.head_block = 1;
    ASSERT_TRUE(state.apply(back));
    EXPECT_EQ(used(state), "-x---");
}

TEST(market_state, deal_of_signed_orders_leaves_equal_orders_in_the_book) {
    RandomOrders random(1, UnixTime(1), some_accounts(2));
    Order ask = random.ask();
    Deal deal;
    deal.id = model::DealId(1);
    deal.ask = model::order_id(ask);
    DealState open{model::DealStatus::open, Tokens(), Tokens(), UnixTime(1)};
    MarketState state;
    Step step;
    step.facts = {fact(1, OrderPlaced{deal.ask, ask, Tokens()}),
                  fact(2, DealOpened{deal, open, Tokens(), true, true})};
    step.head_block = 2;
    ASSERT_TRUE(state.apply(step));
    EXPECT_TRUE(state.book().find(deal.ask));
    step.facts = {fact(3, DealOpened{deal, open, Tokens()})};
    step.head_block = 3;
    ASSERT_TRUE(state.apply(step));
    EXPECT_FALSE(state.book().find(deal.ask));
}

TEST(market_state, changed_deal_has_its_new_terms_until_a_rewind) {
    Deal deal;
    deal.id = model::DealId(1);
    deal.end = UnixTime(100);
    DealState open{model::DealStatus::open, Tokens(U256(9)), Tokens(), UnixTime(1)};
    MarketState state;
    Step step;
    step.facts = {fact(1, DealOpened{deal, open, Tokens()})};
    deal.end = UnixTime(200);
    step.facts.push_back(fact(2, DealChanged{deal, open, Tokens(), Tokens(), Tokens(), Address{}}));
    step.head_block = 2;
    ASSERT_TRUE(state.apply(step));
    EXPECT_EQ(state.deal(deal.id)->deal.end, UnixTime(200));
    Step back;
    back.rewind_to = 1;
    back.head_block = 1;
    ASSERT_TRUE(state.apply(back));
    EXPECT_EQ(state.deal(deal.id)->deal.end, UnixTime(100));
}

TEST(market_state, usd_prices_go_stale_with_time) {
    FakeClock clock;
    FakeMarket market(clock);
    MarketStateOptions options;
    options.rate_stale_after = Seconds(3600);
    MarketState state(options);
    market.set_rate(model::Rate(U256(5)));
    ASSERT_TRUE(state.apply(market.since(0)));
    EXPECT_FALSE(state.context(clock.now()).rate_stale);
    EXPECT_FALSE(state.context(clock.now() + Seconds(3600)).rate_stale);
    EXPECT_TRUE(state.context(clock.now() + Seconds(3601)).rate_stale);
}

TEST(fake_market, money_is_conserved_whatever_happens) {
    for (std::uint64_t seed = 20; seed < 25; ++seed) {
        Bustle bustle(seed);
        Tokens all = bustle.market.money();
        for (int i = 0; i < 300; ++i) {
            bustle.act();
            ASSERT_EQ(bustle.market.money(), all);
        }
    }
}

}  // namespace
}  // namespace sonm::market
