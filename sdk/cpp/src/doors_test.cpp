#include "doors.hpp"

#include <gtest/gtest.h>

namespace sonm::sdk {
namespace {

using Doors = std::vector<Door>;
using Endpoints = std::vector<rpc::Endpoint>;

TEST(Doors, a_service_with_a_port_of_its_own_is_reached_there) {
    EXPECT_EQ(doors_of("127.0.0.1:10053", "127.0.0.1:10053", Endpoints{{"127.0.0.1", 40000}}),
              (Doors{{"127.0.0.1:40000", true}}));
    EXPECT_EQ(doors_of("node:10053", "192.0.2.1:10053", Endpoints{{"192.0.2.1", 1}, {"2001:db8::1", 2}}),
              (Doors{{"192.0.2.1:1", true}, {"[2001:db8::1]:2", true}}));
}

TEST(Doors, on_the_locators_own_port_a_service_is_asked_for_by_name) {
    for (const char* called : {"127.0.0.1:10053", "localhost:10053"})
        EXPECT_EQ(doors_of(called, "127.0.0.1:10053", Endpoints{{"127.0.0.1", 10053}}),
                  (Doors{{"127.0.0.1:10053", false}}))
            << called;
    EXPECT_EQ(doors_of("[::1]:10053", "[::1]:10053", Endpoints{{"::1", 10053}}),
              (Doors{{"[::1]:10053", false}}));
}

TEST(Doors, a_port_that_the_node_knows_under_another_host_is_tried_where_the_locator_was_reached_first) {
    EXPECT_EQ(doors_of("node:10053", "192.0.2.1:10053", Endpoints{{"10.0.0.1", 10053}}),
              (Doors{{"192.0.2.1:10053", false}, {"10.0.0.1:10053", true}}));
    // As it was called: the same, though not in numbers.
    EXPECT_EQ(doors_of("node:10053", "192.0.2.1:10053", Endpoints{{"node", 10053}}),
              (Doors{{"192.0.2.1:10053", false}}));
}

TEST(Doors, a_port_that_ends_like_the_locators_is_another) {
    EXPECT_EQ(
        doors_of("127.0.0.1:10053", "127.0.0.1:10053", Endpoints{{"127.0.0.1", 53}, {"127.0.0.1", 1005}}),
        (Doors{{"127.0.0.1:53", true}, {"127.0.0.1:1005", true}}));
    EXPECT_EQ(doors_of("[::10053]:7", "[::10053]:7", Endpoints{{"127.0.0.1", 10053}}),
              (Doors{{"127.0.0.1:10053", true}}));
}

TEST(Doors, behind_a_unix_socket_no_port_is_the_locators_whatever_the_path_ends_with) {
    EXPECT_EQ(doors_of("unix:/run/node:10053", "unix:/run/node:10053", Endpoints{{"192.0.2.1", 10053}}),
              (Doors{{"192.0.2.1:10053", true}}));
    EXPECT_EQ(doors_of("unix:/run/node", "unix:/run/node", Endpoints{{"192.0.2.1", 0}}),
              (Doors{{"192.0.2.1:0", true}}));
}

TEST(Doors, a_host_that_looks_like_a_socket_of_this_machine_is_none) {
    EXPECT_EQ(doors_of("node:1", "192.0.2.1:1", Endpoints{{"unix:/run/secret", 2}}),
              (Doors{{"[unix:/run/secret]:2", true}}));
}

TEST(Doors, what_is_named_twice_is_tried_once_and_of_a_long_list_the_beginning) {
    EXPECT_EQ(doors_of("a:7", "192.0.2.1:7", Endpoints{{"192.0.2.1", 7}, {"10.0.0.1", 7}, {"10.0.0.1", 7}}),
              (Doors{{"192.0.2.1:7", false}, {"10.0.0.1:7", true}}));
    Endpoints many;
    for (std::uint16_t port = 1; port <= 1000; ++port) many.emplace_back("192.0.2.2", port);
    EXPECT_EQ(doors_of("a:10053", "192.0.2.1:10053", many).size(), 32u);
    EXPECT_TRUE(doors_of("a:10053", "192.0.2.1:10053", {}).empty());
}

}  // namespace
}  // namespace sonm::sdk
