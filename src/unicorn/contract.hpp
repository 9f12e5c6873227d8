#pragma once

#include "sonm/unicorn/unicorn.hpp"

#include <gtest/gtest.h>

/// What every backend must do, told through the protocol: each backend's test program includes this and
/// instantiates `UnicornContract` with its maker.
namespace sonm::unicorn::contract {

using services::ask_unicorn;
using services::follow_unicorn;
using services::UnicornClient;
using services::UnicornProtocol;
using namespace std::chrono_literals;

/// Makes an empty tree.
using MakeBackend = std::function<std::unique_ptr<Backend>(const Executor&)>;

inline rpc::Encoded number(std::int64_t value) {
    rpc::Encoded out;
    rpc::Writer(out.bytes).sint(value);
    return out;
}
inline rpc::Encoded text(std::string_view value) {
    rpc::Encoded out;
    rpc::Writer(out.bytes).raw(value);
    return out;
}

inline Versioned versioned(rpc::Encoded value, std::int64_t version) { return {std::move(value), version}; }

inline Async<void> as_result(Task<void> task) {
    co_await std::move(task);
    co_return Result<void>();
}

/// A running service and two callers, each with a connection of its own.
struct Bench {
    TaskGroup& group;
    Unicorn& unicorn;
    Backend& backend;
    std::optional<rpc::Connection> first_connection, second_connection;
    UnicornClient first, second;
};

/// Runs `body(Bench&) -> Task<void>`, within 20 s.
template <class F>
void with_unicorn(const MakeBackend& make, F body) {
    auto main = [](MakeBackend maker, F run) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        auto made = maker(executor);
        Backend& backend = *made;
        Unicorn unicorn(std::move(made));
        auto starting = unicorn.start();
        auto started = co_await std::move(starting);
        EXPECT_TRUE(started) << started.error().message();
        if (!started) co_return;
        auto inside = [&](TaskGroup& group) -> Task<void> {
            group.spawn(unicorn.run());
            auto a = rpc::connect_local(group, executor, unicorn.handlers());
            auto b = rpc::connect_local(group, executor, unicorn.handlers());
            Bench bench{group, unicorn, backend, *a, *b, UnicornClient(*a), UnicornClient(*b)};
            auto running = run(bench);
            co_await std::move(running);
        };
        auto work = as_result(scope(64, std::move(inside)));
        auto limited = within(20s, std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome) << outcome.error().message();
    };
    run_test(main(make, std::move(body)));
}

class UnicornContract : public testing::TestWithParam<MakeBackend> {};

inline Task<void> check_values(Bench& bench) {
    auto& client = bench.first;
    auto absent = co_await ask_unicorn<"get">(client, "/a/b");
    EXPECT_TRUE(absent.error().is(UnicornErrc::no_node)) << absent.error().message();
    EXPECT_TRUE((co_await ask_unicorn<"create">(client, "/a/b", text("one"))).value());
    auto again = co_await ask_unicorn<"create">(client, "/a/b", text("two"));
    EXPECT_TRUE(again.error().is(UnicornErrc::node_exists)) << again.error().message();
    EXPECT_EQ((co_await ask_unicorn<"get">(client, "/a/b")).value(), versioned(text("one"), 0));
    auto [written, now] = (co_await ask_unicorn<"put">(client, "/a/b", text("two"), 0)).value();
    EXPECT_TRUE(written);
    EXPECT_EQ(now, versioned(text("two"), 1));
    auto [stale, current] = (co_await ask_unicorn<"put">(client, "/a/b", text("three"), 0)).value();
    EXPECT_FALSE(stale);
    EXPECT_EQ(current, versioned(text("two"), 1));
    auto nobody = co_await ask_unicorn<"put">(client, "/nobody", text("x"), 0);
    EXPECT_TRUE(nobody.error().is(UnicornErrc::no_node)) << nobody.error().message();
    auto negative = co_await ask_unicorn<"put">(client, "/a/b", text("x"), -1);
    EXPECT_TRUE(negative.error().is(UnicornErrc::version_not_allowed));
    auto parent = co_await ask_unicorn<"get">(client, "/a");
    EXPECT_TRUE(parent.error().is(UnicornErrc::child_not_allowed)) << parent.error().message();
}
TEST_P(UnicornContract, a_value_is_replaced_only_by_whoever_names_its_version) {
    with_unicorn(GetParam(), check_values);
}

