#include "sonm/base/log.hpp"

#include "sonm/base/result.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace sonm {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    return static_cast<spdlog::level::level_enum>(int(level) < 5 ? int(level) : 6);
}
static_assert(int(spdlog::level::trace) == int(LogLevel::trace) &&
              int(spdlog::level::err) == int(LogLevel::error));

spdlog::logger& logger() {
    static const auto initial = [] {
        auto made = spdlog::stderr_color_mt("sonm");
        made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
        spdlog::set_default_logger(made);
        return made;
    }();
    return *spdlog::default_logger_raw();
}

}  // namespace

void init_log(std::string_view level, std::string_view file) {
    logger();
    if (!file.empty()) {
        auto made = spdlog::basic_logger_mt("file", std::string(file));
        made->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
        made->flush_on(spdlog::level::info);
        spdlog::set_default_logger(std::move(made));
    }
    auto parsed = spdlog::level::from_str(std::string(level));
    bool unknown = parsed == spdlog::level::off && level != "off";
    logger().set_level(unknown ? spdlog::level::info : parsed);
}

bool log_enabled(LogLevel level) { return logger().should_log(to_spdlog(level)); }

void log_line(LogLevel level, std::string_view text) { logger().log(to_spdlog(level), text); }

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, expression);
    std::abort();
}

}  // namespace sonm
