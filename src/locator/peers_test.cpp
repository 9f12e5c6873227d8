#include "sonm/locator/peers.hpp"

#include "sonm/locator/health.hpp"

#include <gtest/gtest.h>

namespace sonm::locator {
namespace {

using namespace std::chrono_literals;

const TimePoint start(1h);
const Endpoints where{{"192.0.2.1", 10053}};

Peers small() {
    PeersOptions options;
    options.peers_max = 4;
    options.source_max = 3;
    return Peers(options);
}

TEST(Peers, a_failing_one_is_tried_again_after_1_2_4_up_to_32_seconds) {
    Peers peers = small();
    peers.add_permanent("one", where.front(), start);
    TimePoint now = start;
    for (auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 32s}) {
        EXPECT_EQ(peers.due(now).size(), 1u);
        EXPECT_TRUE(peers.due(now).empty()) << "being connected to";
        peers.lost("one", now);
        EXPECT_TRUE(peers.due(now + pause - 1ms).empty());
        now += pause;
    }
    (void)peers.due(now);
    peers.linked("one", now);
    peers.lost("one", now);
    EXPECT_EQ(peers.due(now + 1s).size(), 1u) << "a link that stood begins anew";
}

TEST(Peers, a_silent_one_goes_after_three_intervals_a_configured_one_never) {
    Peers peers = small();
    peers.add_permanent("configured", where.front(), start);
    ASSERT_TRUE(peers.announced("one", "192.0.2.1", where, start));
    EXPECT_TRUE(peers.silent(start + 15s).empty());
    peers.heard("one", start + 10s);
    EXPECT_TRUE(peers.silent(start + 25s).empty());
    EXPECT_EQ(peers.silent(start + 25s + 1ms), std::vector<std::string>{"one"});
    EXPECT_EQ(peers.all().size(), 1u);
}

TEST(Peers, one_address_announces_so_many_unreachable_nodes_and_no_more) {
    Peers peers = small();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(peers.announced(fmt::format("{}", i), "liar", where, start));
    EXPECT_TRUE(peers.announced("3", "liar", where, start).error().is(Errc::busy));
    EXPECT_TRUE(peers.announced("4", "honest", where, start));
    EXPECT_TRUE(peers.announced("5", "another", where, start).error().is(Errc::busy)) << "no room at all";
    // Once a lie has been found out, it makes room.
    (void)peers.due(start);
    peers.lost("1", start);
    EXPECT_TRUE(peers.announced("5", "another", where, start));
    EXPECT_FALSE(peers.all().contains("1"));
}

TEST(Peers, endpoints_of_a_linked_or_configured_one_are_not_moved) {
    Peers peers = small();
    peers.add_permanent("configured", where.front(), start);
    ASSERT_TRUE(peers.announced("one", "192.0.2.1", where, start));
    Endpoints other{{"192.0.2.66", 1}};
    ASSERT_TRUE(peers.announced("one", "192.0.2.1", other, start));
    EXPECT_EQ(peers.all().at("one").endpoints, other) << "not linked yet: it may have moved";
    peers.linked("one", start);
    for (const char* uuid : {"one", "configured"})
        ASSERT_TRUE(peers.announced(uuid, "x", {{"192.0.2.9", 9}}, start));
    EXPECT_EQ(peers.all().at("one").endpoints, other);
    EXPECT_EQ(peers.all().at("configured").endpoints, where);
}

TEST(Peers, a_refusal_is_news_once_until_there_is_a_link_or_another_reason) {
    Peers peers = small();
    auto proof = make_error_code(rpc::SecurityErrc::token_not_found);
    EXPECT_FALSE(peers.refused("nobody", proof));
    peers.add_permanent("one", where.front(), start);
    EXPECT_TRUE(peers.refused("one", proof));
    EXPECT_FALSE(peers.refused("one", proof));
    EXPECT_TRUE(peers.refused("one", make_error_code(Errc::denied)));
    EXPECT_TRUE(peers.refused("one", proof));
    peers.linked("one", start);
    EXPECT_TRUE(peers.refused("one", proof));
}

TEST(Health, a_refusing_endpoint_is_set_aside_and_tried_with_back_off) {
    Health health(5s);
    const Endpoint& endpoint = where.front();
    EXPECT_TRUE(health.due(8, start).empty()) << "nobody was sent there";
    health.used(endpoint, start);
    EXPECT_EQ(health.due(8, start).size(), 1u);
    EXPECT_TRUE(health.due(8, start).empty()) << "being tried";
    health.refused(endpoint, start);
    EXPECT_FALSE(health.usable(endpoint));
    TimePoint now = start;
    for (auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 32s}) {
        EXPECT_TRUE(health.due(8, now + pause - 1ms).empty());
        now += pause;
        EXPECT_EQ(health.due(8, now).size(), 1u);
        health.refused(endpoint, now);
    }
    health.answered(endpoint, now);
    EXPECT_TRUE(health.usable(endpoint));
    EXPECT_TRUE(health.due(8, now + 60s).empty()) << "nobody is sent there any more";
    health.forget_idle(now + 60s);
    EXPECT_EQ(health.size(), 0u);
}

TEST(Health, it_knows_so_many_endpoints_and_no_more) {
    Health health(5s);
    for (int i = 0; i < 5000; ++i) health.used(Endpoint(fmt::format("host-{}", i), 1), start);
    EXPECT_EQ(health.size(), Health::known_max);
    EXPECT_TRUE(health.usable(Endpoint("host-4999", 1)));
    EXPECT_EQ(health.due(8, start).size(), 8u);
}

}  // namespace
}  // namespace sonm::locator
