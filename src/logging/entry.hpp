#pragma once

#include "sonm/services/logging_service.hpp"

/// One log entry: what is kept of it, how it is matched, and how it looks as a line.
namespace sonm::logging {

using services::LogAttributes;
using services::LogEntry;
using services::LogFilter;
using services::LogPriority;
using services::LogValue;
/// Entries do not change once they are numbered: the ring, sinks and queries share them.
using EntryPtr = std::shared_ptr<const LogEntry>;

std::string_view to_string(LogPriority priority);
/// "debug", "info", "warning", "error". Errors: invalid.
Result<LogPriority> parse_priority(std::string_view text);
/// The nearest one.
LogPriority nearest_priority(std::int64_t number);

inline constexpr std::size_t source_bytes_max = 256;
inline constexpr std::size_t message_bytes_max = 64 * KiB;
inline constexpr std::size_t attributes_max = 64;
inline constexpr std::size_t attribute_bytes_max = 4 * KiB;  ///< its name and its value, each
inline constexpr std::size_t filter_text_bytes_max = KiB;
/// Longest line of an entry: bytes that need six characters, and what is around them.
inline constexpr std::size_t line_bytes_max = 4 * MiB;

/// Cuts what is too long and says so in the text; true if anything was.
bool cut_to_limits(LogEntry& entry);
/// What it costs to hold.
std::size_t cost_of(const LogEntry& entry);

bool matches(const LogFilter& filter, const LogEntry& entry);
/// A name, or with a `*` at the end what begins so.
bool matches_name(std::string_view pattern, std::string_view name);

/// One line of JSON with its end: {"n":1,"us":1769860805123456,"time":"2026-01-31T12:00:05.123456Z",
/// "level":"info","source":"...","message":"...","attributes":[["name",value],...]}. Bytes that are no UTF-8
/// become U+FFFD.
void append_line(std::string& out, const LogEntry& entry);
/// Errors: corrupt.
class LineReader {
public:
    LineReader();
    ~LineReader();
    Result<LogEntry> read(std::string_view line);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace sonm::logging
