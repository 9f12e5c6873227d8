#include "sonm/base/units.hpp"

#include <charconv>
#include <span>

namespace sonm {
namespace {

/// A unit's name and how many of the smallest unit it has.
struct Unit {
    std::string_view name;
    std::uint64_t size;
};
constexpr std::uint64_t hour = 3600, day = 24 * hour;
constexpr Unit byte_units[] = {
    {"TiB", 1ULL << 40},       {"GiB", 1ULL << 30},   {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1},
    {"TB", 1'000'000'000'000}, {"GB", 1'000'000'000}, {"MB", 1'000'000},   {"kB", 1000}};
constexpr std::size_t binary_units = 5;
constexpr Unit bit_rate_units[] = {
    {"Gbit/s", 1'000'000'000}, {"Mbit/s", 1'000'000}, {"kbit/s", 1000}, {"bit/s", 1}};
constexpr Unit span_units[] = {{"d", day}, {"h", hour}, {"min", 60}, {"s", 1}};
constexpr Unit core_units[] = {{"cores", 1000}, {"core", 1000}, {"", 1000}};
constexpr std::string_view currencies[] = {"SNM", "USD"};
constexpr unsigned money_decimals = 18;
constexpr std::size_t text_max = 100;
constexpr unsigned digits_max = 50;

/// What a parser expects, for its error messages.
struct Form {
    std::string_view noun, example;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

tl::unexpected<Error> wrong(std::string_view text, const Form& form, std::string_view why = {}) {
    return fail(Errc::invalid, "'{}' is no {}{}{}: write it like '{}'", text.substr(0, text_max), form.noun,
                why.empty() ? "" : ", ", why, form.example);
}

std::string names(std::span<const Unit> units) {
    std::string out;
    for (const Unit& unit : units) {
        if (!unit.name.empty()) out += (out.empty() ? "" : ", ") + std::string(unit.name);
    }
    return out;
}

U256 power_of_ten(unsigned exponent) {
    U256 power = 1;
    for (unsigned i = 0; i < exponent; ++i) power *= 10;
    return power;
}

struct Decimal {
    U256 digits = 0;
    unsigned scale = 0;  ///< digits × 10^-scale
};

/// Takes a decimal number off the front of `rest`.
Result<Decimal> take_number(std::string_view& rest, std::string_view text, const Form& form) {
    if (rest.starts_with('-')) return wrong(text, form, "it is negative");
    Decimal number;
    unsigned count = 0;
    bool fraction = false;
    std::size_t at = 0;
    for (; at < rest.size(); ++at) {
        if (rest[at] == '.' && !fraction && at > 0) {
            fraction = true;
            continue;
        }
        if (!is_digit(rest[at])) break;
        if (++count > digits_max) return wrong(text, form, "it has too many digits");
        number.digits = number.digits * 10 + U256(static_cast<unsigned>(rest[at] - '0'));
        if (fraction) ++number.scale;
    }
    if (count == 0 || rest[at - 1] == '.') return wrong(text, form, "a number is missing");
    rest = trim(rest.substr(at));
    return number;
}

/// number × multiplier / divisor, to the nearest, halves up. At most 50 digits × 2^64 × 10^18: never over 512
/// bits.
U512 scaled(const Decimal& number, U512 multiplier, std::uint64_t divisor = 1) {
    U512 bottom = U512(power_of_ten(number.scale)) * divisor;
    return (U512(number.digits) * multiplier + bottom / 2) / bottom;
}

Result<std::uint64_t> narrow(U512 value, std::string_view text, const Form& form) {
    if (value > U512(~std::uint64_t(0))) {
        return fail(Errc::overflow, "'{}' is too large for a {}", text.substr(0, text_max), form.noun);
    }
    return static_cast<std::uint64_t>(value);
}

const Unit* find(std::span<const Unit> units, std::string_view name) {
    auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
    return unit == units.end() ? nullptr : &*unit;
}

Result<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units, const Form& form) {
    std::string_view rest = trim(text);
    if (rest.size() > text_max) return wrong(text, form, "it is too long");
    SONM_TRY(Decimal number, take_number(rest, text, form));
    const Unit* unit = find(units, rest);
    if (!unit && rest.empty())
        return wrong(text, form, fmt::format("the unit is missing ({})", names(units)));
    if (!unit)
        return wrong(text, form,
                     fmt::format("'{}' is none of its units ({})", rest.substr(0, 20), names(units)));
    return narrow(scaled(number, unit->size), text, form);
}

/// The largest of `units` that divides `value`.
std::string print_quantity(std::uint64_t value, std::span<const Unit> units) {
    for (const Unit& unit : units) {
        if (value >= unit.size && value % unit.size == 0)
            return fmt::format("{} {}", value / unit.size, unit.name);
    }
    return fmt::format("{} {}", value, units.back().name);
}

/// Takes "SNM" or "USD" off the front.
std::string_view take_currency(std::string_view& rest) {
    for (std::string_view currency : currencies) {
        if (!rest.starts_with(currency)) continue;
        rest = trim(rest.substr(currency.size()));
        return currency;
    }
    return {};
}

Result<U256> parse_money(std::string_view text, std::string_view currency, const Form& form) {
    std::string_view rest = trim(text);
    if (rest.size() > text_max) return wrong(text, form, "it is too long");
    SONM_TRY(Decimal number, take_number(rest, text, form));
    if (rest != currency) return wrong(text, form, fmt::format("it must end with {}", currency));
    if (number.scale > money_decimals) return wrong(text, form, "it has more than 18 decimals");
    U512 amount = U512(number.digits) * U512(power_of_ten(money_decimals - number.scale));
    if (amount > U512(u256_max)) return fail(Errc::overflow, "'{}' is over 256 bits", text);
    return U256(amount);
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
    return parse_quantity(text, byte_units, {"size", "2 GiB"});
}

Result<std::uint64_t> parse_bit_rate(std::string_view text) {
    return parse_quantity(text, bit_rate_units, {"bit rate", "25 Mbit/s"});
}

Result<std::uint64_t> parse_cores(std::string_view text) {
    return parse_quantity(text, core_units, {"number of cores", "1.5 cores"});
}

Result<Seconds> parse_span(std::string_view text) {
    constexpr Form form{"time span", "1 h 30 min"};
    std::string_view rest = trim(text);
    if (rest.size() > text_max) return wrong(text, form, "it is too long");
    if (rest.empty()) return wrong(text, form, "it is empty");
    U512 total = 0;
    const Unit* last = nullptr;
    while (!rest.empty()) {
        SONM_TRY(Decimal number, take_number(rest, text, form));
        std::size_t length = 0;
        while (length < rest.size() && rest[length] != ' ' && !is_digit(rest[length])) ++length;
        const Unit* unit = find(span_units, rest.substr(0, length));
        if (!unit) return wrong(text, form, fmt::format("its units are {}", names(span_units)));
        if (last && unit->size >= last->size) return wrong(text, form, "each unit once, the largest first");
        total += scaled(number, unit->size);
        last = unit;
        rest = trim(rest.substr(length));
    }
    return narrow(total, text, form).map([](std::uint64_t seconds) { return Seconds(seconds); });
}

Result<Tokens> parse_tokens(std::string_view text) {
    return parse_money(text, "SNM", {"amount", "12.5 SNM"}).map([](U256 amount) { return Tokens(amount); });
}

Result<U256> parse_rate(std::string_view text) {
    return parse_money(text, "USD", {"price of an SNM", "1.25 USD"});
}

Result<WrittenPrice> parse_price(std::string_view text) {
    constexpr Form form{"price", "0.12 USD/h"};
    std::string_view rest = trim(text);
    if (rest.size() > text_max) return wrong(text, form, "it is too long");
    SONM_TRY(Decimal number, take_number(rest, text, form));
    std::string_view currency = take_currency(rest);
    if (currency.empty()) return wrong(text, form, "the currency is missing (SNM or USD)");
    const Unit* per = rest.starts_with('/') ? find(span_units, trim(rest.substr(1))) : nullptr;
    if (!per) return wrong(text, form, "it must say per what time: /h, /d, /min or /s");
    U512 value = scaled(number, U512(power_of_ten(money_decimals)), per->size);
    if (value == 0) return wrong(text, form, "it is 0, or less than can be paid (10^-18 a second)");
    if (value > U512(u256_max)) return fail(Errc::overflow, "'{}' is over 256 bits", text);
    return WrittenPrice{U256(value), std::string(currency)};
}

template <class T>
Result<T> parse_int(std::string_view text) {
    T value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
        return fail(Errc::overflow, "'{}' is outside {} to {}", text.substr(0, text_max),
                    std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    }
    if (error != std::errc() || end != text.data() + text.size()) {
        return fail(Errc::invalid, "'{}' is no whole number", text.substr(0, text_max));
    }
    return value;
}
template Result<std::uint8_t> parse_int(std::string_view);
template Result<std::uint16_t> parse_int(std::string_view);
template Result<std::uint32_t> parse_int(std::string_view);
template Result<std::uint64_t> parse_int(std::string_view);
template Result<std::int32_t> parse_int(std::string_view);
template Result<std::int64_t> parse_int(std::string_view);

std::string print_bytes(std::uint64_t bytes) {
    return print_quantity(bytes, std::span(byte_units).first(binary_units));
}
std::string print_bit_rate(std::uint64_t bits_per_second) {
    return print_quantity(bits_per_second, bit_rate_units);
}

std::string print_span(Seconds span) {
    if (span.value == 0) return "0 s";
    std::string out;
    std::uint64_t rest = span.value;
    for (const Unit& unit : span_units) {
        if (rest < unit.size) continue;
        out += fmt::format("{}{} {}", out.empty() ? "" : " ", rest / unit.size, unit.name);
        rest %= unit.size;
    }
    return out;
}

std::string print_cores(std::uint64_t millicores) {
    return fmt::format("{} {}", print_decimal(U256(millicores), 3), millicores == 1000 ? "core" : "cores");
}

std::string print_decimal(U256 amount, unsigned decimals) {
    std::string digits = to_decimal(amount);
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    digits.insert(digits.size() - decimals, ".");
    while (digits.back() == '0') digits.pop_back();
    if (digits.back() == '.') digits.pop_back();
    return digits;
}

std::string print_tokens(Tokens amount) { return print_decimal(amount.value, money_decimals) + " SNM"; }
std::string print_rate(U256 usd_per_snm) { return print_decimal(usd_per_snm, money_decimals) + " USD"; }

std::string print_price(U256 per_second, std::string_view currency) {
    constexpr std::size_t significant = 6;
    U512 per_hour = U512(per_second) * hour;
    if (per_hour > U512(u256_max)) return "over 256 bits";
    U256 value = U256(per_hour);
    std::size_t digits = to_decimal(value).size();
    if (digits > significant) {
        U256 unit = power_of_ten(static_cast<unsigned>(digits - significant));
        value = (value / unit + (value % unit >= unit / 2 ? 1 : 0)) * unit;
    }
    return fmt::format("{} {}/h", print_decimal(value, money_decimals), currency);
}

}  // namespace sonm
