#pragma once

#include "sonm/rpc/rpc.hpp"

namespace sonm::services {

/// What a cache has of a key. `version` changes with every write, and is 0 where there is nothing.
struct CacheEntry {
    bool found = false;
    Bytes value;
    std::uint64_t version = 0;
    bool operator==(const CacheEntry&) const = default;
};

/// Numbers of one node's cache, since its start.
struct CacheStats {
    std::uint64_t entries = 0, bytes = 0, bytes_max = 0;
    std::uint64_t hits = 0, misses = 0;
    std::uint64_t evicted = 0;  ///< for want of room
    std::uint64_t expired = 0;
};

/// Values that may be forgotten at any time, with an end of their own. Keys: 1 to 1024 bytes of any kind.
///
/// 0 get              whether there is a value, and the value.
/// 1 put              `ttl_ms`: how long it may be kept; none = the service's default, 0 = as long as there
///                    is room.
/// 2 remove           whether there was one.
/// 3 get_versioned    the value with its version.
/// 4 compare_and_put  writes only if the version is still that one (0 = only if there is nothing). Answers
///                    whether it did, and the version that holds now.
/// 5 increment        adds to a number, written in decimal digits; nothing counts as 0. Answers the sum. The
///                    time to live of a number that is there stays.
/// 6 stats            of the node that is asked.
///
/// Errors are std::errc: invalid_argument (key), message_size (value over the limit), result_out_of_range and
/// invalid_argument (increment of something else than a number that has room), not_connected and timed_out
/// (the node or server that keeps this key; get answers "nothing" then).
struct CacheProtocol
    : rpc::Protocol<
          "cache", 1, rpc::Call<0, "get", rpc::Args<rpc::Arg<"key", std::string>>, rpc::Returns<bool, Bytes>>,
          rpc::Call<1, "put",
                    rpc::Args<rpc::Arg<"key", std::string>, rpc::Arg<"value", Bytes>,
                              rpc::Arg<"ttl_ms", std::optional<std::uint64_t>>>,
                    rpc::Returns<>>,
          rpc::Call<2, "remove", rpc::Args<rpc::Arg<"key", std::string>>, rpc::Returns<bool>>,
          rpc::Call<3, "get_versioned", rpc::Args<rpc::Arg<"key", std::string>>, rpc::Returns<CacheEntry>>,
          rpc::Call<4, "compare_and_put",
                    rpc::Args<rpc::Arg<"key", std::string>, rpc::Arg<"version", std::uint64_t>,
                              rpc::Arg<"value", Bytes>, rpc::Arg<"ttl_ms", std::optional<std::uint64_t>>>,
                    rpc::Returns<bool, std::uint64_t>>,
          rpc::Call<5, "increment",
                    rpc::Args<rpc::Arg<"key", std::string>, rpc::Arg<"delta", std::int64_t>,
                              rpc::Arg<"ttl_ms", std::optional<std::uint64_t>>>,
                    rpc::Returns<std::int64_t>>,
          rpc::Call<6, "stats", rpc::Args<>, rpc::Returns<CacheStats>>> {};

using CacheClient = rpc::Client<CacheProtocol>;

}  // namespace sonm::services

template <>
struct sonm::rpc::Fields<sonm::services::CacheEntry> {
    using Entry = services::CacheEntry;
    static constexpr auto list = fields(field<"found">(&Entry::found), field<"value">(&Entry::value),
                                        field<"version">(&Entry::version));
};
template <>
struct sonm::rpc::Fields<sonm::services::CacheStats> {
    using Stats = services::CacheStats;
    static constexpr auto list = fields(field<"entries">(&Stats::entries), field<"bytes">(&Stats::bytes),
                                        field<"bytes_max">(&Stats::bytes_max), field<"hits">(&Stats::hits),
                                        field<"misses">(&Stats::misses), field<"evicted">(&Stats::evicted),
                                        field<"expired">(&Stats::expired));
};
