#include "sonm/market/explain.hpp"

#include "sonm/base/units.hpp"
#include "sonm/market/testing.hpp"

#include <gtest/gtest.h>

namespace sonm::market {
namespace {

constexpr UnixTime now{1'700'000'000};

model::PricePerSecond price(std::string_view text) {
    return model::PricePerSecond(parse_price(text).value().per_second);
}

/// A bid for 8 GiB at 0.12 SNM/h, and asks that just miss it.
struct Market {
    Order bid;
    std::vector<Order> asks;
    People people;
    MatchContext context{now, people, {}, true};

    Market() {
        bid.side = model::Side::bid;
        bid.author = some_accounts(1)[0];
        bid.price = price("0.12 SNM/h");
        bid.duration = Seconds(7200);
        bid.expiry = UnixTime(now.value + 1000);
        bid.benchmarks[model::Benchmark::ram_size] = 8192;
        bid.benchmarks[model::Benchmark::cpu_cores] = 100;
    }
    Order& ask() {
        Order order = bid;
        order.side = model::Side::ask;
        order.author = some_accounts(30)[asks.size() + 1];
        order.counterparty = {};
        order.identity = model::Identity::anonymous;
        return asks.emplace_back(order);
    }
    Explanation explain_bid() const {
        std::vector<CounterOrder> others;
        for (const Order& order : asks) others.push_back(CounterOrder{model::order_id(order), &order});
        return explain(bid, others, context);
    }
    std::vector<std::string> relaxations() const {
        std::vector<std::string> out;
        for (const Relaxation& r : explain_bid().relaxations)
            out.push_back(fmt::format("{}: {}", r.change.text, r.matches));
        return out;
    }
};

TEST(explain, cheapest_single_changes_are_named_with_what_they_bring) {
    Market m;
    m.ask().price = price("0.13 SNM/h");
    for (int i = 0; i < 14; ++i) m.ask().benchmarks[model::Benchmark::ram_size] = 6144;
    m.ask().benchmarks[model::Benchmark::ram_size] = 4096;
    EXPECT_EQ(m.relaxations(),
              (std::vector<std::string>{"price +8.3 % (0.13 SNM/h): 1", "RAM -2 GiB (6 GiB): 14",
                                        "RAM -4 GiB (4 GiB): 15"}));
    auto why = m.explain_bid();
    EXPECT_EQ(why.considered, 16u);
    EXPECT_EQ(why.matching, 0u);
    EXPECT_EQ(why.by_first_rule[static_cast<std::size_t>(Mismatch::benchmark)], 15u);
}

TEST(explain, a_followed_list_is_named_with_whose_it_is) {
    Market m;
    Address list = some_accounts(29)[28];
    m.people.set_listed(list, m.ask().author, true);
    m.people.set_follows(m.bid.author, list, true);
    auto lines = to_lines(m.explain_bid(), m.bid);
    ASSERT_EQ(lines.size(), 5u) << fmt::format("{}", fmt::join(lines, "\n"));
    EXPECT_EQ(lines[2], fmt::format("  1: blacklisted by list {} that you follow", list));
    EXPECT_EQ(lines[4], fmt::format("  without list {} that you follow: 1 ask", list));
}

TEST(explain, of_many_lists_the_eight_that_refuse_most_are_named_and_the_others_counted) {
    Market m;
    Explanation why;
    why.considered = 40;
    for (std::size_t i = 1; i <= 11; ++i) why.by_list[fmt::format("blacklisted by list {:02}", i)] = i;
    auto lines = to_lines(why, m.bid);
    ASSERT_EQ(lines.size(), 10u) << fmt::format("{}", fmt::join(lines, "\n"));
    EXPECT_EQ(lines[1], "  11: blacklisted by list 11");
    EXPECT_EQ(lines[8], "  4: blacklisted by list 04");
    EXPECT_EQ(lines[9], "  6: 3 more lists");
}

TEST(explain, a_list_of_the_other_side_is_named_and_not_ours_to_change) {
    Market m;
    Address list = some_accounts(29)[28];
    m.people.set_listed(list, m.bid.author, true);
    m.ask().blacklist = list;
    auto lines = to_lines(m.explain_bid(), m.bid);
    EXPECT_EQ(lines[2], fmt::format("  1: blacklisted by list {} that the other side respects", list));
    EXPECT_THAT(lines.back(), testing::HasSubstr("not yours to change"));
}

TEST(explain, orders_that_miss_in_two_respects_are_only_near) {
    Market m;
    Order& ask = m.ask();
    ask.price = price("0.13 SNM/h");
    ask.duration = Seconds(3600);
    EXPECT_TRUE(m.relaxations().empty());
    auto why = m.explain_bid();
    ASSERT_EQ(why.nearest.size(), 1u);
    EXPECT_EQ(why.nearest[0].changes.size(), 2u);
    auto lines = to_lines(why, m.bid);
    EXPECT_EQ(lines[0], "0 of 1 open asks match.");
    EXPECT_THAT(lines.back(), testing::HasSubstr("price +8.3 % (0.13 SNM/h), duration -1 h (1 h)"));
}

TEST(explain, what_is_not_ours_to_change_is_said) {
    Market m;
    m.ask().counterparty = some_accounts(29)[28];
    auto why = m.explain_bid();
    EXPECT_TRUE(why.relaxations.empty());
    EXPECT_THAT(to_lines(why, m.bid).back(),
                testing::HasSubstr("not yours to change: the ask is for somebody else"));
}

TEST(explain, every_kind_of_change_reads_well) {
    Market m;
    m.bid.netflags = model::NetFlags{3};
    m.bid.identity = model::Identity::identified;
    m.bid.counterparty = some_accounts(2)[1];
    m.ask();  // of the counterparty, but unknown
    m.ask();
    m.people.set_level(m.asks[1].author, People::Certificate{model::Identity::professional, UnixTime(~0ULL)});
    EXPECT_EQ(m.relaxations(),
              (std::vector<std::string>{"from any supplier: 1", "a supplier less well known: 1"}));
    m.bid.identity = model::Identity::anonymous;
    m.bid.counterparty = {};
    m.asks.clear();
    m.ask().netflags = model::NetFlags{1};
    m.ask().duration = Seconds(0);
    m.ask().price = price("12 SNM/h");
    EXPECT_EQ(m.relaxations(),
              (std::vector<std::string>{"spot instead of a duration: 1", "without incoming: 1",
                                        "price x 100 (12 SNM/h): 1"}));
}

TEST(explain, ask_is_explained_in_its_own_terms) {
    Market m;
    Order ask = m.ask();
    ask.price = price("0.15 SNM/h");
    std::vector<CounterOrder> others{CounterOrder{model::order_id(m.bid), &m.bid}};
    auto why = explain(ask, others, m.context);
    ASSERT_EQ(why.relaxations.size(), 1u);
    EXPECT_EQ(why.relaxations[0].change.text, "price -20 % (0.12 SNM/h)");
    ask.price = m.bid.price;
    ask.benchmarks[model::Benchmark::cpu_cores] = 50;
    why = explain(ask, others, m.context);
    EXPECT_EQ(why.relaxations[0].change.text, "cores +0.5 cores (1 core)");
}

TEST(explain, empty_market_and_matching_orders_are_told) {
    Market m;
    EXPECT_EQ(to_lines(m.explain_bid(), m.bid), std::vector<std::string>{"There are no open asks."});
    m.ask();
    m.ask().expiry = now;  // dead: not counted
    EXPECT_EQ(to_lines(m.explain_bid(), m.bid), std::vector<std::string>{"1 of 1 open asks match."});
}

TEST(explain, first_violation_is_what_the_contract_would_say) {
    std::size_t with_one = 0;
    for (std::uint64_t world = 0; world < 20; ++world) {
        RandomOrders random(world, now, some_accounts(8));
        People people = random.people();
        MatchContext context{now, people, model::Rate(U256(1'000'000'000'000'000'000ULL)), world % 7 == 0};
        for (int i = 0; i < 1000; ++i) {
            auto [ask, bid] = random.pair();
            auto broken = violations(ask, bid, context);
            ASSERT_EQ(broken.empty() ? Mismatch::none : broken.front().rule, matches(ask, bid, context));
            with_one += broken.size() == 1;
        }
    }
    EXPECT_GT(with_one, 100u);
}

TEST(explain, relaxation_of_the_price_really_makes_a_match) {
    RandomOrders random(3, now, some_accounts(8));
    People people = random.people();
    MatchContext context{now, people, model::Rate(U256(1'000'000'000'000'000'000ULL)), false};
    std::size_t checked = 0;
    for (int i = 0; i < 2000; ++i) {
        auto [ask, bid] = random.pair();
        auto why = explain(bid, {CounterOrder{{}, &ask}}, context);
        if (why.relaxations.empty()) continue;
        const Violation& of = why.relaxations[0].change.of;
        if (of.rule == Mismatch::price)
            bid.price = ask.price;
        else if (of.rule == Mismatch::duration)
            bid.duration = ask.duration;
        else if (of.rule == Mismatch::netflags)
            bid.netflags.bits &= ask.netflags.bits;
        else if (of.rule == Mismatch::benchmark)
            bid.benchmarks[of.benchmark] = ask.benchmarks[of.benchmark];
        else
            continue;
        ASSERT_EQ(matches(ask, bid, context), Mismatch::none);
        ++checked;
    }
    EXPECT_GT(checked, 50u);
}

}  // namespace
}  // namespace sonm::market
