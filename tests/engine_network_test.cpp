// Networks with a way out, against a real engine: what a container reaches and what not. Needs root for
// firewall rules.

#include "support/engine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace sonm::engine {
namespace {

using test::output_of;
using test::run_to_end;
using test::shell;

Task<void> isolated(Engine& engine, ImageId image) {
    auto network =
        co_await engine.create_network(fmt::format("sonm-test-{}", ::getpid()), test::test_labels());
    EXPECT_TRUE(network) << network.error().message();
    if (!network) co_return;
    auto again = co_await engine.create_network(network->value, test::test_labels());
    EXPECT_TRUE(again) << "one that exists is taken";

    // The engine's side of the bridge is the gateway: this machine. It answers pings unless rules keep the
    // container away from it.
    ContainerSpec spec =
        shell(image,
              "ip route; gw=$(ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'); "
              "nc -w 2 $gw 1 </dev/null 2>&1; echo nc says $?; nslookup -timeout=1 x $gw 2>&1 | tail -1");
    spec.network = *network;
    auto begin = std::chrono::steady_clock::now();
    auto report = co_await run_to_end(engine, spec);
    EXPECT_TRUE(report) << report.error().message();
    auto found = co_await engine.find(spec.name);
    auto output = co_await output_of(engine, found->id);
    EXPECT_NE(output->find("default via"), std::string::npos) << *output;
    // Refused would mean that the machine's own stack answered. Dropped is silence.
    EXPECT_EQ(output->find("refused"), std::string::npos) << *output;
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2)) << *output;

    auto busy = co_await engine.remove(found->id);
    EXPECT_TRUE(busy);
    auto listed = co_await engine.list_networks(test::test_labels());
    EXPECT_EQ(listed->size(), 1u);
    EXPECT_TRUE(co_await engine.remove_network(*network));
    EXPECT_TRUE(co_await engine.remove_network(*network));
}

TEST(EngineNetwork, WayOut_DoesNotLeadToThisMachine) {
    if (::geteuid() != 0) GTEST_SKIP() << "firewall rules need root";
    std::string reason = test::with_engine(isolated);
    if (!reason.empty()) GTEST_SKIP() << reason;
}

Task<void> refused(Engine&, ImageId) {
    // Without rights to set rules there is no network at all: an engine whose namespace cannot be found
    // stands for that.
    Executor executor = co_await asio::this_coro::executor;
    std::string address = *test::find_engine_address();
    DockerConfig config;
    http::Connector connect = [address] { return connect_stream(address, Millis(1000)); };
    config.address = "elsewhere:2375";
    DockerEngine remote(executor, config, connect);
    auto network = co_await remote.create_network("sonm-test-refused", test::test_labels());
    EXPECT_FALSE(network);
    EXPECT_TRUE(network.error().is(EngineErrc::not_isolated)) << network.error().message();
}
SONM_ENGINE_TEST(EngineNetwork, RulesCannotBeSet_NetworkIsRefused, refused)

}  // namespace
}  // namespace sonm::engine
