#include "sonm/locator/gateway.hpp"

#include "sonm/locator/ipvs.hpp"
#include "sonm/rpc/error.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sonm::locator {
namespace {

Random seeded() {
    auto engine = std::make_shared<std::mt19937>(7);
    return [engine] { return static_cast<std::uint32_t>((*engine)()); };
}

Offer at(const std::string& host, std::uint16_t port = 80) {
    Offer offer;
    offer.endpoints.emplace_back(host, port);
    return offer;
}

Directory three() {
    Directory directory;
    for (const char* host : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
        EXPECT_TRUE(directory.put(host, "web", at(host)));
    return directory;
}

std::map<std::string, int> thousand(Gateway& gateway, Directory& directory) {
    std::map<std::string, int> out;
    for (int i = 0; i < 1000; ++i) {
        auto candidates = directory.offering("web");
        ++out[gateway.resolve("web", candidates)->endpoints.front().first];
    }
    return out;
}

TEST(Gateway, adhoc_sends_callers_everywhere_alike) {
    Directory directory = three();
    auto gateway = make_adhoc(seeded());
    for (const auto& [host, count] : thousand(*gateway, directory)) EXPECT_NEAR(count, 333, 60) << host;
}

TEST(Gateway, weighted_follows_the_weights) {
    Directory directory = three();
    directory.told("192.0.2.1", 0, 8);
    directory.told("192.0.2.2", 0, 1);
    directory.told("192.0.2.3", 0, 1);
    auto gateway = make_weighted(seeded());
    auto counts = thousand(*gateway, directory);
    EXPECT_NEAR(counts["192.0.2.1"], 800, 50);
    EXPECT_NEAR(counts["192.0.2.2"], 100, 40);
}

TEST(Gateway, least_loaded_avoids_the_busiest_and_does_not_flood_the_idlest) {
    Directory directory = three();
    directory.told("192.0.2.1", 100, 1);
    directory.told("192.0.2.2", 0.2, 1);
    directory.told("192.0.2.3", 0.1, 1);
    auto gateway = make_least_loaded(seeded());
    auto counts = thousand(*gateway, directory);
    EXPECT_EQ(counts["192.0.2.1"], 0);
    EXPECT_GT(counts["192.0.2.2"], 300) << "callers that were sent count until the node tells its load";
    EXPECT_GT(counts["192.0.2.3"], 300);
}

TEST(Directory, numbers_of_strangers_stay_within_reason) {
    Directory directory = three();
    directory.told("192.0.2.1", std::nan(""), 4'000'000'000u);
    const NodeState& state = *directory.offering("web").front().node;
    EXPECT_EQ(state.load, 1000);
    EXPECT_EQ(state.weight, 1000u);
    EXPECT_FALSE(directory.told("192.0.2.1", 1, 2'000));
    EXPECT_TRUE(directory.told("192.0.2.1", 1, 7)) << "gateways hear of another weight";
}

TEST(Directory, a_node_offers_so_much_and_no_more) {
    Directory directory;
    for (std::size_t i = 0; i < services_max; ++i)
        EXPECT_TRUE(directory.put("n", fmt::format("s{}", i), at("192.0.2.1")));
    EXPECT_TRUE(directory.put("n", "more", at("192.0.2.1")).error().is(Errc::busy));
    EXPECT_TRUE(directory.put("n", "s1", at("192.0.2.2"))) << "a change is none more";
    Offer large = at("192.0.2.1");
    large.version = 1;
    large.graph.bytes = Bytes(graph_bytes_max, 0xc0);
    large.graph.bytes[0] = 0x81;
    Directory other;
    std::size_t taken = 0;
    while (other.put("n", fmt::format("s{}", taken), large)) ++taken;
    EXPECT_EQ(taken, node_bytes_max / graph_bytes_max - 1);
    EXPECT_EQ(directory.drop("n").size(), services_max);
    EXPECT_TRUE(directory.offering("s1").empty());
    EXPECT_EQ(directory.services(), 0u);
}

IpvsOptions balancer() {
    IpvsOptions options;
    options.address = "198.51.100.7";
    options.port_low = 20000;
    options.port_high = 20001;
    return options;
}

std::vector<std::string> lines(const std::vector<Command>& commands) {
    std::vector<std::string> out;
    for (const Command& command : commands) out.push_back(fmt::format("{}", fmt::join(command, " ")));
    return out;
}

TEST(Ipvs, what_changes_is_what_the_kernel_is_told) {
    Endpoint here("198.51.100.7", 20000);
    VirtualServers none, first{{"web", {here, {{{"192.0.2.1", 80}, 1}, {{"2001:db8::2", 80}, 2}}}}};
    EXPECT_EQ(lines(ipvs_commands(balancer(), none, first)),
              (std::vector<std::string>{
                  "ipvsadm --add-service --tcp-service 198.51.100.7:20000 --scheduler wlc",
                  "ipvsadm --add-server --tcp-service 198.51.100.7:20000 --real-server 192.0.2.1:80 "
                  "--masquerading --weight 1",
                  "ipvsadm --add-server --tcp-service 198.51.100.7:20000 --real-server [2001:db8::2]:80 "
                  "--masquerading --weight 2"}));
    VirtualServers second{{"web", {here, {{{"192.0.2.1", 80}, 5}, {{"192.0.2.3", 80}, 1}}}}};
    EXPECT_EQ(
        lines(ipvs_commands(balancer(), first, second)),
        (std::vector<std::string>{
            "ipvsadm --edit-server --tcp-service 198.51.100.7:20000 --real-server 192.0.2.1:80 "
            "--masquerading --weight 5",
            "ipvsadm --add-server --tcp-service 198.51.100.7:20000 --real-server 192.0.2.3:80 "
            "--masquerading --weight 1",
            "ipvsadm --delete-server --tcp-service 198.51.100.7:20000 --real-server [2001:db8::2]:80"}));
    EXPECT_EQ(lines(ipvs_commands(balancer(), second, none)),
              std::vector<std::string>{"ipvsadm --delete-service --tcp-service 198.51.100.7:20000"});
    EXPECT_TRUE(ipvs_commands(balancer(), second, second).empty());
}

TEST(Ipvs, only_what_an_earlier_life_left_in_its_range_is_removed) {
    auto commands =
        ipvs_leftovers(balancer(),
                       "-A -t 198.51.100.7:20001 -s wlc\n"
                       "-a -t 198.51.100.7:20001 -r 192.0.2.1:80 -m -w 1\n"
                       "-A -t 198.51.100.7:443 -s rr\n-A -t 192.0.2.9:20000 -s rr\n-A -u x\n-A -t\n");
    EXPECT_EQ(lines(commands),
              std::vector<std::string>{"ipvsadm --delete-service --tcp-service 198.51.100.7:20001"});
}

TEST(Ipvs, a_wrong_configuration_is_told) {
    IpvsOptions options = balancer();
    EXPECT_TRUE(check_ipvs(options));
    options.scheduler = "-x";
    EXPECT_FALSE(check_ipvs(options));
    options = balancer();
    options.address = "example.com";
    EXPECT_FALSE(check_ipvs(options));
    options = balancer();
    options.forward = "nat";
    EXPECT_FALSE(check_ipvs(options));
}

/// What a kernel would have been told; its next command fails on demand.
struct FakeKernel {
    std::vector<std::string> told;
    std::string broken;  ///< commands with this text in them fail
    RunCommand run() {
        return [this](Command command) { return take(std::move(command)); };
    }
    Async<std::string> take(Command command) {
        told.push_back(fmt::format("{}", fmt::join(command, " ")));
        if (!broken.empty() && told.back().find(broken) != std::string::npos)
            co_return fail(Errc::io, "no such kernel");
        co_return std::string();
    }
};

Async<bool> check_balanced() {
    FakeKernel kernel;
    Directory directory = three();
    auto gateway = make_ipvs(balancer(), seeded(), kernel.run());
    auto web = directory.offering("web");
    auto body = [&](TaskGroup& group) -> Task<void> {
        gateway->changed("web", web);
        EXPECT_NE(gateway->resolve("web", web)->endpoints.front().first, "198.51.100.7") << "not told yet";
        group.spawn(gateway->run());
        while (kernel.told.size() < 5) co_await sleep_for(Millis(1));
        auto offer = gateway->resolve("web", web);
        EXPECT_EQ(offer->endpoints.size(), 1u);
        EXPECT_EQ(offer->endpoints.front().first, "198.51.100.7");
        gateway->changed("second", web);
        gateway->changed("third", web);
        EXPECT_NE(gateway->resolve("third", web)->endpoints.front().first, "198.51.100.7")
            << "the range is full: at random";
    };
    auto work = scope(4, std::move(body));
    co_await std::move(work);
    co_return true;
}
Async<bool> check_refused() {
    FakeKernel kernel;
    kernel.broken = "--real-server 192.0.2.9";
    Directory directory = three();
    EXPECT_TRUE(directory.put("bad", "odd", at("192.0.2.9")));
    Offer both = at("2001:db8::2");
    both.endpoints.emplace_back("192.0.2.8", 80);
    EXPECT_TRUE(directory.put("dual", "web", both));
    auto gateway = make_ipvs(balancer(), seeded(), kernel.run());
    auto odd = directory.offering("odd"), web = directory.offering("web");
    auto body = [&](TaskGroup& group) -> Task<void> {
        gateway->changed("odd", odd);
        gateway->changed("web", web);
        group.spawn(gateway->run());
        auto is_balanced = [&] {
            return gateway->resolve("web", web)->endpoints.front().first == "198.51.100.7";
        };
        for (int i = 0; i < 2000 && !is_balanced(); ++i) co_await sleep_for(Millis(1));
        EXPECT_TRUE(is_balanced());
        EXPECT_EQ(gateway->resolve("odd", odd)->endpoints.front().first, "192.0.2.9") << "refused: at random";
    };
    auto work = scope(4, std::move(body));
    co_await std::move(work);
    co_return true;
}
TEST(Ipvs, a_service_that_the_kernel_refuses_costs_the_others_nothing) {
    EXPECT_TRUE(run_test(check_refused()));
}

TEST(Ipvs, callers_are_sent_to_the_balancer_once_the_kernel_knows) {
    EXPECT_TRUE(run_test(check_balanced()));
}

}  // namespace
}  // namespace sonm::locator
