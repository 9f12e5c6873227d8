#include "sonm/jabber/jabber.hpp"

#include <gtest/gtest.h>

namespace sonm::jabber {
namespace {

using namespace std::chrono_literals;

TEST(Jabber, when_the_node_goes_down_those_who_receive_are_let_go_well) {
    auto main = []() -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        FakeClock clock;
        Jabber jabber(executor, Config(), clock);
        auto body = [&](TaskGroup& group) -> Task<void> {
            auto connection = rpc::connect_local(group, executor, jabber.handlers());
            rpc::Client<services::JabberProtocol> client(*connection);
            auto stream = client.stream<"receive">().value();
            auto nothing = co_await within(20ms, stream.next());
            EXPECT_TRUE(nothing.error().is(Errc::timeout));
            auto draining = jabber.drain();
            EXPECT_TRUE(co_await std::move(draining));
            auto ended = co_await within(1s, stream.next());
            EXPECT_TRUE(ended && !*ended) << (ended ? "goes on" : ended.error().message());
        };
        auto all = scope(8, std::move(body));
        co_await std::move(all);
    };
    run_test(main());
}

}  // namespace
}  // namespace sonm::jabber