inline Task<void> check_removal(Bench& bench) {
    auto& client = bench.first;
    (void)co_await ask_unicorn<"create">(client, "/a/b", number(1));
    auto parent = co_await ask_unicorn<"remove">(client, "/a", 0);
    EXPECT_TRUE(parent.error().is(UnicornErrc::child_not_allowed)) << parent.error().message();
    auto wrong = co_await ask_unicorn<"remove">(client, "/a/b", 7);
    EXPECT_TRUE(wrong.error().is(UnicornErrc::version_not_allowed)) << wrong.error().message();
    EXPECT_TRUE((co_await ask_unicorn<"remove">(client, "/a/b", 0)).value());
    EXPECT_TRUE((co_await ask_unicorn<"del">(client, "/a", -1)).value());
    auto gone = co_await ask_unicorn<"del">(client, "/a", -1);
    EXPECT_TRUE(gone.error().is(UnicornErrc::no_node)) << gone.error().message();
    EXPECT_TRUE((co_await ask_unicorn<"create">(client, "/a", number(2))).value());
    EXPECT_EQ((co_await ask_unicorn<"get">(client, "/a")).value(), versioned(number(2), 0));
}
TEST_P(UnicornContract, a_node_is_removed_without_children_and_with_its_version_only) {
    with_unicorn(GetParam(), check_removal);
}

inline Task<void> check_paths(Bench& bench) {
    for (std::string path :
         {std::string(), std::string("a"), std::string("//"), std::string("/a//b"), std::string("/a/../b"),
          std::string("/."), std::string("/a\0b", 4), "/" + std::string(2000, 'x')}) {
        auto refused = co_await ask_unicorn<"get">(bench.first, path);
        EXPECT_TRUE(refused.error().is(UnicornErrc::bad_path)) << path;
    }
    auto odd = text("odd");
    EXPECT_TRUE((co_await ask_unicorn<"create">(bench.first, "/%2F \xff\"'/..x", odd)).value());
    EXPECT_EQ((co_await ask_unicorn<"get">(bench.first, "/%2F \xff\"'/..x")).value().value, odd);
    auto large = text(std::string(2 * MiB, 'v'));
    auto refused = co_await ask_unicorn<"create">(bench.first, "/large", large);
    EXPECT_TRUE(refused.error().is(UnicornErrc::invalid_value));
}
TEST_P(UnicornContract, paths_and_values_that_cannot_be_are_refused) {
    with_unicorn(GetParam(), check_paths);
}

inline Task<void> check_increments(Bench& bench) {
    auto& client = bench.first;
    EXPECT_EQ((co_await ask_unicorn<"increment">(client, "/n/count", number(5))).value(),
              versioned(number(5), 0));
    EXPECT_EQ((co_await ask_unicorn<"increment">(client, "/n/count", number(-7))).value(),
              versioned(number(-2), 1));
    auto wrong = co_await ask_unicorn<"increment">(client, "/n/count", text("x"));
    EXPECT_TRUE(wrong.error().is(UnicornErrc::invalid_type));
    (void)co_await ask_unicorn<"create">(client, "/word", text("x"));
    wrong = co_await ask_unicorn<"increment">(client, "/word", number(1));
    EXPECT_TRUE(wrong.error().is(UnicornErrc::invalid_type));
    wrong = co_await ask_unicorn<"increment">(client, "/n", number(1));
    EXPECT_TRUE(wrong.error().is(UnicornErrc::child_not_allowed)) << wrong.error().message();
    int done = 0;
    auto many = [](UnicornClient caller, int& count) -> Task<void> {
        for (int i = 0; i < 20; ++i)
            if (co_await ask_unicorn<"increment">(caller, "/sum", number(1))) ++count;
    };
    auto both = [&](TaskGroup& group) -> Task<void> {
        group.spawn(many(bench.first, done));
        group.spawn(many(bench.second, done));
        co_await group.join();
    };
    auto work = scope(2, std::move(both));
    co_await std::move(work);
    EXPECT_EQ(done, 40);
    EXPECT_EQ((co_await ask_unicorn<"get">(client, "/sum")).value(), versioned(number(40), 39));
}
TEST_P(UnicornContract, increments_of_two_callers_are_all_counted) {
    with_unicorn(GetParam(), check_increments);
}

