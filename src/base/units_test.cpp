#include "sonm/base/units.hpp"

#include <gtest/gtest.h>

namespace sonm {
namespace {

constexpr U256 wad = 1'000'000'000'000'000'000ULL;

template <class T>
std::string error_of(const Result<T>& result) {
    return result ? "no error" : result.error().context;
}

TEST(units, size_with_binary_and_decimal_units_is_read_in_bytes) {
    EXPECT_EQ(parse_bytes("2 GiB").value(), 2 * GiB);
    EXPECT_EQ(parse_bytes("512 MiB").value(), 512 * MiB);
    EXPECT_EQ(parse_bytes("1.5 GiB").value(), 1536 * MiB);
    EXPECT_EQ(parse_bytes("10GB").value(), 10'000'000'000u);
    EXPECT_EQ(parse_bytes(" 7 B ").value(), 7u);
    EXPECT_EQ(parse_bytes("0 B").value(), 0u);
}

TEST(units, size_without_or_with_wrong_unit_names_the_text_and_an_example) {
    EXPECT_EQ(
        error_of(parse_bytes("2")),
        "'2' is no size, the unit is missing (TiB, GiB, MiB, KiB, B, TB, GB, MB, kB): write it like '2 GiB'");
    EXPECT_EQ(error_of(parse_bytes("2 Gib")),
              "'2 Gib' is no size, 'Gib' is none of its units (TiB, GiB, MiB, KiB, B, TB, GB, MB, kB): write "
              "it like '2 GiB'");
    EXPECT_EQ(error_of(parse_bytes("-2 GiB")), "'-2 GiB' is no size, it is negative: write it like '2 GiB'");
    EXPECT_EQ(error_of(parse_bytes("")), "'' is no size, a number is missing: write it like '2 GiB'");
    EXPECT_FALSE(parse_bytes("1. GiB"));
    EXPECT_FALSE(parse_bytes(".5 GiB"));
    EXPECT_FALSE(parse_bytes("1.2.3 GiB"));
    EXPECT_FALSE(parse_bytes("1e3 GiB"));
    EXPECT_FALSE(parse_bytes("0x10 B"));
    EXPECT_FALSE(parse_bytes(std::string(200, '1')));
}

TEST(units, size_over_64_bits_is_an_overflow) {
    EXPECT_EQ(parse_bytes("16777215 TiB").value(), 16777215ULL << 40);
    EXPECT_TRUE(parse_bytes("16777216 TiB").error().is(Errc::overflow));
    EXPECT_TRUE(
        parse_bytes("99999999999999999999999999999999999999999999999999 TiB").error().is(Errc::overflow));
}

TEST(units, bit_rates_and_cores_are_read_in_their_smallest_unit) {
    EXPECT_EQ(parse_bit_rate("25 Mbit/s").value(), 25'000'000u);
    EXPECT_EQ(parse_bit_rate("1.5 Gbit/s").value(), 1'500'000'000u);
    EXPECT_FALSE(parse_bit_rate("25 MB/s"));
    EXPECT_EQ(parse_cores("2 cores").value(), 2000u);
    EXPECT_EQ(parse_cores("1.5 cores").value(), 1500u);
    EXPECT_EQ(parse_cores("1").value(), 1000u);
    EXPECT_EQ(parse_cores("0.25 core").value(), 250u);
    EXPECT_FALSE(parse_cores("2 CPUs"));
}

TEST(units, spans_add_up_from_large_to_small_units) {
    EXPECT_EQ(parse_span("90 min").value(), Seconds(5400));
    EXPECT_EQ(parse_span("1 h 30 min").value(), Seconds(5400));
    EXPECT_EQ(parse_span("1h30min").value(), Seconds(5400));
    EXPECT_EQ(parse_span("10min").value(), Seconds(600));
    EXPECT_EQ(parse_span("1.5 h").value(), Seconds(5400));
    EXPECT_EQ(parse_span("2 d").value(), Seconds(172800));
    EXPECT_EQ(parse_span("0 s").value(), Seconds(0));
    EXPECT_FALSE(parse_span("30 min 1 h"));
    EXPECT_FALSE(parse_span("1 h 1 h"));
    EXPECT_FALSE(parse_span("90"));
    EXPECT_FALSE(parse_span(""));
    EXPECT_EQ(error_of(parse_span("5 minutes")),
              "'5 minutes' is no time span, its units are d, h, min, s: write it like '1 h 30 min'");
}

TEST(units, price_becomes_the_nearest_amount_per_second) {
    EXPECT_EQ(parse_price("3.6 SNM/h")->per_second, wad / 1000);
    EXPECT_EQ(parse_price("1 SNM/s")->per_second, wad);
    // 0.12 / 3600 = 0.0000333...: down; 0.5 / 3600 = 0.00013888...: up.
    EXPECT_EQ(parse_price("0.12 USD/h")->per_second, U256(33'333'333'333'333ULL));
    EXPECT_EQ(parse_price("0.5 SNM/h")->per_second, U256(138'888'888'888'889ULL));
    EXPECT_EQ(parse_price("0.12 USD/h")->currency, "USD");
    EXPECT_EQ(parse_price("86400 SNM / d")->per_second, wad);
    EXPECT_EQ(parse_price("0.000000000000000001 SNM/s")->per_second, U256(1));
}

TEST(units, same_price_in_words_is_the_same_price_on_both_sides_of_the_market) {
    EXPECT_EQ(parse_price("0.12 USD/h")->per_second, parse_price("0.120 USD/h")->per_second);
    EXPECT_EQ(parse_price("0.12 USD/h")->per_second, parse_price("0.002 USD/min")->per_second);
}

TEST(units, price_that_is_zero_negative_or_without_currency_or_time_is_refused) {
    EXPECT_EQ(error_of(parse_price("0 USD/h")),
              "'0 USD/h' is no price, it is 0, or less than can be paid (10^-18 a second): write it like "
              "'0.12 USD/h'");
    EXPECT_FALSE(parse_price("0.0000000000000000001 SNM/h"));
    EXPECT_EQ(error_of(parse_price("-1 USD/h")),
              "'-1 USD/h' is no price, it is negative: write it like '0.12 USD/h'");
    EXPECT_EQ(error_of(parse_price("1 EUR/h")),
              "'1 EUR/h' is no price, the currency is missing (SNM or USD): write it like '0.12 USD/h'");
    EXPECT_EQ(
        error_of(parse_price("1 USD")),
        "'1 USD' is no price, it must say per what time: /h, /d, /min or /s: write it like '0.12 USD/h'");
    EXPECT_FALSE(parse_price("99999999999999999999999999999999999999999999999999999999 SNM/s"));
}

TEST(units, amounts_of_money_are_exact_or_refused) {
    EXPECT_EQ(parse_tokens("12.5 SNM")->value, wad * 25 / 2);
    EXPECT_EQ(parse_tokens("0.000000000000000001 SNM")->value, U256(1));
    EXPECT_FALSE(parse_tokens("0.0000000000000000001 SNM"));
    EXPECT_FALSE(parse_tokens("12.5"));
    EXPECT_FALSE(parse_tokens("12.5 USD"));
    EXPECT_EQ(parse_rate("1.25 USD").value(), wad * 5 / 4);
}

TEST(units, printing_and_reading_again_gives_the_same) {
    for (std::uint64_t value : {0ULL, 1ULL, 999ULL, 1024ULL, 1536ULL * 1024, 3ULL << 30, 1ULL << 63, ~0ULL}) {
        EXPECT_EQ(parse_bytes(print_bytes(value)).value(), value);
        EXPECT_EQ(parse_bit_rate(print_bit_rate(value)).value(), value);
        EXPECT_EQ(parse_cores(print_cores(value)).value(), value);
        EXPECT_EQ(parse_span(print_span(Seconds(value))).value(), Seconds(value));
        EXPECT_EQ(parse_tokens(print_tokens(Tokens(U256(value)))).value(), Tokens(U256(value)));
    }
}

TEST(units, print_is_short_and_plain) {
    EXPECT_EQ(print_bytes(2 * GiB), "2 GiB");
    EXPECT_EQ(print_bytes(1536 * MiB), "1536 MiB");
    EXPECT_EQ(print_bit_rate(25'000'000), "25 Mbit/s");
    EXPECT_EQ(print_cores(1000), "1 core");
    EXPECT_EQ(print_cores(1500), "1.5 cores");
    EXPECT_EQ(print_span(Seconds(5400)), "1 h 30 min");
    EXPECT_EQ(print_tokens(Tokens(wad * 25 / 2)), "12.5 SNM");
    EXPECT_EQ(print_price(parse_price("0.12 USD/h")->per_second, "USD"), "0.12 USD/h");
    EXPECT_EQ(print_price(parse_price("0.5 SNM/h")->per_second, "SNM"), "0.5 SNM/h");
    EXPECT_EQ(print_price(wad, "SNM"), "3600 SNM/h");
    EXPECT_EQ(print_price(U256(1), "SNM"), "0.0000000000000036 SNM/h");
}

TEST(units, whole_numbers_have_digits_only) {
    EXPECT_EQ(parse_int<std::uint16_t>("65535").value(), 65535);
    EXPECT_EQ(parse_int<std::int32_t>("-5").value(), -5);
    EXPECT_TRUE(parse_int<std::uint16_t>("65536").error().is(Errc::overflow));
    EXPECT_FALSE(parse_int<std::uint32_t>("-1"));
    EXPECT_FALSE(parse_int<std::uint32_t>("1 "));
    EXPECT_FALSE(parse_int<std::uint32_t>(""));
}

}  // namespace
}  // namespace sonm
