#include "sonm/model/order.hpp"

#include "sonm/model/deal.hpp"
#include "sonm/model/errc.hpp"

#include <gtest/gtest.h>

namespace sonm::model {
namespace {

Address account(std::string_view text) { return crypto::parse_address(text).value(); }

Order full_order() {
    Order order;
    order.side = Side::bid;
    order.author = account("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    order.counterparty = account("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    order.price = PricePerSecond(U256(33'333'333'333'333ULL));
    order.currency = Currency::usd;
    order.duration = Seconds(7200);
    order.netflags = NetFlags{5};
    order.identity = Identity::identified;
    order.blacklist = account("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");
    std::string_view tag = "render";
    std::copy(tag.begin(), tag.end(), order.tag.bytes.begin());
    order.rate_min = Rate(U256(500'000'000'000'000'000ULL));
    order.rate_max = Rate(U256(2'000'000'000'000'000'000ULL));
    order.expiry = UnixTime(1'800'000'000);
    order.nonce = OrderNonce(U256(77));
    for (std::size_t i = 0; i < benchmark_count; ++i) order.benchmarks.values[i] = (i + 1) * 1000;
    return order;
}

TEST(order, id_is_the_eip_712_struct_hash_that_other_tools_compute) {
    // Computed with Foundry's `cast keccak` and `cast abi-encode` from the contract's type text.
    EXPECT_EQ(crypto::to_string(order_id(full_order()).value),
              "0x4fe745a99900c2bbc71d0de2757b1541e6f77bc6a9bef58d374422e3bc137669");
}

TEST(order, any_changed_field_changes_the_id) {
    Order base = full_order();
    std::vector<Order> changed(15, base);
    changed[0].side = Side::ask;
    changed[1].author.bytes[0] ^= 1;
    changed[2].counterparty.bytes[0] ^= 1;
    changed[3].price.value += 1;
    changed[4].currency = Currency::snm;
    changed[5].duration.value += 1;
    changed[6].netflags.bits ^= 1;
    changed[7].identity = Identity::anonymous;
    changed[8].blacklist.bytes[0] ^= 1;
    changed[9].tag.bytes[31] ^= 1;
    changed[10].rate_min.value += 1;
    changed[11].rate_max.value += 1;
    changed[12].expiry.value += 1;
    changed[13].nonce.value += 1;
    changed[14].benchmarks.values[15] += 1;
    std::set<crypto::Hash> ids{order_id(base).value};
    for (const Order& order : changed) EXPECT_TRUE(ids.insert(order_id(order).value).second);
}

TEST(order, values_outside_the_contracts_types_are_refused_by_name) {
    EXPECT_TRUE(validate(full_order()));
    auto refusal = [](auto change) {
        Order order = full_order();
        change(order);
        auto result = validate(order);
        EXPECT_TRUE(!result && result.error().is(ModelErrc::bad_order));
        return result ? "accepted" : result.error().context;
    };
    EXPECT_THAT(refusal([](Order& o) { o.price = {}; }), testing::HasSubstr("price is 0"));
    EXPECT_THAT(refusal([](Order& o) { o.price.value = amount_max + 1; }), testing::HasSubstr("2^96 - 1"));
    EXPECT_THAT(refusal([](Order& o) { o.duration.value = 1ULL << 32; }), testing::HasSubstr("duration"));
    EXPECT_THAT(refusal([](Order& o) { o.expiry.value = 1ULL << 40; }), testing::HasSubstr("expiry"));
    EXPECT_THAT(refusal([](Order& o) { o.expiry = {}; }), testing::HasSubstr("expiry"));
    EXPECT_THAT(refusal([](Order& o) { o.author = {}; }), testing::HasSubstr("author"));
    EXPECT_THAT(refusal([](Order& o) { o.rate_max.value = U256(1) << 88; }), testing::HasSubstr("rate"));
    EXPECT_THAT(refusal([](Order& o) { std::swap(o.rate_min, o.rate_max); }), testing::HasSubstr("cross"));
    EXPECT_THAT(refusal([](Order& o) { o.side = static_cast<Side>(2); }), testing::HasSubstr("side"));
    EXPECT_THAT(refusal([](Order& o) { o.identity = static_cast<Identity>(4); }),
                testing::HasSubstr("identity"));
}

TEST(order, words_and_numbers_of_every_table_agree_both_ways) {
    for (std::size_t i = 0; i < benchmark_count; ++i) {
        auto benchmark = static_cast<Benchmark>(i);
        if (benchmark == Benchmark::reserved14) continue;
        EXPECT_EQ(parse_benchmark(to_string(benchmark)).value(), benchmark);
        EXPECT_FALSE(unit_of(benchmark).empty());
    }
    for (auto side : {Side::ask, Side::bid}) EXPECT_EQ(parse_side(to_string(side)).value(), side);
    for (auto currency : {Currency::snm, Currency::usd})
        EXPECT_EQ(parse_currency(to_string(currency)).value(), currency);
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(parse_identity(to_string(static_cast<Identity>(i))).value(), static_cast<Identity>(i));
    EXPECT_EQ(parse_netflag("overlay").value(), netflag_overlay);
    EXPECT_EQ(to_string(NetFlags{3}), "outbound, incoming");
    EXPECT_EQ(to_string(NetFlags{}), "none");
    EXPECT_EQ(to_string(NetFlags{1ULL << 40 | 1}), "outbound, reserved 0x10000000000");
    EXPECT_EQ(parse_identity("known").error().context,
              "'known' is no identity level: write one of anonymous, registered, identified, professional");
    EXPECT_FALSE(parse_benchmark("reserved-14"));
}

TEST(deal, costs_are_exact_and_bounded) {
    EXPECT_EQ(cost(PricePerSecond(U256(7)), Seconds(10)).value(), Tokens(U256(70)));
    EXPECT_EQ(cost(PricePerSecond(amount_max), Seconds(1)).value(), Tokens(amount_max));
    EXPECT_FALSE(cost(PricePerSecond(amount_max), Seconds(2)));
    EXPECT_FALSE(cost(PricePerSecond(u256_max), Seconds(~0ULL)));
}

TEST(deal, ends_at_its_end_or_when_the_escrow_is_used_up) {
    Deal deal;
    deal.start = UnixTime(1000);
    deal.price = PricePerSecond(U256(10));
    DealState state{DealStatus::open, Tokens(U256(95)), Tokens{}, UnixTime(1000)};
    EXPECT_EQ(ends_at(deal, state),
              UnixTime(1010));  // the tenth second is only half paid for, and still the deal's
    deal.end = UnixTime(1005);
    EXPECT_EQ(ends_at(deal, state), UnixTime(1005));
    state.status = DealStatus::closed;
    state.settled_until = UnixTime(1003);
    EXPECT_EQ(ends_at(deal, state), UnixTime(1003));
    deal.end = {};
    state = DealState{DealStatus::open, Tokens(amount_max), Tokens{}, UnixTime(1000)};
    EXPECT_EQ(ends_at(deal, state).value, (1ULL << 40) - 1);  // saturates as the contract does
}

}  // namespace
}  // namespace sonm::model
