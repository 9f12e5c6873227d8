#pragma once

#include "sonm/base/strong.hpp"

#include <string>
#include <string_view>

namespace sonm {

/// Quantities as people write them: a decimal number, a blank or none, a unit. Everything is exact decimal
/// arithmetic.
///
/// Rounding: a quantity that is no whole number of the smallest unit goes to the nearest, halves up. Prices
/// too, on both sides of the market, so that an ask and a bid with the same words have the same price; the
/// error is at most half of 10^-18 of the currency per second. Amounts of money are never rounded: more than
/// 18 decimals are an error.
///
/// Every parser fails with Errc::invalid (or overflow), quotes the text and says how to write it, with an
/// example.

/// "2 GiB", "512 MiB", "1.5 GiB", "100 MB", "4096 B"; KiB MiB GiB TiB are binary, kB MB GB TB decimal. In
/// bytes.
Result<std::uint64_t> parse_bytes(std::string_view text);
/// "25 Mbit/s", "1 Gbit/s", "64 kbit/s". In bit/s.
Result<std::uint64_t> parse_bit_rate(std::string_view text);
/// "90 min", "1 h 30 min", "10min", "2 d", "45 s", "1.5 h". Each unit at most once, largest first.
Result<Seconds> parse_span(std::string_view text);
/// "2 cores", "1.5 cores", "1 core", "2". In thousandths of a core.
Result<std::uint64_t> parse_cores(std::string_view text);
/// "12.5 SNM", "0.000000000000000001 SNM".
Result<Tokens> parse_tokens(std::string_view text);

/// A price as written, turned into 10^-18 of its currency per second.
struct WrittenPrice {
    U256 per_second = 0;
    std::string currency;  ///< "SNM" or "USD"
};
/// "0.12 USD/h", "0.5 SNM/h", "3 SNM/d", "0.0001 SNM/s", "0.02 USD/min". 0 is refused, and what rounds to 0.
Result<WrittenPrice> parse_price(std::string_view text);
/// "1.25 USD": 10^-18 USD for an SNM.
Result<U256> parse_rate(std::string_view text);

/// Whole number in decimal digits, nothing else. Errors: invalid, overflow. T: an unsigned or signed integer
/// type.
template <class T>
Result<T> parse_int(std::string_view text);

/// The shortest exact form in the largest fitting unit: "2 GiB", "1536 MiB". `parse` of it gives the same
/// value.
std::string print_bytes(std::uint64_t bytes);
std::string print_bit_rate(std::uint64_t bits_per_second);
std::string print_span(Seconds span);               ///< "1 h 30 min"
std::string print_cores(std::uint64_t millicores);  ///< "1 core", "1.5 cores"
/// All digits that are there: "12.5 SNM".
std::string print_tokens(Tokens amount);
/// Rounded for reading, six significant digits: "0.12 USD/h". The exact price is per second, in 10^-18.
std::string print_price(U256 per_second, std::string_view currency);
/// "1.25 USD"
std::string print_rate(U256 usd_per_snm);
/// amount × 10^-decimals without trailing zeros: print_decimal(1500, 3) = "1.5".
std::string print_decimal(U256 amount, unsigned decimals);

}  // namespace sonm
