#include "sonm/base/async.hpp"

#include <gtest/gtest.h>

#include <future>

using namespace sonm;
using namespace std::chrono_literals;

namespace {

Async<int> answer_after(Millis span, int value) {
    co_await sleep_for(span);
    co_return value;
}

Async<int> fails_at_once() { co_return fail(Errc::denied, "asking"); }

Task<void> sets_when_destroyed(std::shared_ptr<int> counter) {
    struct Guard {
        std::shared_ptr<int> counter;
        ~Guard() { ++*counter; }
    } guard{counter};
    co_await sleep_for(1h);
}

TEST(Within, WorkInTimeGivesItsValue) {
    auto work = answer_after(0ms, 7);
    Result<int> got = run_test(within(10s, std::move(work)));
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, 7);
}

TEST(Within, WorkThatIsLateIsATimeout) {
    auto work = answer_after(Millis(3'600'000), 7);
    Result<int> got = run_test(within(1ms, std::move(work)));
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(Errc::timeout));
}

TEST(Within, WorkThatFailsKeepsItsOwnError) {
    auto work = fails_at_once();
    Result<int> got = run_test(within(10s, std::move(work)));
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(Errc::denied));
}

TEST(Scope, ChildrenAreStoppedAndAwaitedWhenTheBodyEnds) {
    auto counter = std::make_shared<int>(0);
    auto body = [counter](TaskGroup& group) -> Task<void> {
        group.spawn(sets_when_destroyed(counter));
        group.spawn(sets_when_destroyed(counter));
        co_await sleep_for(1ms);
    };
    run_test(scope(10, std::move(body)));
    EXPECT_EQ(*counter, 2);
}

TEST(Scope, ChildBeyondTheBoundIsRefused) {
    auto body = [](TaskGroup& group) -> Task<void> {
        EXPECT_TRUE(group.spawn(sleep_for(1h)));
        EXPECT_FALSE(group.spawn(sleep_for(1h)));
        co_return;
    };
    run_test(scope(1, std::move(body)));
}

Task<void> throws() {
    co_await sleep_for(1ms);
    throw std::runtime_error("a defect");
}

TEST(Scope, ExceptionOfAChildEndsTheScopeAndIsRethrown) {
    auto body = [](TaskGroup& group) -> Task<void> {
        group.spawn(throws());
        co_await sleep_for(1h);
    };
    EXPECT_THROW(run_test(scope(4, std::move(body))), std::runtime_error);
}

Async<void> scope_as_result(std::shared_ptr<int> counter) {
    auto body = [counter](TaskGroup& group) -> Task<void> {
        group.spawn(sets_when_destroyed(counter));
        co_await sleep_for(1h);
    };
    auto work = scope(4, std::move(body));
    co_await std::move(work);
    co_return Result<void>();
}

TEST(Scope, CancelledFromOutsideTakesItsChildrenAlong) {
    auto counter = std::make_shared<int>(0);
    auto work = scope_as_result(counter);
    Result<void> got = run_test(within(5ms, std::move(work)));
    EXPECT_FALSE(got);
    EXPECT_EQ(*counter, 1);
}

Task<void> cancel_a_scope_and_look(std::shared_ptr<int> counter) {
    auto work = scope_as_result(counter);
    (void)co_await within(5ms, std::move(work));
    EXPECT_EQ(*counter, 1) << "the child must have ended before its scope did";
}

TEST(Scope, CancelledFromOutsideHasAwaitedItsChildrenWhenItEnds) {
    auto counter = std::make_shared<int>(0);
    run_test(cancel_a_scope_and_look(counter));
}

/// Takes a while to end whatever it is told.
Async<void> stubborn(Millis span) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await sleep_for(span);
    co_return Result<void>();
}
Task<void> stubborn_child() { (void)co_await stubborn(30ms); }

