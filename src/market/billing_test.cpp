#include "sonm/market/billing.hpp"

#include "sonm/base/errc.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sonm::market {
namespace {

using model::Currency;
using model::Deal;
using model::DealState;
using model::DealStatus;

constexpr U256 wad = 1'000'000'000'000'000'000ULL;
model::Rate usd(std::uint64_t cents) { return model::Rate(wad / 100 * cents); }

Deal snm_deal(std::uint64_t price, std::uint64_t seconds) {
    Deal deal;
    deal.price = model::PricePerSecond(U256(price));
    deal.start = UnixTime(1000);
    if (seconds) deal.end = UnixTime(1000 + seconds);
    return deal;
}
DealState open_state(std::uint64_t escrow) {
    return DealState{DealStatus::open, Tokens(U256(escrow)), Tokens{}, UnixTime(1000)};
}

TEST(billing, forward_deal_owes_for_the_time_used_and_no_more) {
    Deal deal = snm_deal(10, 100);
    DealState state = open_state(1000);
    EXPECT_EQ(bill_at(deal, state, UnixTime(900), {}).owed, Tokens{});
    EXPECT_EQ(bill_at(deal, state, UnixTime(1050), {}).owed, Tokens(U256(500)));
    EXPECT_FALSE(bill_at(deal, state, UnixTime(1099), {}).ended);
    EXPECT_TRUE(bill_at(deal, state, UnixTime(1100), {}).ended);
    EXPECT_EQ(bill_at(deal, state, UnixTime(9999), {}).owed, Tokens(U256(1000)));
    state.status = DealStatus::closed;
    EXPECT_EQ(bill_at(deal, state, UnixTime(1050), {}).owed, Tokens{});
}

TEST(billing, spot_deal_ends_when_its_escrow_is_used_up) {
    Deal deal = snm_deal(10, 0);
    DealState state = open_state(95);
    EXPECT_FALSE(bill_at(deal, state, UnixTime(1009), {}).ended);
    EXPECT_TRUE(bill_at(deal, state, UnixTime(1010), {}).ended);
    EXPECT_EQ(bill_at(deal, state, UnixTime(1010), {}).owed, Tokens(U256(95)));
    EXPECT_EQ(ends_at(deal, state, {}), UnixTime(1010));
}

TEST(billing, block_time_that_falls_back_owes_nothing) {
    Deal deal = snm_deal(10, 100);
    DealState state = open_state(1000);
    state.paid = Tokens(U256(500));
    EXPECT_EQ(bill_at(deal, state, UnixTime(1010), {}).owed, Tokens{});
}

TEST(billing, how_often_is_settled_changes_nothing) {
    std::mt19937_64 random(4);
    for (int round = 0; round < 1000; ++round) {
        RateHistory rates;
        rates.add(usd(50 + random() % 100), UnixTime(500));
        Deal deal = snm_deal(1 + random() % 1'000'000, random() % 2 ? 3600 : 0);
        deal.currency = random() % 2 ? Currency::usd : Currency::snm;
        deal.rate_start = rates.total_at(deal.start);
        DealState state = open_state(random() % 5'000'000'000);
        UnixTime time(1000);
        U256 paid_in_pieces = 0;
        for (int i = 0; i < 20; ++i) {
            if (random() % 4 == 0) rates.add(usd(50 + random() % 100), time);
            time = time + Seconds(random() % 300);
            Bill bill = bill_at(deal, state, time, rates);
            state.paid.value += bill.owed.value;
            paid_in_pieces += bill.owed.value;
        }
        DealState untouched = state;
        untouched.paid = Tokens{};
        ASSERT_EQ(bill_at(deal, untouched, time, rates).owed.value, paid_in_pieces);
        ASSERT_LE(paid_in_pieces, state.escrow.value);
    }
}

TEST(billing, new_rate_never_applies_backwards) {
    RateHistory rates;
    rates.add(usd(100), UnixTime(0));
    Deal deal = snm_deal(1'000'000, 0);
    deal.currency = Currency::usd;
    deal.rate_start = rates.total_at(deal.start);
    EXPECT_EQ(cost_at(deal, UnixTime(1100), rates), Tokens(U256(100'000'000)));
    rates.add(usd(50), UnixTime(1100));  // from here on a USD costs two SNM
    EXPECT_EQ(cost_at(deal, UnixTime(1100), rates), Tokens(U256(100'000'000)));
    EXPECT_EQ(cost_at(deal, UnixTime(1200), rates), Tokens(U256(300'000'000)));
    rates.undo();
    EXPECT_EQ(cost_at(deal, UnixTime(1200), rates), Tokens(U256(200'000'000)));
}

TEST(billing, usd_deal_ends_when_the_rate_has_eaten_the_escrow) {
    RateHistory rates;
    rates.add(usd(100), UnixTime(0));
    Deal deal = snm_deal(1'000'000, 1000);
    deal.currency = Currency::usd;
    deal.rate_start = rates.total_at(deal.start);
    DealState state = open_state(1'000'000'000);
    EXPECT_EQ(ends_at(deal, state, rates), UnixTime(2000));
    rates.add(usd(50), UnixTime(1500));
    EXPECT_EQ(ends_at(deal, state, rates), UnixTime(1750));
    EXPECT_FALSE(bill_at(deal, state, UnixTime(1749), rates).ended);
    EXPECT_TRUE(bill_at(deal, state, UnixTime(1750), rates).ended);
    rates.add(usd(200), UnixTime(1500));  // cheaper again at once
    EXPECT_EQ(ends_at(deal, state, rates), UnixTime(2000));
}

TEST(billing, end_and_bill_agree_to_the_second) {
    std::mt19937_64 random(6);
    for (int round = 0; round < 2000; ++round) {
        RateHistory rates;
        rates.add(usd(1 + random() % 300), UnixTime(0));
        rates.add(usd(1 + random() % 300), UnixTime(1000 + random() % 100));
        Deal deal = snm_deal(1 + random() % 1000, random() % 2 ? random() % 5000 + 1 : 0);
        deal.currency = random() % 2 ? Currency::usd : Currency::snm;
        deal.rate_start = rates.total_at(deal.start);
        DealState state = open_state(1 + random() % 1'000'000);
        UnixTime end = ends_at(deal, state, rates);
        ASSERT_TRUE(bill_at(deal, state, end, rates).ended);
        if (end.value > 1000) ASSERT_FALSE(bill_at(deal, state, UnixTime(end.value - 1), rates).ended);
    }
}

TEST(billing, escrow_of_a_bid_is_the_whole_deal_or_ten_minutes_of_spot_rounded_up) {
    RateHistory rates;
    model::PricePerSecond price(U256(3));
    EXPECT_EQ(escrow_needed(price, Currency::snm, Seconds(100), rates).value(), Tokens(U256(300)));
    EXPECT_EQ(escrow_needed(price, Currency::snm, Seconds(0), rates).value(), Tokens(U256(1800)));
    EXPECT_TRUE(escrow_needed(price, Currency::usd, Seconds(100), rates).error().is(Errc::unavailable));
    rates.add(usd(70), UnixTime(0));
    EXPECT_EQ(escrow_needed(price, Currency::usd, Seconds(100), rates).value(),
              Tokens(U256(429)));  // 300 / 0.7 = 428.57
    EXPECT_FALSE(escrow_needed(model::PricePerSecond(model::amount_max), Currency::snm, Seconds(2), rates));
}

TEST(billing, master_settles_when_it_is_due_and_closes_what_has_ended) {
    Deal deal = snm_deal(10, 7200);
    DealState state = open_state(72'000);
    SettlementPolicy policy;
    EXPECT_EQ(decide(deal, state, UnixTime(1000 + 3599), {}, policy), SettlementAction::nothing);
    EXPECT_EQ(decide(deal, state, UnixTime(1000 + 3600), {}, policy), SettlementAction::settle);
    policy.owed_min = Tokens(U256(40'000));
    EXPECT_EQ(decide(deal, state, UnixTime(1000 + 3600), {}, policy), SettlementAction::nothing);
    EXPECT_EQ(decide(deal, state, UnixTime(1000 + 7200), {}, policy), SettlementAction::close);
    state.status = DealStatus::closed;
    EXPECT_EQ(decide(deal, state, UnixTime(1000 + 7200), {}, policy), SettlementAction::nothing);
}

}  // namespace
}  // namespace sonm::market
