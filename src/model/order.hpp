#pragma once

#include "sonm/model/ids.hpp"

#include <array>
#include <string_view>

namespace sonm::model {

/// One table a noun: name, number on the chain, word in files and listings.
enum class Side : std::uint8_t { ask = 0, bid = 1 };
enum class Currency : std::uint8_t { snm = 0, usd = 1 };
enum class Identity : std::uint8_t { anonymous = 0, registered = 1, identified = 2, professional = 3 };

/// What an ask offers and a bid needs beside quantities; the numbers are bits of Order::netflags.
#define SONM_NETFLAGS(X)                                \
    X(outbound, 0, "outbound internet")                 \
    X(incoming, 1, "a public port")                     \
    X(overlay, 2, "a private network across workers")   \
    X(persistent, 3, "a volume that outlives the task") \
    X(gpu_isolated, 4, "the GPU for itself")

struct NetFlags {
    std::uint64_t bits = 0;
    auto operator<=>(const NetFlags&) const = default;
    /// Whether everything that `needed` asks for is here.
    bool covers(NetFlags needed) const { return (needed.bits & ~bits) == 0; }
};
#define SONM_NETFLAG_CONSTANT(name, bit, text) \
    inline constexpr NetFlags netflag_##name{std::uint64_t(1) << bit};
SONM_NETFLAGS(SONM_NETFLAG_CONSTANT)
#undef SONM_NETFLAG_CONSTANT

/// The sixteen measures of a machine: X(id, identifier, "code", "unit"). Source: docs/market.md, benchmarks.
#define SONM_BENCHMARKS(X)                         \
    X(0, cpu_cores, "cpu-cores", "cores x 100")    \
    X(1, cpu_single, "cpu-single", "score")        \
    X(2, cpu_multi, "cpu-multi", "score")          \
    X(3, ram_size, "ram-size", "MiB")              \
    X(4, ram_bandwidth, "ram-bandwidth", "MB/s")   \
    X(5, storage_size, "storage-size", "MiB")      \
    X(6, storage_rw, "storage-rw", "MB/s")         \
    X(7, net_down, "net-down", "kbit/s")           \
    X(8, gpu_count, "gpu-count", "cards")          \
    X(9, gpu_mem, "gpu-mem", "MiB, smallest card") \
    X(10, gpu_fp32, "gpu-fp32", "GFLOP/s")         \
    X(11, gpu_membw, "gpu-membw", "MB/s")          \
    X(12, cpu_fp64, "cpu-fp64", "MFLOP/s")         \
    X(13, cpu_sha256, "cpu-sha256", "MB/s")        \
    X(14, reserved14, "reserved-14", "")           \
    X(15, net_up, "net-up", "kbit/s")
#define SONM_BENCHMARK_ENUMERATOR(id, identifier, code, unit) identifier = id,
enum class Benchmark : std::uint8_t { SONM_BENCHMARKS(SONM_BENCHMARK_ENUMERATOR) };
#undef SONM_BENCHMARK_ENUMERATOR
inline constexpr std::size_t benchmark_count = 16;

/// What an ask has, what a bid needs; index by Benchmark.
struct Benchmarks {
    std::array<std::uint64_t, benchmark_count> values{};
    auto operator<=>(const Benchmarks&) const = default;
    std::uint64_t& operator[](Benchmark b) { return values[static_cast<std::size_t>(b)]; }
    std::uint64_t operator[](Benchmark b) const { return values[static_cast<std::size_t>(b)]; }
};

std::string_view to_string(Side);
std::string_view to_string(Currency);
std::string_view to_string(Identity);
std::string_view to_string(Benchmark);  ///< its code
std::string_view unit_of(Benchmark);
std::string to_string(NetFlags);  ///< "outbound, incoming"; "none"
Result<Side> parse_side(std::string_view);
Result<Currency> parse_currency(std::string_view);
Result<Identity> parse_identity(std::string_view);
Result<Benchmark> parse_benchmark(std::string_view code);
/// One flag by name.
Result<NetFlags> parse_netflag(std::string_view name);

/// One entry of the order book. Field for field the contract's `Order` (contracts/src/Types.sol). Value type.
struct Order {
    Side side = Side::ask;
    Address author;        ///< ask: the worker; bid: the consumer
    Address counterparty;  ///< the only account (or master) on the other side; zero = anybody
    PricePerSecond price;  ///< of the whole order
    Currency currency = Currency::snm;
    Seconds duration;  ///< 0 = spot; ask: the longest deal; bid: the deal's length
    NetFlags netflags;
    Identity identity = Identity::anonymous;  ///< least level of the other side's owner
    Address blacklist;                        ///< one more list to respect; zero = none
    crypto::Hash tag;                         ///< free for the author
    Rate rate_min, rate_max;                  ///< USD deals open only at these rates; 0 = any
    UnixTime expiry;                          ///< first second at which it can no longer be matched
    OrderNonce nonce;
    Benchmarks benchmarks;
    bool operator==(const Order&) const = default;
    bool is_spot() const { return duration.value == 0; }
};

/// Longest life of an order. Source: Market.ORDER_LIFETIME_MAX.
inline constexpr Seconds order_lifetime_max{90 * 86'400};

/// The order's id, computed as the contract does: EIP-712 struct hash.
OrderId order_id(const Order& order);

/// Checks the ranges that the contract's types impose and what can never match: price 0 or over 96 bits,
/// duration over 32 bits, expiry over 40 bits, no author. Errors: ModelErrc, naming field and bound.
Result<void> validate(const Order& order);

}  // namespace sonm::model
