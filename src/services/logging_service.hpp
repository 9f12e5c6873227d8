#pragma once

#include "sonm/rpc/rpc.hpp"

#include <variant>

namespace sonm::services {

/// How urgent an entry is. The numbers are those of existing clients.
enum class LogPriority : std::uint8_t { debug, info, warning, error };

/// The value of an attribute.
using LogValue = std::variant<std::string, std::int64_t, double, bool>;
using LogAttributes = std::vector<std::pair<std::string, LogValue>>;

struct LogEntry {
    std::uint64_t number = 0;   ///< rises by one per entry of this service, across restarts
    std::uint64_t time_us = 0;  ///< microseconds since 1970-01-01 UTC, when it arrived
    LogPriority priority = LogPriority::info;
    std::string source;   ///< "app/<name>" by convention
    std::string message;  ///< any bytes
    LogAttributes attributes;
    bool operator==(const LogEntry&) const = default;
};

/// What a query asks for; everything that is said must hold.
struct LogFilter {
    std::string source;  ///< exactly, or with a `*` at its end what begins so; empty = every one
    LogPriority priority = LogPriority::debug;  ///< at least
    std::uint64_t since_us = 0;                 ///< from this time on
    std::uint64_t until_us = 0;                 ///< before this time; 0 = no end
    LogAttributes attributes;                   ///< that an entry must have, among others
    std::string text;                           ///< somewhere in the message
    std::uint64_t last = 0;                     ///< only so many of the newest ones that exist; 0 = all
    bool follow = false;                        ///< go on with what comes from now on
};

}  // namespace sonm::services

template <>
inline constexpr auto sonm::rpc::enum_max<sonm::services::LogPriority> = sonm::services::LogPriority::error;
template <>
struct sonm::rpc::Codec<sonm::services::LogValue> {
    static void pack(Writer& out, const services::LogValue& value);
    /// Takes every kind: nil, arrays and maps become words that say so.
    static Result<services::LogValue> unpack(Reader& in);
};
template <>
struct sonm::rpc::Fields<sonm::services::LogEntry> {
    using Entry = services::LogEntry;
    static constexpr auto list =
        fields(field<"number">(&Entry::number), field<"time_us">(&Entry::time_us),
               field<"priority">(&Entry::priority), field<"source">(&Entry::source),
               field<"message">(&Entry::message), field<"attributes">(&Entry::attributes));
};
template <>
struct sonm::rpc::Fields<sonm::services::LogFilter> {
    using Filter = services::LogFilter;
    static constexpr auto list =
        fields(field<"source">(&Filter::source), field<"priority">(&Filter::priority),
               field<"since_us">(&Filter::since_us), field<"until_us">(&Filter::until_us),
               field<"attributes">(&Filter::attributes), field<"text">(&Filter::text),
               field<"last">(&Filter::last), field<"follow">(&Filter::follow));
};

namespace sonm::services {

/// Structured entries of everybody on a node.
///
/// 0 emit                  never answered. Priorities out of range are taken as the nearest; too long ones
/// are
///                         cut; what comes faster than it can be kept is dropped and counted.
/// 1 verbosity             the least urgent priority that is kept for any source: less need not be sent.
/// 2 set_verbosity         for all sources without one of their own, until the next start.
/// 3 set_source_verbosity  for one source, or with a `*` at the end all that begin so; nothing = back to the
///                         general one.
/// 4 levels                the general one, then those of sources.
/// 5 query                 entries, oldest first, then (follow) new ones as they come. A reader that is too
///                         slow gets an entry of source "logging" that says how many it has missed.
///
/// Errors of 2 to 5: permission_denied (who is not among the operators, if there are any), invalid_argument,
/// resource_unavailable_try_again (too many queries).
struct LoggingProtocol
    : rpc::Protocol<
          "logging", 2,
          rpc::Notify<0, "emit",
                      rpc::Args<rpc::Arg<"priority", std::int64_t>, rpc::Arg<"source", std::string>,
                                rpc::Arg<"message", std::string>,
                                rpc::Arg<"attributes", std::optional<LogAttributes>>>>,
          rpc::Call<1, "verbosity", rpc::Args<>, rpc::Returns<std::int64_t>>,
          rpc::Call<2, "set_verbosity", rpc::Args<rpc::Arg<"priority", std::int64_t>>, rpc::Returns<>>,
          rpc::Call<
              3, "set_source_verbosity",
              rpc::Args<rpc::Arg<"source", std::string>, rpc::Arg<"priority", std::optional<std::int64_t>>>,
              rpc::Returns<>>,
          rpc::Call<4, "levels", rpc::Args<>,
                    rpc::Returns<std::int64_t, std::map<std::string, std::int64_t>>>,
          rpc::ServerStream<5, "query", rpc::Args<rpc::Arg<"filter", LogFilter>>, rpc::Items<LogEntry>>> {};

using LoggingClient = rpc::Client<LoggingProtocol>;

}  // namespace sonm::services
