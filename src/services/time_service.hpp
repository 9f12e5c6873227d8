#pragma once

#include "sonm/rpc/rpc.hpp"

/// What time it is in the cluster, and how sure that is. Server: room time. Clients: apps, and the time
/// services of other nodes.
namespace sonm::services {

/// Times are microseconds since 1970-01-01 UTC.
struct TimeReading {
    std::int64_t time_us = 0;
    std::uint64_t error_us =
        0;                ///< the cluster's time is within time_us ± error_us if most sources are right
    bool agreed = false;  ///< most sources agree, this machine's own clock counted as one
};

/// One clock that was asked.
struct TimeSource {
    std::string name;            ///< "own", "chain", or the peer's address
    std::int64_t offset_us = 0;  ///< its time minus this machine's
    std::uint64_t error_us = 0;  ///< of the offset
    std::uint64_t age_ms = 0;    ///< since the answer that this is from
    bool agrees = false;         ///< with the majority
};

struct TimeStatus {
    TimeReading reading;
    std::int64_t offset_us = 0;  ///< cluster's time minus this machine's clock
    std::vector<TimeSource> sources;
};

}  // namespace sonm::services

template <>
struct sonm::rpc::Fields<sonm::services::TimeReading> {
    using Reading = services::TimeReading;
    static constexpr auto list =
        fields(field<"time_us">(&Reading::time_us), field<"error_us">(&Reading::error_us),
               field<"agreed">(&Reading::agreed));
};
template <>
struct sonm::rpc::Fields<sonm::services::TimeSource> {
    using Source = services::TimeSource;
    static constexpr auto list = fields(field<"name">(&Source::name), field<"offset_us">(&Source::offset_us),
                                        field<"error_us">(&Source::error_us),
                                        field<"age_ms">(&Source::age_ms), field<"agrees">(&Source::agrees));
};
template <>
struct sonm::rpc::Fields<sonm::services::TimeStatus> {
    using Status = services::TimeStatus;
    static constexpr auto list =
        fields(field<"reading">(&Status::reading), field<"offset_us">(&Status::offset_us),
               field<"sources">(&Status::sources));
};

namespace sonm::services {

/// 0 now       the cluster's time; never less than an answer before.
/// 1 exchange  this machine's own clock, when the question came and when the answer went: with the asker's
///             own times the four timestamps of NTP (RFC 5905, 8).
/// 2 status    what the reading is made of.
struct TimeProtocol
    : rpc::Protocol<"time", 1, rpc::Call<0, "now", rpc::Args<>, rpc::Returns<TimeReading>>,
                    rpc::Call<1, "exchange", rpc::Args<>, rpc::Returns<std::int64_t, std::int64_t>>,
                    rpc::Call<2, "status", rpc::Args<>, rpc::Returns<TimeStatus>>> {};

using TimeClient = rpc::Client<TimeProtocol>;

}  // namespace sonm::services
