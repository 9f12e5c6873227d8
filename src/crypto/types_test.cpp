#include "sonm/crypto/types.hpp"

#include <gtest/gtest.h>

namespace sonm::crypto {
namespace {

/// The vectors of EIP-55.
constexpr std::string_view checksummed[] = {
    "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"};

TEST(Address, eip55_vectors_survive_a_round_trip) {
    for (std::string_view text : checksummed) {
        auto address = parse_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_string(*address), text);
    }
}

TEST(Address, one_letter_in_the_wrong_case_is_refused_as_a_typing_error) {
    auto address = parse_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed");
    ASSERT_FALSE(address);
    EXPECT_NE(address.error().message().find("checksum"), std::string::npos);
}

TEST(Address, all_lower_or_all_upper_case_carries_no_checksum_and_is_accepted) {
    auto lower = parse_address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
    auto upper = parse_address("0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED");
    ASSERT_TRUE(lower && upper);
    EXPECT_EQ(*lower, *upper);
}

TEST(Address, wrong_length_prefix_or_digit_is_refused) {
    for (std::string_view text :
         {"", "0x", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae",
          "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaedd", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg"}) {
        EXPECT_FALSE(parse_address(text)) << text;
    }
}

TEST(Hash, text_survives_a_round_trip_and_other_lengths_are_refused) {
    std::string text = "0x" + std::string(62, '0') + "ff";
    auto hash = parse_hash(text);
    ASSERT_TRUE(hash);
    EXPECT_EQ(to_string(*hash), text);
    EXPECT_FALSE(parse_hash(text.substr(0, 64)));
    EXPECT_FALSE(parse_hash(text.substr(2)));
}

}  // namespace
}  // namespace sonm::crypto
