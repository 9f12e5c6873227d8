#include "sonm/market/match.hpp"

#include "sonm/market/testing.hpp"

#include <gtest/gtest.h>

namespace sonm::market {
namespace {

constexpr UnixTime now{1'700'000'000};
const model::Rate one_usd(U256(1'000'000'000'000'000'000ULL));

/// The rules again, written as a list of what must hold, in the contract's order: the first that does not is
/// the answer.
Mismatch reference(const Order& a, const Order& b, const MatchContext& c) {
    auto master = [&](const Address& x) { return c.people.master_of(x); };
    auto lists = [&](const Address& owner, const Address& x) {
        if (owner.is_zero()) return false;
        auto followed = c.people.followed().find(owner);
        return c.people.lists(owner, x) || (followed != c.people.followed().end() &&
                                            std::ranges::any_of(followed->second, [&](const Address& l) {
                                                return c.people.lists(l, x);
                                            }));
    };
    bool usd = a.currency == model::Currency::usd;
    std::vector<bool> holds{
        true,
        a.side == model::Side::ask,
        b.side == model::Side::bid,
        c.now < a.expiry,
        c.now < b.expiry,
        a.currency == b.currency,
        a.price.value <= b.price.value,
        (a.duration.value == 0) == (b.duration.value == 0) && b.duration.value <= a.duration.value,
        (b.netflags.bits | a.netflags.bits) == a.netflags.bits,
        std::ranges::equal(a.benchmarks.values, b.benchmarks.values, std::greater_equal<>()),
        master(a.author) != master(b.author),
        a.counterparty.is_zero() || a.counterparty == b.author || a.counterparty == master(b.author),
        b.counterparty.is_zero() || b.counterparty == a.author || b.counterparty == master(a.author),
        c.people.level_of(master(b.author), c.now) >= a.identity,
        c.people.level_of(master(a.author), c.now) >= b.identity,
        !lists(b.author, a.author) && !lists(b.author, master(a.author)) && !lists(b.blacklist, a.author) &&
            !lists(b.blacklist, master(a.author)),
        !lists(a.author, b.author) && !lists(master(a.author), b.author) && !lists(a.blacklist, b.author),
        !usd || !c.rate_stale,
        !usd || (c.rate >= a.rate_min && (a.rate_max.value == 0 || c.rate <= a.rate_max)),
        !usd || (c.rate >= b.rate_min && (b.rate_max.value == 0 || c.rate <= b.rate_max)),
    };
    for (std::size_t i = 1; i < holds.size(); ++i) {
        if (!holds[i]) return static_cast<Mismatch>(i);
    }
    return Mismatch::none;
}

TEST(match, hundred_thousand_random_pairs_agree_with_the_rules_as_a_list) {
    std::array<int, mismatch_count> seen{};
    for (std::uint64_t world = 0; world < 100; ++world) {
        RandomOrders random(world, now, some_accounts(8));
        People people = random.people();
        MatchContext context{now, people, one_usd, world % 10 == 0};
        for (int i = 0; i < 1000; ++i) {
            auto [ask, bid] = random.pair();
            Mismatch answer = matches(ask, bid, context);
            ASSERT_EQ(answer, reference(ask, bid, context)) << "world " << world << " pair " << i;
            ++seen[static_cast<std::size_t>(answer)];
        }
    }
    for (std::size_t i = 0; i < mismatch_count; ++i)
        EXPECT_GT(seen[i], 20) << identifier_of(static_cast<Mismatch>(i));
}

TEST(match, text_and_name_of_every_reason_are_there) {
    for (std::size_t i = 0; i < mismatch_count; ++i) {
        EXPECT_NE(to_string(static_cast<Mismatch>(i)), "unknown");
        EXPECT_NE(identifier_of(static_cast<Mismatch>(i)), "unknown");
    }
    EXPECT_EQ(identifier_of(Mismatch::supplier_blacklisted), "supplier_blacklisted");
}

TEST(people, worker_has_its_masters_level_until_the_certificate_ends) {
    auto accounts = some_accounts(3);
    People people;
    EXPECT_TRUE(people.set_master(accounts[0], accounts[1]).is_zero());
    people.set_level(accounts[1], {model::Identity::identified, UnixTime(100)});
    people.set_level(accounts[0], {model::Identity::professional, UnixTime(100)});
    EXPECT_EQ(people.level_of(accounts[0], UnixTime(99)), model::Identity::identified);
    EXPECT_EQ(people.level_of(accounts[0], UnixTime(100)), model::Identity::anonymous);
    EXPECT_EQ(people.level_of(accounts[2], UnixTime(1)), model::Identity::anonymous);
    EXPECT_EQ(people.workers_of(accounts[1]), std::vector<Address>{accounts[0]});
    EXPECT_EQ(people.set_master(accounts[0], Address{}), accounts[1]);
    EXPECT_EQ(people.master_of(accounts[0]), accounts[0]);
    EXPECT_TRUE(people.workers_of(accounts[1]).empty());
}

TEST(people, what_a_followed_list_has_is_refused_one_level_deep) {
    auto accounts = some_accounts(4);
    People people;
    people.set_listed(accounts[2], accounts[3], true);
    EXPECT_FALSE(people.refusing_list(accounts[0], accounts[3]));
    EXPECT_FALSE(people.set_follows(accounts[0], accounts[1], true));
    EXPECT_FALSE(people.set_follows(accounts[1], accounts[2], true));
    EXPECT_EQ(people.refusing_list(accounts[1], accounts[3]), accounts[2]);
    EXPECT_FALSE(people.refusing_list(accounts[0], accounts[3]));
    EXPECT_TRUE(people.set_follows(accounts[1], accounts[2], false));
    EXPECT_FALSE(people.refusing_list(accounts[1], accounts[3]));
    people.set_listed(accounts[1], accounts[3], true);
    EXPECT_EQ(people.refusing_list(accounts[1], accounts[3]), accounts[1]);
    EXPECT_FALSE(people.refusing_list(Address{}, accounts[3]));
}

TEST(people, changing_a_list_tells_what_it_was) {
    auto accounts = some_accounts(2);
    People people;
    EXPECT_FALSE(people.set_listed(accounts[0], accounts[1], true));
    EXPECT_TRUE(people.set_listed(accounts[0], accounts[1], true));
    EXPECT_TRUE(people.lists(accounts[0], accounts[1]));
    EXPECT_FALSE(people.lists(accounts[1], accounts[0]));
    EXPECT_TRUE(people.set_listed(accounts[0], accounts[1], false));
    EXPECT_FALSE(people.set_listed(accounts[0], accounts[1], false));
}

}  // namespace
}  // namespace sonm::market
