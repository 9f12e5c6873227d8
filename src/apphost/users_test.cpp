#include "sonm/apphost/users.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"

#include <gtest/gtest.h>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;

TEST(Users, the_text_of_the_configuration_is_a_range_one_user_or_none) {
    EXPECT_EQ(parse_users("1879048192-1879048255")->range, (UserRange{1879048192, 1879048255}));
    EXPECT_EQ(parse_users("7")->range, (UserRange{7, 7}));
    EXPECT_TRUE(parse_users("none")->none);
    for (const char* bad :
         {"", "0", "0-5", "9-3", "-", "5-", "-5", "4294967295", "1-4294967296", "root", "no"})
        EXPECT_FALSE(parse_users(bad)) << bad;
}

TEST(Users, each_folder_has_numbers_of_its_own_that_systems_leave_unused) {
    TempDir place;
    UserRange one = default_users(place / "one"), two = default_users(place / "two");
    EXPECT_NE(one, two);
    EXPECT_EQ(one, default_users(place / "one"));
    for (UserRange range : {one, two}) {
        EXPECT_GE(range.first, 0x70000000u);
        EXPECT_LT(range.last, 0x80000000u);
        EXPECT_EQ(range.last - range.first, 1023u);
    }
}

TEST(Users, a_range_beyond_those_of_a_container_is_not_mapped) {
    TempDir place;
    ASSERT_TRUE(
        write_atomically(place / "map", to_bytes("         0     100000      65536\n  70000 1 10\n")));
    EXPECT_TRUE(are_mapped({1, 65535}, place / "map"));
    EXPECT_TRUE(are_mapped({70000, 70009}, place / "map"));
    EXPECT_FALSE(are_mapped({1, 65536}, place / "map"));
    EXPECT_FALSE(are_mapped({0x70000000, 0x700003ff}, place / "map"));
    EXPECT_TRUE(are_mapped({1, 2}, place / "none"));
}

TEST(Users, a_range_that_meets_one_of_somebody_for_his_containers_is_refused) {
    TempDir place;
    const fs::path claims = place / "subuid";
    EXPECT_TRUE(check_unclaimed({1, 2}, claims)) << "no such file";
    std::string text =
        "\n::\nx\nbad:1:\nworse::9\nbeyond:1:4294967296\nnone:150000:0\nann:100000:65536\nlast:4294967290:90";
    ASSERT_TRUE(write_atomically(claims, to_bytes(text)));
    for (UserRange free : {UserRange{1, 99999}, {165536, 165600}, {0x70000000, 0x700003ff}})
        EXPECT_TRUE(check_unclaimed(free, claims)) << free.first;
    for (UserRange hers : {UserRange{99990, 100000}, {165535, 165600}, {1, 200000}, {120000, 120000}}) {
        auto checked = check_unclaimed(hers, claims);
        ASSERT_FALSE(checked) << hers.first;
        EXPECT_NE(checked.error().message().find("\"ann\""), std::string::npos) << checked.error().message();
    }
    EXPECT_FALSE(check_unclaimed({4294967293, 4294967294}, claims));
    ASSERT_TRUE(write_atomically(claims, to_bytes(std::string(70'000, '\n'))));
    EXPECT_TRUE(check_unclaimed({1, 2}, claims).error().is(Errc::too_large));
}

TEST(Users, a_second_node_with_the_same_ones_is_told_so_while_the_first_lives) {
    TempDir place;
    auto nothing_runs = [](unsigned, unsigned) { return Result<void>(); };
    const UserRange range{0x6e000000, 0x6e000003};
    UserLeases other(UserRange{0x6e000004, 0x6e000007}, nothing_runs, place / "locks");
    EXPECT_TRUE(other.clean_up());
    {
        UserLeases first(range, nothing_runs, place / "locks");
        EXPECT_TRUE(first.clean_up());
        auto second = UserLeases(range, nothing_runs, place / "locks").clean_up();
        ASSERT_FALSE(second);
        EXPECT_TRUE(second.error().is(Errc::exists));
        EXPECT_NE(second.error().message().find("another node"), std::string::npos);
    }
    EXPECT_TRUE(UserLeases(range, nothing_runs, place / "locks").clean_up());
    ASSERT_TRUE(write_atomically(place / "file", to_bytes("")));
    EXPECT_TRUE(UserLeases(range, nothing_runs, place / "file").clean_up()) << "where none can be made";
}

TEST(Users, no_two_applications_have_the_same_at_once_and_none_the_last) {
    auto nothing_runs = [](unsigned, unsigned) { return Result<void>(); };
    UserLeases users(UserRange{5, 7}, nothing_runs);
    auto first = *users.take(), second = *users.take();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(*first, 5u);
    EXPECT_EQ(*second, 6u);
    EXPECT_TRUE(users.take().error().is(Errc::busy));
    auto copy = first;
    first.reset();
    EXPECT_FALSE(users.take());
    copy.reset();
    EXPECT_EQ(**users.take(), 5u);
    EXPECT_EQ(*UserLeases(std::nullopt).take(), nullptr);
    EXPECT_EQ(**UserLeases(UserRange{7, 7}, nothing_runs).take(), 7u) << "the only one";
}

TEST(Users, what_runs_as_one_is_ended_before_an_application_has_it_and_after_it) {
    using Ended = std::vector<std::pair<unsigned, unsigned>>;
    Ended ended;
    std::set<unsigned> stuck;
    auto end = [&](unsigned user, unsigned killer) {
        ended.emplace_back(user, killer);
        return stuck.contains(user) ? Result<void>(fail(Errc::timeout, "it does not die")) : Result<void>();
    };
    UserLeases users(UserRange{5, 7}, end);
    auto first = *users.take();
    EXPECT_EQ(ended, (Ended{{5, 7}}));
    first.reset();
    EXPECT_EQ(ended, (Ended{{5, 7}, {5, 7}}));
    stuck = {5};
    EXPECT_EQ(**users.take(), 6u) << "one that is stuck keeps no application from the next";
    stuck = {5, 6};
    EXPECT_TRUE(users.take().error().is(Errc::timeout));
    stuck = {};
    EXPECT_EQ(**users.take(), 5u) << "tried again, and it was not taken meanwhile";
}

}  // namespace
}  // namespace sonm::apphost