/// Cancels a loop of `step` while a step waits for what it has told to stop; the loop must end.
void expect_end(Task<void> (*step)()) {
    auto loop = [](Task<void> (*one)()) -> Task<void> {
        while (true) co_await one();
    };
    auto ended = [](TaskGroup& group) -> Async<void> {
        group.cancel();
        co_await group.join();
        co_return Result<void>();
    };
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(loop(step));
        co_await sleep_for(15ms);
        auto done = co_await within(2s, ended(group));
        EXPECT_TRUE(done) << "the cancellation was lost";
    };
    run_test(scope(1, std::move(body)));
}

TEST(Within, CancelledWhileItsLateWorkEndsPassesThatOn) {
    expect_end([]() -> Task<void> { (void)co_await within(1ms, stubborn(30ms)); });
}

TEST(Scope, CancelledWhileItsChildrenEndPassesThatOn) {
    expect_end([]() -> Task<void> {
        auto inside = [](TaskGroup& group) -> Task<void> {
            group.spawn(stubborn_child());
            co_return;
        };
        co_await scope(1, std::move(inside));
    });
}

TEST(Channel, ValuesComeOutInOrderAndCloseEndsTheReader) {
    auto body = []() -> Task<void> {
        Channel<int> channel(co_await asio::this_coro::executor, 2);
        EXPECT_TRUE(channel.try_push(1));
        EXPECT_TRUE(channel.try_push(2));
        EXPECT_FALSE(channel.try_push(3));
        auto first = co_await channel.pop();
        EXPECT_EQ(first.value(), 1);
        channel.close();
        auto second = co_await channel.pop();
        EXPECT_EQ(second.value(), 2);
        auto third = co_await channel.pop();
        EXPECT_FALSE(third);
    };
    run_test(body());
}

Async<int> pop_from(Channel<int>& channel) { co_return co_await channel.pop(); }

TEST(Channel, CancelledReaderDoesNotSpoilTheChannel) {
    auto body = []() -> Task<void> {
        Channel<int> channel(co_await asio::this_coro::executor, 2);
        auto reading = pop_from(channel);
        auto late = co_await within(1ms, std::move(reading));
        EXPECT_FALSE(late);
        EXPECT_TRUE(channel.try_push(5));
        auto got = co_await channel.pop();
        EXPECT_EQ(got.value(), 5);
    };
    run_test(body());
}

TEST(Offload, HeavyWorkRunsElsewhereAndComesBack) {
    auto body = []() -> Task<void> {
        auto here = std::this_thread::get_id();
        auto work = [] { return std::this_thread::get_id(); };
        auto there = co_await offload(std::move(work));
        EXPECT_TRUE(here != there);
        EXPECT_TRUE(here == std::this_thread::get_id());
    };
    run_test(body());
}

TEST(Offload, CallerCancelledMeanwhile_IsLetGoOnlyWhenTheWorkHasEnded) {
    std::promise<void> begun, go;
    bool ended = false, ended_first = false;
    auto heavy = [&] {
        begun.set_value();
        go.get_future().wait();
        ended = true;
    };
    auto caller = [&]() -> Task<void> {
        struct LetGo {
            LetGo(const bool& e, bool& s) : ended(e), seen(s) {}
            ~LetGo() { seen = ended; }
            const bool& ended;
            bool& seen;
        } let_go(ended, ended_first);
        auto working = offload(heavy);
        co_await std::move(working);
        co_await sleep_for(1h);  // here it meets the cancellation
    };
    auto body = [&](TaskGroup& group) -> Task<void> {
        EXPECT_TRUE(group.spawn(caller()));
        co_await sleep_for(0ms);
        begun.get_future().wait();
        group.cancel();
        go.set_value();
        auto joining = group.join();
        co_await std::move(joining);
    };
    auto whole = [&]() -> Task<void> {
        auto work = scope(1, body);
        co_await std::move(work);
    };
    run_test(whole());
    EXPECT_TRUE(ended_first);
}

TEST(Offload, WorkThatThrows_ThrowsAtItsCaller) {
    auto body = []() -> Task<void> {
        auto bad = []() -> Result<int> { throw std::out_of_range("far"); };
        auto working = contain(offload(std::move(bad)));
        auto outcome = co_await std::move(working);
        EXPECT_FALSE(outcome);
        EXPECT_EQ(outcome.error().context, "far");
    };
    run_test(body());
}

}  // namespace
