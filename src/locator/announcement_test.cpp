#include "sonm/locator/announcement.hpp"

#include "sonm/locator/extra.hpp"

#include <gtest/gtest.h>

namespace sonm::locator {
namespace {

using namespace std::chrono_literals;

const std::string uuid = "a31f6a62-6e12-4c57-b0a0-3a7f0f6ad201";

TEST(Announcement, the_published_example_is_what_travels) {
    Announcement said{uuid, {{"192.0.2.10", 10053}, {"2001:db8::1", 10053}}};
    std::string expected = "92da0024" + to_hex(as_bytes(uuid)) + "9292aa" + to_hex(as_bytes("192.0.2.10")) +
                           "cd274592ab" + to_hex(as_bytes("2001:db8::1")) + "cd2745";
    EXPECT_EQ(to_hex(encode(said)), expected);
    EXPECT_EQ(parse_announcement(encode(said)).value(), said);
}

TEST(Announcement, cut_or_changed_anywhere_it_is_refused_or_another_valid_one) {
    Bytes good = encode(Announcement{uuid, {{"192.0.2.10", 10053}}});
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(parse_announcement(BytesView(good).first(size))) << size;
    for (std::size_t at = 0; at < good.size(); ++at) {
        Bytes flipped = good;
        flipped[at] ^= 0xff;
        (void)parse_announcement(flipped);
    }
}

TEST(Announcement, addresses_that_nobody_can_connect_to_are_refused) {
    auto parsed = [](const std::string& host, std::uint16_t port) {
        return parse_announcement(encode(Announcement{uuid, {{host, port}}}));
    };
    EXPECT_TRUE(parsed("127.0.0.1", 1)) << "one machine may run several nodes";
    for (const char* host :
         {"0.0.0.0", "::", "255.255.255.255", "239.1.1.1", "ff02::1", "example.com", "", "1.2.3"})
        EXPECT_FALSE(parsed(host, 10053)) << host;
    EXPECT_FALSE(parsed("192.0.2.1", 0));
    EXPECT_FALSE(parse_announcement(encode(Announcement{uuid, {}})));
    EXPECT_FALSE(parse_announcement(encode(Announcement{"", {{"192.0.2.1", 1}}})));
    EXPECT_FALSE(parse_announcement(encode(Announcement{"a b", {{"192.0.2.1", 1}}})));
    EXPECT_FALSE(parse_announcement(encode(Announcement{uuid, Endpoints(17, {"192.0.2.1", 1})})));
    EXPECT_TRUE(parse_announcement(Bytes(datagram_bytes_max + 1)).error().is(Errc::too_large));
}

TEST(Throttle, a_flood_is_cut_and_others_still_get_in) {
    Throttle throttle(5s);
    TimePoint now(1h);
    int admitted = 0;
    for (int i = 0; i < 1000; ++i) admitted += throttle.admit("192.0.2.66", now);
    EXPECT_EQ(admitted, 32);
    EXPECT_TRUE(throttle.admit("192.0.2.1", now));
    for (int i = 0; i < 5000; ++i) admitted += throttle.admit(fmt::format("{}", i), now);
    EXPECT_EQ(admitted, 1023);
    EXPECT_TRUE(throttle.admit("192.0.2.66", now + 5s)) << "a new window";
}

TEST(Extra, what_a_node_says_of_itself_comes_back_and_rubbish_does_not) {
    Extra said{"main", 0.5, 7u};
    EXPECT_EQ(parse_extra(encode(said)).value(), said);
    Bytes old = parse_hex("81b1782d636f6361696e652d636c7573746572a46d61696e").value();
    EXPECT_EQ(parse_extra(as_text(old)).value().cluster, "main") << "as existing nodes write it";
    EXPECT_FALSE(parse_extra(""));
    EXPECT_FALSE(parse_extra("\x81\xa1"));
    EXPECT_TRUE(parse_extra(std::string(5000, '\x80')).error().is(Errc::too_large));
}

TEST(Uuid, a_fresh_one_is_lower_case_version_4_and_never_the_same) {
    std::string one = make_uuid();
    EXPECT_EQ(one.size(), 36u);
    EXPECT_EQ(one[14], '4');
    EXPECT_TRUE(check_uuid(one));
    EXPECT_NE(one, make_uuid());
}

}  // namespace
}  // namespace sonm::locator
