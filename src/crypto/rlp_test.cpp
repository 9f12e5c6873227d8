#include "sonm/crypto/rlp.hpp"

#include "sonm/crypto/errc.hpp"

#include <gtest/gtest.h>

namespace sonm::crypto {
namespace {

std::string encoded(std::string_view text) {
    Bytes out;
    rlp_append(out, as_bytes(text));
    return to_hex(out);
}

std::string encoded(U256 number) {
    Bytes out;
    rlp_append(out, number);
    return to_hex(out);
}

/// The vectors of the Ethereum wiki and of ethereum/tests (RLPTests/rlptest.json).
TEST(Rlp, published_examples_are_encoded_as_published) {
    EXPECT_EQ(encoded(""), "80");
    EXPECT_EQ(encoded("dog"), "83646f67");
    EXPECT_EQ(encoded(std::string_view("\x00", 1)), "00");
    EXPECT_EQ(encoded("\x7f"), "7f");
    EXPECT_EQ(encoded("\x80"), "8180");
    EXPECT_EQ(encoded(U256(0)), "80");
    EXPECT_EQ(encoded(U256(15)), "0f");
    EXPECT_EQ(encoded(U256(1024)), "820400");
    EXPECT_EQ(encoded(U256(100000)), "830186a0");
    EXPECT_EQ(encoded(u256_max), "a0" + std::string(64, 'f'));
    EXPECT_EQ(encoded(std::string(55, 'a')).substr(0, 4), "b761");
    EXPECT_EQ(encoded(std::string(56, 'a')).substr(0, 6), "b83861");
    EXPECT_EQ(encoded(std::string(1024, 'a')).substr(0, 8), "b9040061");
}

TEST(Rlp, set_theoretical_representation_of_three_survives_a_round_trip) {
    // [ [], [[]], [ [], [[]] ] ] = c7 c0 c1c0 c3c0c1c0
    Bytes empty, one, two, all;
    rlp_append_list(empty, {});
    rlp_append_list(one, empty);
    Bytes pair = empty;
    append(pair, one);
    rlp_append_list(two, pair);
    Bytes items = pair;
    append(items, two);
    rlp_append_list(all, items);
    EXPECT_EQ(to_hex(all), "c7c0c1c0c3c0c1c0");

    RlpReader document = RlpReader::open(all).value();
    RlpReader set = document.list().value();
    EXPECT_TRUE(document.end());
    EXPECT_TRUE(set.list().value().done());
    EXPECT_TRUE(set.list().value().list().value().done());
    EXPECT_TRUE(set.at_list());
    EXPECT_TRUE(set.skip());
    EXPECT_TRUE(set.done());
    EXPECT_FALSE(set.skip());
}

TEST(Rlp, numbers_survive_a_round_trip) {
    U256 number = 1;
    for (int bits = 0; bits < 256; ++bits, number <<= 1) {
        Bytes out;
        rlp_append(out, number);
        RlpReader reader = RlpReader::open(out).value();
        ASSERT_TRUE(reader.number().value() == number) << bits;
        ASSERT_TRUE(reader.done());
    }
}

TEST(Rlp, every_second_spelling_and_every_cut_is_refused) {
    struct Case {
        std::string_view hex, why;
    };
    for (Case c : {Case{"8100", "single byte in the long form"}, Case{"817f", "single byte in the long form"},
                   Case{"b800", "long form of a short length"},
                   Case{"b837"
                        "00",
                        "long form of 55"},
                   Case{"b90037", "length with a leading zero"}, Case{"f800", "long form of an empty list"},
                   Case{"bf0100000000000000", "length of 8 bytes"},
                   Case{"bfffffffffffffffff", "length near 2^64"}, Case{"83646f", "string cut off"},
                   Case{"c3c0", "list cut off"}, Case{"b8", "length missing"}, Case{"", "nothing"}}) {
        Bytes bytes = parse_hex(c.hex).value();
        RlpReader reader = RlpReader::open(bytes).value();
        auto result = reader.skip();
        ASSERT_FALSE(result) << c.why;
        EXPECT_TRUE(result.error().is(CryptoErrc::malformed_rlp)) << c.why;
    }
}

TEST(Rlp, number_with_leading_zeros_or_over_256_bits_is_refused) {
    for (std::string_view hex :
         {"820001", "00", "a1010000000000000000000000000000000000000000000000000000000000000000"}) {
        Bytes bytes = parse_hex(hex).value();
        EXPECT_FALSE(RlpReader::open(bytes).value().number()) << hex;
    }
    Bytes big = parse_hex("89010000000000000000").value();
    EXPECT_TRUE(RlpReader::open(big).value().number_u64().error().is(Errc::overflow));
}

TEST(Rlp, document_over_the_limit_is_refused_unread) {
    Bytes huge(RlpReader::document_bytes_max + 1);
    EXPECT_TRUE(RlpReader::open(huge).error().is(Errc::too_large));
}

}  // namespace
}  // namespace sonm::crypto
