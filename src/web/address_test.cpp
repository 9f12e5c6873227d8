#include "sonm/web/address.hpp"

#include "sonm/base/errc.hpp"

#include <gtest/gtest.h>

namespace sonm::web {
namespace {

asio::ip::address at(const std::string& text) { return asio::ip::make_address(text); }

TEST(AddressGuard, addresses_of_the_public_internet_are_let_through) {
    AddressGuard guard;
    for (const char* text :
         {"1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255", "9.255.255.255",
          "2606:4700::1111", "2a00:1450:4001::1", "::ffff:1.1.1.1", "64:ff9b::101:101"})
        EXPECT_TRUE(guard.check(at(text))) << text;
}

TEST(AddressGuard, the_machine_its_neighbours_and_metadata_services_are_refused) {
    AddressGuard guard;
    for (const char* text : {"127.0.0.1",
                             "127.255.0.9",
                             "0.0.0.0",
                             "10.1.2.3",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.168.1.1",
                             "169.254.169.254",
                             "100.100.100.200",
                             "168.63.129.16",
                             "192.0.0.192",
                             "224.0.0.1",
                             "239.1.1.1",
                             "240.0.0.1",
                             "255.255.255.255",
                             "198.18.0.1",
                             "::",
                             "::1",
                             "fe80::1",
                             "fd00:ec2::254",
                             "fc00::1",
                             "ff02::1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "::127.0.0.1",
                             "64:ff9b::7f00:1",
                             "64:ff9b:1::1",
                             "2002:7f00:1::",
                             "2001::1",
                             "2001:db8::1",
                             "fec0::1"}) {
        auto answer = guard.check(at(text));
        ASSERT_FALSE(answer) << text;
        EXPECT_TRUE(answer.error().is(Errc::denied));
    }
    EXPECT_EQ(guard.check(at("127.0.0.1")).error().context, "127.0.0.1 is no public address (loopback)");
}

TEST(AddressGuard, a_network_allowed_by_name_is_let_through_and_nothing_beside_it) {
    AddressGuard guard({*parse_network("10.1.0.0/16"), *parse_network("::1")});
    EXPECT_TRUE(guard.check(at("10.1.2.3")));
    EXPECT_TRUE(guard.check(at("::ffff:10.1.2.3")));
    EXPECT_TRUE(guard.check(at("::1")));
    EXPECT_FALSE(guard.check(at("10.2.0.1")));
    EXPECT_FALSE(guard.check(at("::2")));
    EXPECT_TRUE(AddressGuard::open().check(at("127.0.0.1")));
    EXPECT_TRUE(AddressGuard::open().check(at("fe80::1")));
}

TEST(Network, what_is_no_network_is_refused_with_an_example) {
    for (const char* text :
         {"", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "fd00::/-1", "/8", "10.0.0.0/", "name"}) {
        auto network = parse_network(text);
        ASSERT_FALSE(network) << text;
        EXPECT_TRUE(network.error().is(Errc::invalid));
    }
    EXPECT_EQ(parse_network("10.0.0.0/8")->bits, 104u);
    EXPECT_EQ(parse_network("fd00::/8")->bits, 8u);
}

}  // namespace
}  // namespace sonm::web
