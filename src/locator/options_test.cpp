#include "sonm/locator/options.hpp"

#include <gtest/gtest.h>

namespace sonm::locator {
namespace {

Result<Options> read(std::string_view text) {
    Options options;
    SONM_CHECK(read_yaml(text, "node.yaml", [&](YamlReader& r) { fields(r, options); }));
    return options;
}

TEST(LocatorOptions, a_full_section_is_read) {
    auto options = read(
        "uuid: node-a\ncluster: main\nrestrict: [storage, node]\npublish: anyone\n"
        "multicast:\n  group: 239.255.10.53\n  interface: 192.0.2.10\n  loopback: true\n"
        "peers: {node-b: '192.0.2.11:10053', node-c: '[2001:db8::c]:10053'}\ninterval: 2 s\n"
        "gateway: ipvs\nweight: 3\nipvs:\n  address: 192.0.2.10\n");
    ASSERT_TRUE(options) << options.error().context;
    EXPECT_EQ(options->uuid, "node-a");
    EXPECT_EQ(options->restricted, (std::set<std::string>{"storage", "node"}));
    EXPECT_EQ(options->publishers, Publishers::anyone);
    EXPECT_TRUE(options->multicast->loopback);
    EXPECT_EQ(options->peers.at("node-c"), Endpoint("2001:db8::c", 10053));
    EXPECT_EQ(options->interval, Millis(2'000));
    EXPECT_EQ(options->gateway, "ipvs");
    EXPECT_TRUE(options->is_clustered());
}

TEST(LocatorOptions, nothing_said_is_a_node_alone) {
    auto options = read("{}\n");
    ASSERT_TRUE(options) << options.error().context;
    EXPECT_FALSE(options->is_clustered());
    EXPECT_EQ(options->gateway, "adhoc");
}

TEST(LocatorOptions, what_is_wrong_is_told_by_key) {
    auto error = [](std::string_view text) {
        auto options = read(text);
        return options ? "no error" : options.error().context;
    };
    EXPECT_NE(error("gateway: best\n").find("least_loaded"), std::string::npos);
    EXPECT_NE(error("gateway: ipvs\n").find("ipvs"), std::string::npos);
    EXPECT_NE(error("interval: 1 h\nweight: 0\n").find("weight"), std::string::npos);
    EXPECT_NE(error("peers: {'a b': '192.0.2.1:1'}\n").find("uuid"), std::string::npos);
    EXPECT_NE(error("multicast: {group: 239.255.10.53, hops: 300}\n").find("hops"), std::string::npos);
    EXPECT_NE(error("publish: yes\n").find("this_machine"), std::string::npos);
    EXPECT_NE(error("multicst: {}\n").find("multicast"), std::string::npos);
}

TEST(LocatorOptions, the_template_describes_every_key) {
    Options options;
    std::string text = describe_yaml([&](YamlReader& r) { fields(r, options); });
    for (const char* key :
         {"uuid", "cluster", "restrict", "publish", "multicast", "peers", "gateway", "ipvs"})
        EXPECT_NE(text.find(key), std::string::npos) << key;
}

}  // namespace
}  // namespace sonm::locator