inline Task<void> check_subscription(Bench& bench) {
    auto source = follow_unicorn<"subscribe">(bench.first, "/s/leader").value();
    EXPECT_EQ((co_await source.next()).value(), Versioned());
    (void)co_await ask_unicorn<"create">(bench.second, "/s/leader", text("one"));
    EXPECT_EQ((co_await source.next()).value(), versioned(text("one"), 0));
    (void)co_await ask_unicorn<"put">(bench.second, "/s/leader", text("two"), 0);
    EXPECT_EQ((co_await source.next()).value(), versioned(text("two"), 1));
    auto late = follow_unicorn<"subscribe">(bench.second, "/s/leader").value();
    EXPECT_EQ((co_await late.next()).value(), versioned(text("two"), 1));
    (void)co_await ask_unicorn<"remove">(bench.second, "/s/leader", 1);
    auto gone = co_await source.next();
    EXPECT_TRUE(gone.error().is(UnicornErrc::no_node)) << gone.error().message();
    auto parent = follow_unicorn<"subscribe">(bench.first, "/s").value();
    EXPECT_EQ((co_await parent.next()).value()->version, 0);
    (void)co_await ask_unicorn<"create">(bench.second, "/s/child", text("c"));
    auto refused = co_await parent.next();
    EXPECT_TRUE(refused.error().is(UnicornErrc::child_not_allowed));
}
TEST_P(UnicornContract, a_subscriber_sees_the_value_now_and_each_later_one_until_removal) {
    with_unicorn(GetParam(), check_subscription);
}

inline Task<void> check_children(Bench& bench) {
    using Names = std::vector<std::string>;
    auto absent = follow_unicorn<"children_subscribe">(bench.first, "/c").value();
    auto none = co_await absent.next();
    EXPECT_TRUE(none.error().is(UnicornErrc::no_node));
    (void)co_await ask_unicorn<"create">(bench.second, "/c/b", number(1));
    (void)co_await ask_unicorn<"create">(bench.second, "/c/b/deeper", number(1));
    auto source = follow_unicorn<"children_subscribe">(bench.first, "/c").value();
    auto first = (co_await source.next()).value().value();
    EXPECT_EQ(std::get<1>(first), Names{"b"});
    (void)co_await ask_unicorn<"create">(bench.second, "/c/a", number(1));
    auto second = (co_await source.next()).value().value();
    EXPECT_EQ(std::get<1>(second), (Names{"a", "b"}));
    EXPECT_GT(std::get<0>(second), std::get<0>(first));
    (void)co_await ask_unicorn<"remove">(bench.second, "/c/a", 0);
    auto third = (co_await source.next()).value().value();
    EXPECT_EQ(std::get<1>(third), Names{"b"});
    EXPECT_GT(std::get<0>(third), std::get<0>(second));
    const Names only_c{"c"};
    auto root = follow_unicorn<"children_subscribe">(bench.first, "/").value();
    EXPECT_EQ(std::get<1>((co_await root.next()).value().value()), only_c);
}
TEST_P(UnicornContract, children_are_told_sorted_and_again_after_each_change) {
    with_unicorn(GetParam(), check_children);
}

