#pragma once

#include <fmt/format.h>

#include <string_view>

namespace sonm {

enum class LogLevel { trace, debug, info, warn, error, off };

/// Sets level ("trace".."error", "off") and destination for the whole process; file empty = stderr. Call
/// once, from main. An unknown level is taken as "info".
void init_log(std::string_view level, std::string_view file = {});
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view text);

}  // namespace sonm

/// Levelled log lines: `SONM_LOG(info, "deal {} opened", id)`. Levels: trace debug info warn error. Any
/// thread. Never put secrets, keys or passphrases in.
#define SONM_LOG(level, ...)                                                       \
    do {                                                                           \
        if (::sonm::log_enabled(::sonm::LogLevel::level))                          \
            ::sonm::log_line(::sonm::LogLevel::level, ::fmt::format(__VA_ARGS__)); \
    } while (false)
