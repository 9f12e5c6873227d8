#include "sonm/market/order_book.hpp"

#include "sonm/market/testing.hpp"

#include <gtest/gtest.h>

namespace sonm::market {
namespace {

constexpr UnixTime now{1'700'000'000};
const model::Rate one_usd(U256(1'000'000'000'000'000'000ULL));

/// Every open order, tried one by one.
std::vector<OrderId> brute_force(const std::map<std::uint64_t, OpenOrder>& orders, const Order& order,
                                 const MatchContext& context, std::size_t limit) {
    bool is_ask = order.side == model::Side::ask;
    std::vector<const OpenOrder*> found;
    for (const auto& [age, open] : orders) {
        if (open.order.side == order.side) continue;
        if ((is_ask ? matches(order, open.order, context) : matches(open.order, order, context)) ==
            Mismatch::none)
            found.push_back(&open);
    }
    // In the order of age already.
    std::stable_sort(found.begin(), found.end(), [&](const OpenOrder* a, const OpenOrder* b) {
        return is_ask ? a->order.price > b->order.price : a->order.price < b->order.price;
    });
    std::vector<OrderId> ids;
    for (const OpenOrder* open : found) {
        if (ids.size() < limit) ids.push_back(open->id);
    }
    return ids;
}

std::vector<OrderId> ids_of(const std::vector<const OpenOrder*>& orders) {
    std::vector<OrderId> ids;
    for (const OpenOrder* open : orders) ids.push_back(open->id);
    return ids;
}

OrderId id_of(std::uint64_t n) {
    OrderId id;
    std::memcpy(id.value.bytes.data(), &n, sizeof n);
    return id;
}

/// A book and the same orders as a plain list.
struct Both {
    OrderBook book;
    std::map<std::uint64_t, OpenOrder> list;
    std::uint64_t next = 0;

    void place(const Order& order) {
        ++next;
        ASSERT_TRUE(book.place(id_of(next), order, Tokens{}, next));
        list.emplace(next, OpenOrder{id_of(next), order, Tokens{}, next});
    }
    void remove(std::uint64_t age) {
        ASSERT_TRUE(book.remove(id_of(age)));
        list.erase(age);
    }
};

TEST(order_book, best_counter_orders_are_those_of_brute_force_while_orders_come_and_go) {
    std::size_t pairs = 0, found = 0;
    for (std::uint64_t world = 0; world < 10; ++world) {
        RandomOrders random(world, now, some_accounts(12));
        People people = random.people();
        MatchContext context{now, people, one_usd, false};
        Both both;
        for (int round = 0; round < 60; ++round) {
            for (int i = 0; i < 40; ++i)
                both.place(random.order(random.once_in(2) ? model::Side::ask : model::Side::bid));
            for (int i = 0; i < 25; ++i) {
                auto victim = both.list.lower_bound(random.below(both.next) + 1);
                if (victim != both.list.end()) both.remove(victim->first);
            }
            for (int i = 0; i < 4; ++i) {
                Order order = random.once_in(2) ? random.ask() : random.bid();
                std::size_t limit = 1 + random.below(6);
                auto expected = brute_force(both.list, order, context, limit);
                ASSERT_EQ(ids_of(both.book.best(order, context, limit)), expected)
                    << "world " << world << " round " << round;
                pairs += both.list.size();
                found += expected.size();
            }
        }
        ASSERT_EQ(both.book.size(), both.list.size());
    }
    EXPECT_GT(pairs, 1'000'000u);
    EXPECT_GT(found, 100u);
}

TEST(order_book, realistic_book_gives_the_same_as_brute_force) {
    for (bool follows : {true, false}) {
        RealisticMarket market;
        market.price_follows_size = follows;
        std::vector<Order> asks = realistic_asks(market, 3000);
        Both both;
        for (const Order& ask : asks) both.place(ask);
        People people;
        MatchContext context{market.now, people, {}, true};
        std::mt19937_64 random(3);
        for (double selectivity : {0.5, 0.01, 0.0}) {
            for (int i = 0; i < 30; ++i) {
                Order bid = realistic_bid(market, asks, selectivity, random);
                if (i % 3 == 0) bid.price = asks[random() % asks.size()].price;
                ASSERT_EQ(ids_of(both.book.best(bid, context, 3)), brute_force(both.list, bid, context, 3));
            }
        }
    }
}

TEST(order_book, equal_offers_are_served_by_age) {
    OrderBook book;
    Order ask = RandomOrders(1, now, some_accounts(2)).ask();
    ask = Order{};
    ask.author = some_accounts(2)[0];
    ask.price = model::PricePerSecond(U256(5));
    ask.expiry = UnixTime(now.value + 10);
    // All alike: the tree has nothing to split along but their age.
    constexpr std::uint64_t count = 2000;
    for (std::uint64_t age = count; age >= 1; --age) ASSERT_TRUE(book.place(id_of(age), ask, Tokens{}, age));
    Order bid = ask;
    bid.side = model::Side::bid;
    bid.author = some_accounts(2)[1];
    People people;
    MatchContext context{now, people, {}, true};
    EXPECT_EQ(ids_of(book.best(bid, context, 3)), (std::vector<OrderId>{id_of(1), id_of(2), id_of(3)}));
    ASSERT_TRUE(book.remove(id_of(2)));
    EXPECT_EQ(ids_of(book.best(bid, context, 2)), (std::vector<OrderId>{id_of(1), id_of(3)}));
}

TEST(order_book, same_order_twice_and_unknown_orders_are_told) {
    OrderBook book;
    Order ask;
    ask.expiry = UnixTime(now.value + 10);
    EXPECT_TRUE(book.place(id_of(1), ask, Tokens{}, 1));
    EXPECT_FALSE(book.place(id_of(1), ask, Tokens{}, 2));
    EXPECT_FALSE(book.remove(id_of(2)));
    EXPECT_EQ(book.by(ask.author).size(), 1u);
    EXPECT_TRUE(book.remove(id_of(1)));
    EXPECT_EQ(book.size(), 0u);
    EXPECT_TRUE(book.by(ask.author).empty());
}

TEST(order_book, time_that_goes_on_and_back_hides_and_shows_what_expires) {
    RandomOrders random(5, now, some_accounts(6));
    People people;
    Both both;
    for (int i = 0; i < 1000; ++i)
        both.place(random.order(random.once_in(2) ? model::Side::ask : model::Side::bid));
    for (std::uint64_t shift : {0u, 50'000u, 200'000u, 20'000u, 3600u, 0u, 100'000u, 0u}) {
        UnixTime time(now.value + shift);
        both.book.set_time(time);
        MatchContext context{time, people, one_usd, false};
        for (int i = 0; i < 20; ++i) {
            Order order = random.ask();
            order.expiry = time + Seconds(10);
            EXPECT_EQ(ids_of(both.book.best(order, context, 5)), brute_force(both.list, order, context, 5));
        }
        // What goes and comes while hidden must not confuse.
        auto victim = both.list.begin();
        Order again = victim->second.order;
        both.remove(victim->first);
        both.place(again);
    }
}

TEST(match_tree, random_changes_keep_every_summary_right) {
    detail::MatchTree tree;
    std::mt19937_64 random(9);
    std::vector<bool> there(3000);
    for (int step = 0; step < 30'000; ++step) {
        auto slot = static_cast<std::uint32_t>(random() % there.size());
        if (there[slot]) {
            tree.erase(slot);
        } else {
            detail::TreeEntry entry;
            // Sorted arrivals, clusters and equals: what unbalances trees.
            for (auto& reach : entry.reach)
                reach = static_cast<std::uint16_t>(step % 3 == 0 ? step / 10 : random() % 4);
            entry.price = random() % 100;
            entry.age = static_cast<std::uint64_t>(step);
            entry.slot = slot;
            tree.insert(entry);
        }
        there[slot] = !there[slot];
        if (step % 1000 == 0) tree.check();
    }
    for (std::uint32_t slot = 0; slot < there.size(); ++slot) {
        if (there[slot]) tree.erase(slot);
    }
    tree.check();
    EXPECT_EQ(tree.size(), 0u);
}

TEST(match_tree, sorted_arrivals_do_not_make_a_list_of_it) {
    detail::MatchTree tree;
    constexpr std::uint32_t count = 20'000;
    for (std::uint32_t i = 0; i < count; ++i) {
        detail::TreeEntry entry;
        entry.reach.fill(static_cast<std::uint16_t>(i / 4));
        entry.price = i;
        entry.age = i;
        entry.slot = i;
        tree.insert(entry);
    }
    detail::TreeQuery query;
    query.reach.fill(4000);
    std::uint32_t best = ~0u;
    tree.search(query, {}, [&](std::uint32_t slot, const detail::MatchTree::Bound&) {
        best = std::min(best, slot);
        return detail::MatchTree::Bound{best, best};
    });
    EXPECT_EQ(best, 16'000u);
    EXPECT_LT(tree.visited(), 60u);
}

TEST(match_tree, codes_keep_the_order_of_values) {
    EXPECT_EQ(detail::to_code(0), 0);
    EXPECT_EQ(detail::to_code(2047), 2047);
    EXPECT_EQ(detail::to_code(2048), 2048);
    std::mt19937_64 random(2);
    for (int i = 0; i < 100'000; ++i) {
        std::uint64_t a = random() >> (random() % 64), b = random() >> (random() % 64);
        if (a <= b) EXPECT_LE(detail::to_code(a), detail::to_code(b));
        if (a + 1 != 0) EXPECT_LE(detail::to_code(a), detail::to_code(a + 1));
    }
    EXPECT_LT(detail::to_code(1ULL << 40), detail::to_code((1ULL << 40) + (1ULL << 30)));
}

}  // namespace
}  // namespace sonm::market
