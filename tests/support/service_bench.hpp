#pragma once

#include "sonm/rpc/rpc.hpp"
#include "sonm/services/platform.hpp"

#include <gtest/gtest.h>

/// A platform service run in the test itself, called through pipes in memory.
namespace sonm::test {

inline Async<void> as_result(Task<void> task) {
    co_await std::move(task);
    co_return Result<void>();
}

/// Runs `body(TaskGroup&) -> Task<void>` on a fresh event loop; everything must be over within `limit`.
template <class F>
void run_group(F body, std::chrono::seconds limit = std::chrono::seconds(30)) {
    auto main = [](F inside, std::chrono::seconds most) -> Task<void> {
        auto work = as_result(scope(256, std::move(inside)));
        auto limited = within(most, std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome) << outcome.error().message();
    };
    run_test(main(std::move(body), limit));
}

/// A caller of `service` over a connection of its own.
template <class P>
rpc::Client<P> call_local(TaskGroup& group, const Executor& executor, const rpc::ServiceBase& service,
                          std::optional<crypto::Address> identity = std::nullopt) {
    auto connection = rpc::connect_local(group, executor, service, identity);
    EXPECT_TRUE(connection);
    return rpc::Client<P>(*connection);
}

}  // namespace sonm::test
