#include "sonm/base/clock.hpp"

#include <ctime>

namespace sonm {

UnixTime SystemClock::now() const {
    auto since = std::chrono::system_clock::now().time_since_epoch();
    return UnixTime(
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since).count()));
}

std::chrono::steady_clock::time_point SystemClock::steady() const { return std::chrono::steady_clock::now(); }

std::string to_utc(UnixTime time) {
    auto seconds = static_cast<std::time_t>(time.value);
    std::tm parts{};
    if (time.value > 253'402'300'799ULL || !gmtime_r(&seconds, &parts)) return "never";
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string to_human(Seconds span) {
    std::uint64_t s = span.value;
    if (s < 60) return fmt::format("{} s", s);
    if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
    if (s < 86400) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
    return fmt::format("{} d {:02} h", s / 86400, s / 3600 % 24);
}

}  // namespace sonm