inline Task<void> check_locks(Bench& bench) {
    std::optional held(follow_unicorn<"lock">(bench.first, "/l").value());
    EXPECT_TRUE((co_await held->next()).value().value());
    auto seats = follow_unicorn<"children_subscribe">(bench.first, "/l").value();
    EXPECT_EQ(std::get<1>((co_await seats.next()).value().value()).size(), 1u);
    std::optional second(follow_unicorn<"named_lock">(bench.second, "/l", text("me")).value());
    EXPECT_EQ(std::get<1>((co_await seats.next()).value().value()).size(), 2u);
    auto third = follow_unicorn<"lock">(bench.first, "/l").value();
    EXPECT_EQ(std::get<1>((co_await seats.next()).value().value()).size(), 3u);
    auto early = co_await within(50ms, second->next());
    EXPECT_TRUE(early.error().is(Errc::timeout));
    held.reset();
    EXPECT_TRUE((co_await second->next()).value().value());
    EXPECT_EQ(std::get<1>((co_await seats.next()).value().value()).size(), 2u);
    // A holder whose connection ends lets go too.
    bench.second_connection->close();
    EXPECT_TRUE((co_await third.next()).value().value());
}
TEST_P(UnicornContract, a_lock_goes_to_the_next_in_the_queue_when_its_channel_or_connection_ends) {
    with_unicorn(GetParam(), check_locks);
}

inline Task<void> check_lock_children(Bench& bench) {
    auto held = follow_unicorn<"named_lock">(bench.first, "/q/lock", text("who")).value();
    EXPECT_TRUE((co_await held.next()).value().value());
    auto seats = follow_unicorn<"children_subscribe">(bench.second, "/q/lock").value();
    auto names = std::get<1>((co_await seats.next()).value().value());
    EXPECT_EQ(names.size(), 1u);
    std::string place = "/q/lock/" + names.at(0);
    EXPECT_EQ((co_await ask_unicorn<"get">(bench.second, place)).value().value, text("who"));
    auto below = co_await ask_unicorn<"create">(bench.second, place + "/x", number(1));
    EXPECT_TRUE(below.error().is(UnicornErrc::child_not_allowed)) << below.error().message();
}
inline Task<void> check_drain(Bench& bench) {
    (void)co_await ask_unicorn<"create">(bench.first, "/d/x", number(1));
    auto value = follow_unicorn<"subscribe">(bench.first, "/d/x").value();
    EXPECT_TRUE((co_await value.next()).value());
    auto children = follow_unicorn<"children_subscribe">(bench.first, "/d").value();
    EXPECT_TRUE((co_await children.next()).value());
    auto held = follow_unicorn<"lock">(bench.first, "/l").value();
    EXPECT_TRUE((co_await held.next()).value().value());
    auto waiting = follow_unicorn<"lock">(bench.second, "/l").value();
    auto begun = std::chrono::steady_clock::now();
    auto draining = bench.unicorn.drain();
    EXPECT_TRUE(co_await std::move(draining));
    EXPECT_FALSE((co_await value.next()).value()) << "closed, well";
    EXPECT_FALSE((co_await children.next()).value());
    for (auto* lock : {&held, &waiting}) {
        auto lost = co_await lock->next();
        EXPECT_TRUE(!lost && lost.error().is(UnicornErrc::connection_loss));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s);
    EXPECT_TRUE(co_await ask_unicorn<"get">(bench.first, "/d/x")) << "calls are answered to the end";
}
TEST_P(UnicornContract, when_the_node_goes_down_subscriptions_end_well_and_holders_are_told) {
    with_unicorn(GetParam(), check_drain);
}

TEST_P(UnicornContract, a_named_lock_shows_who_holds_it) { with_unicorn(GetParam(), check_lock_children); }

}  // namespace sonm::unicorn::contract
