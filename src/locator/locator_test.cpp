#include "sonm/locator/locator.hpp"

#include "sonm/locator/testing.hpp"

/// One to three locators: what callers and other nodes are told, and what holds while channels are held.
namespace sonm::locator {
namespace {

using testing::SimNode;
using testing::simulate;
using testing::Simulation;
using LocatorClient = rpc::Client<rpc::LocatorProtocol>;
using Offers = std::map<std::string, Offer>;

Async<LocatorClient> ask(TaskGroup& group, Simulation& simulation, SimNode& node) {
    auto stream = simulation.network.connect("10.9.9.9", Endpoint(node.host, 10053));
    auto connecting = rpc::connect_over(group, std::move(*stream), "");
    SONM_CO_TRY(auto connection, co_await std::move(connecting));
    co_return LocatorClient(std::move(connection));
}

template <class Talk>
Async<std::pair<std::string, Offers>> heard(Talk& talk) {
    auto hearing = within(std::chrono::seconds(5), talk.hear());
    SONM_CO_TRY(auto said, co_await std::move(hearing));
    if (!said || !said->template is<"write">()) co_return fail(Errc::closed, "no more");
    SONM_CO_TRY(auto args, said->template args<"write">());
    co_return std::pair(std::get<0>(args), std::get<1>(args));
}

std::vector<std::string> names(const Offers& offers) {
    std::vector<std::string> out;
    for (const auto& [name, offer] : offers) out.push_back(name);
    return out;
}

TEST(LocatorProtocol, its_graph_is_the_one_that_clients_know_by_heart) {
    const std::string value = "820092a576616c7565800192a56572726f7280";
    const std::string stream = "830092a57772697465c00192a56572726f72800292a5636c6f736580";
    const std::string discard = "810092a76469736361726480";
    std::string expected = "87";
    auto method = [&](int id, const std::string& name, const std::string& said, const std::string& heard) {
        expected +=
            fmt::format("{:02x}93{:02x}{}{}{}", id, 0xa0 + name.size(), to_hex(as_bytes(name)), said, heard);
    };
    method(0, "resolve", "80", value);
    method(1, "connect", "80", stream);
    method(2, "refresh", "80", value);
    method(3, "cluster", "80", value);
    method(4, "publish", discard, value);
    method(5, "routing", discard, stream);
    method(6, "uuid", "80", value);
    Bytes graph;
    rpc::Writer out(graph);
    rpc::pack_graph(out, rpc::LocatorProtocol::info().methods);
    EXPECT_EQ(to_hex(graph), expected);
}

Task<void> check_announce(Simulation& s, TaskGroup& group) {
    Options options;
    options.restricted = {"secret"};
    SimNode& node = s.add(options);
    EXPECT_TRUE(node.server.publish("echo", node.echo));
    EXPECT_TRUE(node.server.publish("secret", node.echo));
    auto asking = ask(group, s, node);
    auto client = co_await std::move(asking);
    auto talk = client->talk<"connect">("other");
    auto first = heard(*talk);
    auto dump = co_await std::move(first);
    EXPECT_EQ(dump->first, "node-1");
    EXPECT_EQ(names(dump->second), std::vector<std::string>{"echo"}) << "neither locator nor secret";
    EXPECT_EQ(dump->second.at("echo").version, 3u);

    EXPECT_TRUE(node.server.publish("late", node.echo));
    auto second = heard(*talk);
    const std::vector<std::string> late{"late"};
    EXPECT_EQ(names((co_await std::move(second))->second), late);
    auto withdrawing = node.server.withdraw("echo");
    EXPECT_TRUE(co_await std::move(withdrawing));
    auto third = heard(*talk);
    auto gone = co_await std::move(third);
    EXPECT_TRUE(gone->second.at("echo").endpoints.empty());
    EXPECT_EQ(to_hex(gone->second.at("echo").graph.bytes), "80");

    // The same uuid again ends the older stream.
    auto newer = client->talk<"connect">("other");
    auto fourth = heard(*newer);
    EXPECT_EQ(names((co_await std::move(fourth))->second), late);
    auto over = heard(*talk);
    EXPECT_TRUE((co_await std::move(over)).error().is(Errc::closed));
    node.locator.drain();
    auto end = heard(*newer);
    EXPECT_FALSE(co_await std::move(end));
}
TEST(Locator, a_node_that_connects_is_told_everything_then_each_change) { simulate(check_announce); }

Task<void> check_unclustered(Simulation& s, TaskGroup& group) {
    Executor executor = co_await asio::this_coro::executor;
    rpc::Server server(executor, {});
    Locator locator(Parts(executor, s.clock, server), Options());
    auto [near, far] = make_pipe(executor);
    group.spawn(server.serve(std::move(far)));
    auto connecting = rpc::connect_over(group, std::move(near), "");
    auto connection = co_await std::move(connecting);
    {
        LocatorClient client(*connection);
        auto talk = client.talk<"connect">("other");
        auto first = heard(*talk);
        EXPECT_TRUE((co_await std::move(first)).error().is(Errc::closed));
        auto asking = client.call<"uuid">();
        EXPECT_EQ((co_await std::move(asking)).value(), locator.uuid());
        EXPECT_EQ(locator.uuid().size(), 36u);
    }
    connection->close();
    while (server.connections() > 0) co_await sleep_for(Millis(1));
}
TEST(Locator, without_a_cluster_connect_closes_at_once) { simulate(check_unclustered); }

Task<void> check_publish(Simulation& s, TaskGroup& group) {
    SimNode& node = s.add();
    SimNode& other = s.add();
    EXPECT_TRUE(node.server.publish("echo", node.echo));
    co_await s.advance(6);
    auto asking = ask(group, s, node);
    auto client = co_await std::move(asking);
    Endpoints where{{"192.0.2.7", 8080}};
    auto held = client->talk<"publish">("web", where, std::nullopt);
    auto hearing = held->hear();
    auto answer = co_await std::move(hearing);
    EXPECT_TRUE(answer && *answer && (*answer)->is<"value">());
    co_await s.settle();
    EXPECT_EQ(node.locator.resolve("web")->endpoints, where);
    EXPECT_EQ(other.locator.resolve("web")->endpoints, where) << "peers are told of it";
    EXPECT_EQ(other.locator.resolve("web")->version, 0u);

    auto twice = client->talk<"publish">("web", where, std::nullopt);
    auto refusal = twice->hear();
    EXPECT_TRUE((co_await std::move(refusal)).error().is(Errc::exists));
    auto taken = client->talk<"publish">("echo", where, std::nullopt);
    auto refusal_too = taken->hear();
    EXPECT_TRUE((co_await std::move(refusal_too)).error().is(Errc::exists));
    std::pair<std::uint32_t, rpc::Encoded> bad(0, rpc::Encoded{parse_hex("810092a17880").value()});
    auto unversioned = client->talk<"publish">("odd", where, bad);
    auto refusal_again = unversioned->hear();
    EXPECT_TRUE((co_await std::move(refusal_again)).error().is(rpc::LocatorErrc::missing_version));

    EXPECT_TRUE(held->say_now<"discard">());
    co_await s.settle();
    EXPECT_TRUE(node.locator.resolve("web").error().is(rpc::LocatorErrc::service_not_available));
    EXPECT_FALSE(other.locator.resolve("web"));

    auto again = client->talk<"publish">("web", where, std::nullopt);
    co_await s.settle();
    EXPECT_TRUE(node.locator.resolve("web"));
    client->connection().session().close(Error{make_error_code(Errc::closed), "gone"});
    co_await s.settle();
    EXPECT_FALSE(node.locator.resolve("web")) << "its publisher has disconnected";
}
TEST(Locator, a_published_name_lives_as_long_as_its_channel) { simulate(check_publish); }

Task<void> check_publishers(Simulation& s, TaskGroup& group) {
    Options options;
    options.publishers = Publishers::nobody;
    SimNode& node = s.add(options);
    auto asking = ask(group, s, node);
    auto client = co_await std::move(asking);
    auto held = client->talk<"publish">("web", Endpoints{{"192.0.2.7", 8080}}, std::nullopt);
    auto hearing = held->hear();
    auto answer = co_await std::move(hearing);
    EXPECT_TRUE(answer.error().is(rpc::SecurityErrc::permission_denied)) << answer.error().message();
}
TEST(Locator, who_may_not_publish_is_told_which_setting_decides) { simulate(check_publishers); }

Task<void> check_routing(Simulation& s, TaskGroup& group) {
    SimNode& node = s.add();
    EXPECT_TRUE(node.server.publish("app_v1", node.echo));
    node.groups.groups["app"] = {{"app_v1", 75}, {"app_v2", 25}};
    co_await s.advance(61);  // groups are read once a minute
    auto asking = ask(group, s, node);
    auto client = co_await std::move(asking);
    auto calling = client->call<"resolve">("app", "user-1");
    auto routed = co_await std::move(calling);
    EXPECT_TRUE(routed) << "user-1 belongs to app_v1: " << routed.error().message();

    auto talk = client->talk<"routing">("router-1");
    auto hearing = talk->hear();
    auto said = co_await std::move(hearing);
    auto rings = (*said)->args<"write">();
    EXPECT_EQ(rings->at("app").size(), 512u);
    EXPECT_EQ(rings->at("app")[0].first, 10939163u);

    node.groups.groups.clear();
    auto refreshing = client->call<"refresh">(std::vector<std::string>{"app"});
    EXPECT_TRUE(co_await std::move(refreshing));
    auto hearing_again = talk->hear();
    auto second = co_await std::move(hearing_again);
    EXPECT_TRUE((*second)->args<"write">()->empty()) << "the group is gone";
    auto calling_again = client->call<"resolve">("app", "user-1");
    auto none = co_await std::move(calling_again);
    EXPECT_TRUE(none.error().is(rpc::LocatorErrc::service_not_available));

    EXPECT_TRUE(talk->say_now<"discard">());
    auto hearing_end = talk->hear();
    auto end = co_await std::move(hearing_end);
    EXPECT_TRUE(end && (!*end || (*end)->is<"close">()));
}
TEST(Locator, groups_route_and_routers_are_told_after_each_refresh) { simulate(check_routing); }

Task<void> check_local_first(Simulation& s, TaskGroup&) {
    SimNode& near = s.add();
    SimNode& far = s.add();
    EXPECT_TRUE(near.server.publish("echo", near.echo));
    EXPECT_TRUE(far.server.publish("echo", far.echo));
    EXPECT_TRUE(far.server.publish("only_there", far.echo));
    co_await s.advance(6);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(near.locator.resolve("echo")->endpoints.front().first, near.host);
    EXPECT_EQ(near.locator.resolve("only_there")->endpoints.front().first, far.host);
    EXPECT_EQ(near.locator.cluster(), (std::map<std::string, Endpoint>{{"node-2", {far.host, 10053}}}));
}
TEST(Locator, its_own_services_come_before_those_of_others) { simulate(check_local_first); }

Task<void> check_clusters(Simulation& s, TaskGroup&) {
    Options blue, red;
    blue.cluster = "blue";
    red.cluster = "red";
    SimNode& one = s.add(blue);
    SimNode& two = s.add(blue);
    SimNode& three = s.add(red);
    for (SimNode* node : {&one, &two, &three}) EXPECT_TRUE(node->server.publish(node->host, node->echo));
    co_await s.advance(6);
    EXPECT_TRUE(one.locator.resolve(two.host));
    EXPECT_FALSE(one.locator.resolve(three.host));
    EXPECT_FALSE(three.locator.resolve(one.host));
}
TEST(Locator, nodes_of_another_cluster_are_not_used) { simulate(check_clusters); }

Task<void> check_impostor(Simulation& s, TaskGroup&) {
    Options options;
    options.peers = {{"node-2", Endpoint("10.0.0.3", 10053)}};  // that is node-3
    SimNode& node = s.add(options);
    s.add();
    SimNode& other = s.add();
    EXPECT_TRUE(other.server.publish("other", other.echo));
    s.network.cut("10.0.0.1", "10.0.0.2");
    // Multicast from node-3 still reaches node-1: its own link is fine, the configured one is not.
    co_await s.advance(4);
    EXPECT_EQ(node.locator.cluster().at("node-2"), Endpoint("0.0.0.0", 0));
}
TEST(Locator, a_configured_peer_that_is_somebody_else_is_not_linked) { simulate(check_impostor); }

crypto::PrivateKey key(std::uint8_t number) {
    FixedBytes<32> secret{};
    secret[31] = number;
    return std::move(crypto::PrivateKey::from_bytes(secret).value());
}

Task<void> check_proofs(Simulation& s, TaskGroup&) {
    auto first = key(1), second = key(2);
    SimNode& one = s.add({}, {&first, true});
    SimNode& two = s.add({}, {&second, true});
    SimNode& twin = s.add({}, {&second, true});
    SimNode& easy = s.add({}, {&first, false});
    SimNode& poor = s.add();
    for (auto& node : s.nodes) EXPECT_TRUE(node->server.publish(node->host, node->echo));
    co_await s.advance(6);
    for (SimNode* each : {&one, &two, &twin, &easy})
        for (auto& other : s.nodes)
            EXPECT_TRUE(each->locator.resolve(other->host)) << other->host << " at " << each->host;
    EXPECT_TRUE(poor.locator.resolve(easy.host));
    EXPECT_FALSE(poor.locator.resolve(one.host)) << "which it can prove nothing to";
}
TEST(Locator, nodes_prove_themselves_to_those_that_want_it_and_to_nobody_else) { simulate(check_proofs); }

Task<void> check_aside(Simulation& s, TaskGroup&) {
    SimNode& node = s.add();
    SimNode& good = s.add();
    SimNode& bad = s.add();
    EXPECT_TRUE(good.server.publish("echo", good.echo));
    EXPECT_TRUE(bad.server.publish("echo", bad.echo));
    co_await s.advance(6);
    Endpoint broken(bad.host, 10053);
    s.network.refuse(broken);
    for (int i = 0; i < 50; ++i) (void)node.locator.resolve("echo");  // used, so it is looked at
    co_await s.advance(6);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(node.locator.resolve("echo")->endpoints.front().first, good.host);
    s.network.accept(broken);
    co_await s.advance(40);
    int back = 0;
    for (int i = 0; i < 50; ++i) back += node.locator.resolve("echo")->endpoints.front() == broken;
    EXPECT_GT(back, 5);
}
TEST(Locator, an_endpoint_that_refuses_connections_is_set_aside_until_it_answers) { simulate(check_aside); }

Task<void> check_load(Simulation& s, TaskGroup&) {
    Options options;
    options.gateway = "least_loaded";
    SimNode& node = s.add(options);
    SimNode& busy = s.add();
    SimNode& idle = s.add();
    busy.load = 0.9;
    for (SimNode* each : {&busy, &idle}) EXPECT_TRUE(each->server.publish("echo", each->echo));
    co_await s.advance(6);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(node.locator.resolve("echo")->endpoints.front().first, idle.host);
    idle.load = 1.5;
    co_await s.advance(6);
    EXPECT_EQ(node.locator.resolve("echo")->endpoints.front().first, busy.host) << "the news have spread";
}
TEST(Locator, the_least_loaded_gateway_follows_the_announced_load) { simulate(check_load); }

}  // namespace
}  // namespace sonm::locator
