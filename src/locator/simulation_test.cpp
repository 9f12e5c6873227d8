#include "sonm/locator/testing.hpp"

/// Many nodes for a long time, in little time: partitions, nodes that vanish, lies by multicast.
namespace sonm::locator {
namespace {

using testing::SimNode;
using testing::simulate;
using testing::Simulation;

void add_nodes(Simulation& s, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        SimNode& node = s.add();
        EXPECT_TRUE(node.server.publish("echo", node.echo));
        EXPECT_TRUE(node.server.publish("only-" + node.host, node.echo));
    }
}

std::size_t links(const Simulation& s) {
    std::size_t sum = 0;
    for (const auto& node : s.nodes)
        for (const auto& [uuid, where] : node->locator.cluster()) sum += where.second != 0;
    return sum;
}

Task<void> check_fifty(Simulation& s, TaskGroup&) {
    add_nodes(s, 50);
    co_await s.advance(8);
    EXPECT_EQ(links(s), 50u * 49u);
    for (const auto& node : s.nodes) EXPECT_TRUE(s.all_find("only-" + node->host)) << node->host;

    // A third of them falls away from the rest, without a word.
    for (int i = 0; i < 17; ++i) s.network.isolate(s.nodes[static_cast<std::size_t>(i)]->host);
    co_await s.advance(16);
    EXPECT_EQ(links(s), 33u * 32u) << "dropped within three intervals";
    EXPECT_FALSE(s.nodes[40]->locator.resolve("only-" + s.nodes[3]->host));
    s.network.heal();
    co_await s.advance(70);
    EXPECT_EQ(links(s), 50u * 49u) << "together again";
}
TEST(Simulation, fifty_nodes_find_each_other_part_and_come_together_again) { simulate(check_fifty); }

Task<void> check_vanishing(Simulation& s, TaskGroup&) {
    add_nodes(s, 3);
    co_await s.advance(6);
    SimNode& victim = *s.nodes[2];
    EXPECT_TRUE(s.nodes[0]->locator.resolve("only-" + victim.host));
    auto linked = [&] {
        auto known = s.nodes[0]->locator.cluster();
        return known.contains("node-3") && known.at("node-3").second != 0;
    };
    s.network.isolate(victim.host);
    unsigned after = 0;
    while (linked() && after < 60) {
        co_await s.advance(1);
        ++after;
    }
    EXPECT_LE(after, 15u);
    EXPECT_GE(after, 5u) << "a moment's silence is no reason";
    EXPECT_FALSE(s.nodes[0]->locator.resolve("only-" + victim.host));
    co_await s.advance(15);
    EXPECT_FALSE(s.nodes[0]->locator.cluster().contains("node-3"));
}
TEST(Simulation, a_node_that_vanishes_without_a_word_is_dropped_within_three_intervals) {
    simulate(check_vanishing);
}

Task<void> check_lies(Simulation& s, TaskGroup&) {
    Options options;
    options.peers_max = 40;
    SimNode& node = s.add(options);
    std::uint32_t turn = 0;
    auto random = s.network.random();
    for (int second = 0; second < 40; ++second) {
        for (int i = 0; i < 200; ++i) {
            Announcement lie{fmt::format("liar-{}", turn++),
                             {{fmt::format("10.9.0.{}", 1 + turn % 200), 10053}}};
            std::string source = fmt::format("10.9.{}.{}", random() % 3, random() % 3);
            s.network.multicast(source, encode(lie));
            Bytes rubbish(random() % 300);
            for (auto& byte : rubbish) byte = static_cast<std::uint8_t>(random());
            s.network.multicast(source, rubbish);
        }
        co_await s.advance(1);
        EXPECT_LE(node.locator.cluster().size(), 40u);
    }
    std::size_t tried = s.network.connections;
    SimNode& honest = s.add();
    EXPECT_TRUE(honest.server.publish("echo", honest.echo));
    co_await s.advance(20);
    EXPECT_TRUE(node.locator.resolve("echo")) << "the truth gets through";
    EXPECT_LT(s.network.connections - tried, 200u);
}
TEST(Simulation, lies_by_multicast_neither_fill_the_memory_nor_keep_the_truth_out) { simulate(check_lies); }

Task<void> check_replacement(Simulation& s, TaskGroup&) {
    add_nodes(s, 2);
    co_await s.advance(6);
    // Somebody else says he is node-2.
    for (int second = 0; second < 10; ++second) {
        s.network.multicast("10.7.7.7", encode(Announcement{"node-2", {{"10.7.7.7", 10053}}}));
        co_await s.advance(1);
    }
    EXPECT_EQ(s.nodes[0]->locator.cluster().at("node-2").first, s.nodes[1]->host);
    EXPECT_TRUE(s.nodes[0]->locator.resolve("only-" + s.nodes[1]->host));
}
TEST(Simulation, a_linked_node_is_not_moved_by_a_strangers_announcement) { simulate(check_replacement); }

Task<void> check_churn(Simulation& s, TaskGroup&) {
    add_nodes(s, 12);
    auto random = s.network.random();
    for (int round = 0; round < 40; ++round) {
        SimNode& node = *s.nodes[random() % s.nodes.size()];
        switch (random() % 4) {
            case 0: s.network.isolate(node.host); break;
            case 1: s.network.cut(node.host, s.nodes[random() % s.nodes.size()]->host); break;
            case 2: s.network.heal(); break;
            default: {
                std::string name = "extra-" + node.host;
                if (node.server.resolve(name)) {
                    auto withdrawing = node.server.withdraw(name);
                    (void)co_await std::move(withdrawing);
                } else {
                    EXPECT_TRUE(node.server.publish(name, node.echo));
                }
            }
        }
        co_await s.advance(1 + random() % 7);
    }
    s.network.heal();
    co_await s.advance(80);
    EXPECT_EQ(links(s), 12u * 11u);
    for (const auto& node : s.nodes) {
        std::string name = "extra-" + node->host;
        bool there = node->server.resolve(name).has_value();
        for (const auto& asker : s.nodes) EXPECT_EQ(asker->locator.resolve(name).has_value(), there) << name;
    }
}
class SimulationSeeds : public ::testing::TestWithParam<std::uint32_t> {};
TEST_P(SimulationSeeds, after_any_disturbance_everybody_knows_the_truth_again) {
    simulate(check_churn, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Seeds, SimulationSeeds, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace sonm::locator
