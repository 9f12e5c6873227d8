#include "sonm/settlement/network.hpp"

#include "sonm/base/fs.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sonm::settlement {
namespace {

Network some_network() {
    Network network;
    network.name = "devnet";
    network.chain_id = 31'337;
    network.rpc_url = "http://127.0.0.1:8545";
    network.start_block = 3;
    network.depth = 2;
    network.poll = Millis(250);
    network.snm = Address{{1}};
    network.market = Address{{2}};
    network.terms = Address{{3}};
    network.profiles = Address{{4}};
    network.blacklist = Address{{5}};
    network.oracle = Address{{6}};
    return network;
}

TEST(NetworkFile, what_was_written_is_read) {
    TempDir folder;
    Network network = some_network();
    ASSERT_TRUE(write_network(folder / "network.json", network));
    auto read = read_network(folder / "network.json");
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->name, network.name);
    EXPECT_EQ(read->chain_id, network.chain_id);
    EXPECT_EQ(read->rpc_url, network.rpc_url);
    EXPECT_EQ(read->start_block, network.start_block);
    EXPECT_EQ(read->depth, network.depth);
    EXPECT_EQ(read->poll, network.poll);
    EXPECT_EQ(read->snm, network.snm);
    EXPECT_EQ(read->market, network.market);
    EXPECT_EQ(read->oracle, network.oracle);
}

TEST(NetworkFile, what_is_wrong_with_it_is_said_by_file_and_field) {
    TempDir folder;
    auto path = folder / "network.json";
    EXPECT_TRUE(read_network(path).error().is(Errc::not_found));
    ASSERT_TRUE(write_network(path, some_network()));
    std::string good = *read_text(path, 1 * MiB);
    struct Case {
        std::string from, to, named;
    };
    for (const Case& c : {Case{"31337", "\"31337\"", "chain_id"},
                          Case{"\"chain_id\"", "\"chain\"", "chain_id"}, Case{"250", "0", "poll_ms"},
                          Case{"0x0200", "0x02", "contracts.market"}, Case{"{", "[", "no valid JSON"}}) {
        std::string bad = good;
        bad.replace(bad.find(c.from), c.from.size(), c.to);
        std::ofstream(path) << bad;
        auto read = read_network(path);
        ASSERT_FALSE(read) << c.named;
        EXPECT_NE(read.error().message().find(c.named), std::string::npos) << read.error().message();
        EXPECT_NE(read.error().message().find("network.json"), std::string::npos) << read.error().message();
    }
}

}  // namespace
}  // namespace sonm::settlement
