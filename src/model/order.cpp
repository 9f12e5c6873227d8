#include "sonm/model/order.hpp"

#include "sonm/model/errc.hpp"
#include "sonm/model/typed_order.hpp"

namespace sonm::model {
namespace {

constexpr std::array<std::string_view, 2> sides{"ask", "bid"};
constexpr std::array<std::string_view, 2> currencies{"SNM", "USD"};
constexpr std::array<std::string_view, 4> identities{"anonymous", "registered", "identified", "professional"};

struct BenchmarkText {
    std::string_view code, unit;
};
#define SONM_BENCHMARK_TEXT(id, identifier, code, unit) {code, unit},
constexpr std::array<BenchmarkText, benchmark_count> benchmarks{{SONM_BENCHMARKS(SONM_BENCHMARK_TEXT)}};

struct FlagText {
    std::string_view name;
    NetFlags flag;
};
#define SONM_FLAG_TEXT(name, bit, text) FlagText{#name, netflag_##name},
constexpr std::array flags{SONM_NETFLAGS(SONM_FLAG_TEXT)};

template <class Enum, std::size_t N>
std::string_view word_of(const std::array<std::string_view, N>& words, Enum value) {
    auto index = static_cast<std::size_t>(value);
    return index < N ? words[index] : "unknown";
}

/// Case does not matter: people write "snm" and "SNM".
bool same_word(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

template <class Enum, std::size_t N>
Result<Enum> enum_of(const std::array<std::string_view, N>& words, std::string_view text,
                     std::string_view what) {
    for (std::size_t i = 0; i < N; ++i) {
        if (same_word(words[i], text)) return static_cast<Enum>(i);
    }
    return fail(ModelErrc::unknown_word, "'{}' is no {}: write one of {}", text.substr(0, 40), what,
                fmt::join(words, ", "));
}

constexpr std::uint64_t duration_max = 0xffff'ffff;
constexpr std::uint64_t expiry_max = (std::uint64_t(1) << 40) - 1;
constexpr U256 rate_max = (U256(1) << 88) - 1;

}  // namespace

std::string_view to_string(Side side) { return word_of(sides, side); }
std::string_view to_string(Currency currency) { return word_of(currencies, currency); }
std::string_view to_string(Identity identity) { return word_of(identities, identity); }
std::string_view to_string(Benchmark benchmark) {
    return benchmarks[static_cast<std::size_t>(benchmark)].code;
}
std::string_view unit_of(Benchmark benchmark) { return benchmarks[static_cast<std::size_t>(benchmark)].unit; }

std::string to_string(NetFlags set) {
    std::string text;
    auto add = [&](std::string_view name) {
        if (!text.empty()) text += ", ";
        text += name;
    };
    std::uint64_t rest = set.bits;
    for (const FlagText& flag : flags) {
        if (set.covers(flag.flag)) add(flag.name);
        rest &= ~flag.flag.bits;
    }
    if (rest) add(fmt::format("reserved {:#x}", rest));
    return text.empty() ? "none" : text;
}

Result<Side> parse_side(std::string_view text) { return enum_of<Side>(sides, text, "side of the market"); }
Result<Currency> parse_currency(std::string_view text) {
    return enum_of<Currency>(currencies, text, "currency");
}
Result<Identity> parse_identity(std::string_view text) {
    return enum_of<Identity>(identities, text, "identity level");
}

Result<Benchmark> parse_benchmark(std::string_view code) {
    std::vector<std::string_view> known;
    for (std::size_t i = 0; i < benchmark_count; ++i) {
        if (benchmarks[i].unit.empty()) continue;
        if (benchmarks[i].code == code) return static_cast<Benchmark>(i);
        known.push_back(benchmarks[i].code);
    }
    return fail(ModelErrc::unknown_word, "'{}' is no benchmark: write one of {}", code.substr(0, 40),
                fmt::join(known, ", "));
}

Result<NetFlags> parse_netflag(std::string_view name) {
    std::vector<std::string_view> known;
    for (const FlagText& flag : flags) {
        if (flag.name == name) return flag.flag;
        known.push_back(flag.name);
    }
    return fail(ModelErrc::unknown_word, "'{}' is no network flag: write one of {}", name.substr(0, 40),
                fmt::join(known, ", "));
}

std::array<U256, 4> pack_benchmarks(const Benchmarks& benchmarks) {
    std::array<U256, 4> packed{};
    for (std::size_t i = 0; i < benchmark_count; ++i)
        packed[i / 4] |= U256(benchmarks.values[i]) << (64 * (i % 4));
    return packed;
}

Benchmarks unpack_benchmarks(const std::array<U256, 4>& words) {
    Benchmarks out;
    for (std::size_t i = 0; i < benchmark_count; ++i)
        out.values[i] = static_cast<std::uint64_t>(words[i / 4] >> (64 * (i % 4)));
    return out;
}

crypto::TypedStruct typed_order(const Order& order) {
    std::array<U256, 4> packed = pack_benchmarks(order.benchmarks);
    crypto::TypedStruct hashed("Order");
    hashed.number("uint8", "side", U256(static_cast<unsigned>(order.side)))
        .address("author", order.author)
        .address("counterparty", order.counterparty)
        .number("uint96", "price", order.price.value)
        .number("uint8", "currency", U256(static_cast<unsigned>(order.currency)))
        .number("uint32", "duration", U256(order.duration.value))
        .number("uint64", "netflags", U256(order.netflags.bits))
        .number("uint8", "identity", U256(static_cast<unsigned>(order.identity)))
        .address("blacklist", order.blacklist)
        .bytes32("tag", order.tag)
        .number("uint88", "rateMin", order.rate_min.value)
        .number("uint88", "rateMax", order.rate_max.value)
        .number("uint40", "expiry", U256(order.expiry.value))
        .number("uint256", "nonce", order.nonce.value)
        .numbers("uint256[4]", "benchmarks", packed);
    return hashed;
}

OrderId order_id(const Order& order) { return OrderId(typed_order(order).hash()); }

Result<void> validate(const Order& order) {
    if (order.side > Side::bid)
        return fail(ModelErrc::bad_order, "side is {}, it must be 0 (ask) or 1 (bid)", unsigned(order.side));
    if (order.currency > Currency::usd)
        return fail(ModelErrc::bad_order, "currency is {}, it must be 0 (SNM) or 1 (USD)",
                    unsigned(order.currency));
    if (order.identity > Identity::professional)
        return fail(ModelErrc::bad_order, "identity is {}, the highest is 3", unsigned(order.identity));
    if (order.author.is_zero())
        return fail(ModelErrc::bad_order, "author is missing: an order belongs to an account");
    if (order.price.value == 0) return fail(ModelErrc::bad_order, "price is 0: an order must cost something");
    if (order.price.value > amount_max)
        return fail(ModelErrc::bad_order, "price is {} x 10^-18 a second, the largest is 2^96 - 1",
                    order.price);
    if (order.duration.value > duration_max) {
        return fail(ModelErrc::bad_order, "duration is {} s, the longest is {} s (136 years)", order.duration,
                    duration_max);
    }
    if (order.expiry.value == 0) return fail(ModelErrc::bad_order, "expiry is missing: every order ends");
    if (order.expiry.value > expiry_max)
        return fail(ModelErrc::bad_order, "expiry is {}, the latest is {}", order.expiry, expiry_max);
    if (order.rate_min.value > rate_max || order.rate_max.value > rate_max) {
        return fail(ModelErrc::bad_order, "a rate bound is over 2^88 - 1 x 10^-18 USD for an SNM");
    }
    if (order.rate_max.value != 0 && order.rate_min.value > order.rate_max.value) {
        return fail(ModelErrc::bad_order, "rate bounds cross: least {}, largest {}", order.rate_min,
                    order.rate_max);
    }
    return {};
}

}  // namespace sonm::model
