#include "sonm/base/stopper.hpp"

#include <gtest/gtest.h>

namespace sonm {
namespace {

using namespace std::chrono_literals;

Async<void> endless(bool& ended) {
    struct Note {
        explicit Note(bool& b) : flag(b) {}
        ~Note() { flag = true; }
        bool& flag;
    };
    Note note(ended);
    co_await sleep_for(1h);
    co_return Result<void>();
}
Async<void> failing() { co_return fail(Errc::io, "by itself"); }

Task<void> keep_outcome(Async<void> work, std::optional<Result<void>>& out) {
    out = co_await std::move(work);
}

TEST(Stopper, open_work_ends_well_when_it_is_stopped_and_later_work_is_not_begun) {
    auto main = []() -> Task<void> {
        Stopper stopper;
        bool ended = false, begun = false;
        std::optional<Result<void>> outcome;
        auto body = [&](TaskGroup& group) -> Task<void> {
            group.spawn(keep_outcome(stopper.run(endless(ended)), outcome));
            co_await sleep_for(1ms);
            EXPECT_FALSE(outcome);
            stopper.stop();
            co_await group.join();
        };
        auto all = scope(2, std::move(body));
        co_await std::move(all);
        EXPECT_TRUE(ended);
        EXPECT_TRUE(outcome && *outcome);
        auto late = stopper.run(endless(begun));
        EXPECT_TRUE(co_await std::move(late));
        EXPECT_FALSE(begun);
    };
    run_test(main());
}

TEST(Stopper, work_that_ends_by_itself_or_with_its_caller_is_not_touched) {
    auto main = []() -> Task<void> {
        Stopper stopper;
        auto running = stopper.run(failing());
        EXPECT_TRUE((co_await std::move(running)).error().is(Errc::io));
        bool ended = false;
        auto limited = within(1ms, stopper.run(endless(ended)));
        EXPECT_TRUE((co_await std::move(limited)).error().is(Errc::timeout));
        EXPECT_TRUE(ended);
        stopper.stop();
    };
    run_test(main());
}

TEST(Stopper, open_work_that_fails_on_its_way_out_ends_well_too) {
    auto main = []() -> Task<void> {
        auto failing_late = []() -> Async<void> {
            asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
            (void)co_await timer.async_wait(as_tuple(asio::use_awaitable));
            co_return fail(Errc::io, "cut off");
        };
        Stopper stopper;
        std::optional<Result<void>> outcome;
        auto body = [&](TaskGroup& group) -> Task<void> {
            group.spawn(keep_outcome(stopper.run(failing_late()), outcome));
            co_await sleep_for(1ms);
            stopper.stop();
            co_await group.join();
        };
        auto all = scope(2, std::move(body));
        co_await std::move(all);
        EXPECT_TRUE(outcome && *outcome);
    };
    run_test(main());
}

}  // namespace
}  // namespace sonm
