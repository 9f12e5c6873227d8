#include "sonm/base/u256.hpp"

#include "sonm/base/strong.hpp"

#include <gtest/gtest.h>

using namespace sonm;

TEST(U256, DecimalRoundTrip) {
    for (const char* text :
         {"0", "1", "999999999999999999", "1000000000000000000", "1000000000000000001",
          "115792089237316195423570985008687907853269984665640564039457584007913129639935"}) {
        ASSERT_TRUE(parse_u256(text));
        EXPECT_EQ(to_decimal(*parse_u256(text)), text);
    }
}

TEST(U256, NumberOver256BitsIsAnOverflow) {
    auto got = parse_u256("115792089237316195423570985008687907853269984665640564039457584007913129639936");
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(Errc::overflow));
    EXPECT_FALSE(parse_u256("0x"));
    EXPECT_FALSE(parse_u256("-1"));
    EXPECT_FALSE(parse_u256("1e9"));
}

TEST(U256, CheckedArithmeticSaysOverflow) {
    EXPECT_FALSE(checked_add(u256_max, 1));
    EXPECT_FALSE(checked_sub(1, 2));
    EXPECT_FALSE(checked_mul(u256_max, 2));
    EXPECT_EQ(*mul_div(u256_max, 10, 20), u256_max / 2);
    EXPECT_FALSE(mul_div(u256_max, 10, 9));
    EXPECT_FALSE(mul_div(1, 1, 0));
}

TEST(U256, WordAndQuantity) {
    U256 value = *parse_u256("0x1f00ff");
    EXPECT_EQ(to_quantity(value), "0x1f00ff");
    EXPECT_EQ(to_quantity(0), "0x0");
    EXPECT_EQ(from_word(to_word(value)), value);
    EXPECT_EQ(to_word(value)[31], 0xff);
}

TEST(UnixTime, DifferenceIsNeverNegative) {
    EXPECT_EQ((UnixTime(5) - UnixTime(9)).value, 0u);
    EXPECT_EQ((UnixTime(~0ull) + Seconds(9)).value, ~0ull);
}
