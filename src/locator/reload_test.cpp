#include "sonm/locator/testing.hpp"

/// What a locator takes over while it runs.
namespace sonm::locator {
namespace {

using testing::SimNode;
using testing::simulate;
using testing::Simulation;

const Endpoint nowhere("0.0.0.0", 0);

Task<void> check_peers(Simulation& s, TaskGroup&) {
    Options options;
    options.peers = {{"node-2", Endpoint("10.9.9.9", 10053)}};  // not where it is
    SimNode& node = s.add(options);
    SimNode& other = s.add();
    EXPECT_TRUE(other.server.publish("echo", other.echo));
    co_await s.advance(6);
    EXPECT_EQ(node.locator.cluster().at("node-2"), nowhere) << "its announcements do not move it";
    options.peers = {{"node-2", Endpoint(other.host, 10053)}, {"node-3", Endpoint("10.9.9.8", 10053)}};
    node.locator.take_over(options, nullptr);
    co_await s.advance(2);
    EXPECT_EQ(node.locator.cluster().at("node-2"), Endpoint(other.host, 10053));
    EXPECT_EQ(node.locator.cluster().at("node-3"), nowhere) << "is looked for";
    EXPECT_TRUE(node.locator.resolve("echo"));

    std::size_t connections = s.network.connections;
    node.locator.take_over(options, nullptr);
    co_await s.settle();
    EXPECT_TRUE(node.locator.resolve("echo"));
    EXPECT_EQ(s.network.connections, connections) << "links of peers that stay as they were stay";

    options.peers.clear();
    node.locator.take_over(options, nullptr);
    co_await s.settle();
    EXPECT_TRUE(node.locator.cluster().empty());
    EXPECT_FALSE(node.locator.resolve("echo"));
}
TEST(LocatorReload, peers_are_linked_moved_and_dropped) { simulate(check_peers); }

Task<void> check_weight(Simulation& s, TaskGroup&) {
    Options weighted, heavy;
    weighted.gateway = "weighted";
    SimNode& asker = s.add(weighted);
    SimNode& one = s.add();
    SimNode& two = s.add();
    for (SimNode* node : {&one, &two}) EXPECT_TRUE(node->server.publish("echo", node->echo));
    co_await s.advance(6);
    auto share_of_two = [&] {
        int count = 0;
        for (int i = 0; i < 200; ++i)
            count += asker.locator.resolve("echo")->endpoints.front().first == two.host ? 1 : 0;
        return count;
    };
    int before = share_of_two();
    EXPECT_GT(before, 60);
    EXPECT_LT(before, 140);
    heavy.weight = 1'000;
    two.locator.take_over(heavy, nullptr);
    co_await s.settle();
    EXPECT_GT(share_of_two(), 190) << "told at once";
}
TEST(LocatorReload, a_new_weight_is_told_at_once) { simulate(check_weight); }

Task<void> check_restrict(Simulation& s, TaskGroup&) {
    SimNode& node = s.add();
    SimNode& other = s.add();
    EXPECT_TRUE(other.server.publish("echo", other.echo));
    co_await s.advance(6);
    EXPECT_TRUE(node.locator.resolve("echo"));
    Options restricted;
    restricted.restricted = {"echo"};
    other.locator.take_over(restricted, nullptr);
    co_await s.settle();
    EXPECT_FALSE(node.locator.resolve("echo")) << "taken back";
    EXPECT_TRUE(other.locator.resolve("echo")) << "its own callers find it";
    other.locator.take_over(Options(), nullptr);
    co_await s.settle();
    EXPECT_TRUE(node.locator.resolve("echo"));
}
TEST(LocatorReload, restricted_names_are_taken_back_from_other_nodes) { simulate(check_restrict); }

Task<void> check_publishers(Simulation& s, TaskGroup& group) {
    Options options;
    options.publishers = Publishers::nobody;
    SimNode& node = s.add(options);
    auto stream = s.network.connect("10.9.9.9", Endpoint(node.host, 10053));
    auto connecting = rpc::connect_over(group, std::move(*stream), "");
    auto connection = co_await std::move(connecting);
    rpc::Client<rpc::LocatorProtocol> client(std::move(*connection));
    Endpoints where(1, Endpoint("192.0.2.7", 8080));
    auto refused = client.talk<"publish">("web", where, std::nullopt);
    auto refusal = refused->hear();
    EXPECT_TRUE((co_await std::move(refusal)).error().is(rpc::SecurityErrc::permission_denied));
    options.publishers = Publishers::anyone;
    node.locator.take_over(options, nullptr);
    auto held = client.talk<"publish">("web", where, std::nullopt);
    co_await s.settle();
    EXPECT_TRUE(node.locator.resolve("web"));
}
TEST(LocatorReload, who_may_publish_holds_from_now_on) { simulate(check_publishers); }

Task<void> check_advertise(Simulation& s, TaskGroup&) {
    SimNode& node = s.add();
    SimNode& other = s.add();
    EXPECT_TRUE(other.server.publish("echo", other.echo));
    co_await s.advance(6);
    rpc::ServerOptions elsewhere;
    elsewhere.advertise.push_back(HostPort{"198.51.100.7", 443});
    other.server.take_over(elsewhere);
    co_await s.settle();
    EXPECT_EQ(node.locator.resolve("echo")->endpoints, Endpoints(1, Endpoint("198.51.100.7", 443)));
}
TEST(LocatorReload, another_address_is_told_of_every_service) { simulate(check_advertise); }

}  // namespace
}  // namespace sonm::locator
