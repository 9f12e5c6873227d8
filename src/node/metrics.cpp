#include "sonm/node/metrics.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cmath>

namespace sonm::node {
namespace {

constexpr std::size_t proc_bytes_max = 64 * KiB;

std::string name_of(std::string_view text, bool colon) {
    std::string out;
    for (char c : text) {
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
        bool digit = c >= '0' && c <= '9';
        if (out.empty() && digit) out += '_';
        out += letter || digit ? c : '_';
    }
    return out.empty() ? "_" : out;
}

std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (char c : text) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' && quotes)
            out += "\\\"";
        else
            out += c;
    }
    return out;
}

std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    return fmt::format("{}", value);
}

/// Field of /proc/self/stat, counted from 1 as proc(5) does; only such after the name.
std::uint64_t stat_field(std::string_view stat, std::size_t field) {
    // The name in brackets may hold blanks and brackets.
    std::string_view rest = stat.substr(std::min(stat.rfind(')') + 2, stat.size()));
    for (std::size_t at = 3; at < field; ++at) rest = rest.substr(std::min(rest.find(' ') + 1, rest.size()));
    return parse_int<std::uint64_t>(rest.substr(0, rest.find(' '))).value_or(0);
}

std::uint64_t open_files() {
    std::error_code error;
    std::uint64_t count = 0;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
         at.increment(error))
        ++count;
    return count;
}

}  // namespace

void MetricsText::add(std::string_view prefix, const services::Metric& metric, const Labels& labels) {
    std::string name = name_of(fmt::format("{}{}", prefix, metric.name), true);
    auto [at, fresh] = families_.try_emplace(name, Family{metric.help, metric.kind, {}});
    std::string inside;
    for (const Labels* list : {&labels, &metric.labels}) {
        for (const auto& [key, value] : *list)
            inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ",", name_of(key, false),
                                  escaped(value, true));
    }
    at->second.samples += inside.empty() ? name : fmt::format("{}{{{}}}", name, inside);
    at->second.samples += fmt::format(" {}\n", number(metric.value));
}

std::string MetricsText::to_text() const {
    std::string out;
    for (const auto& [name, family] : families_) {
        std::string_view kind = family.kind == services::Metric::Kind::counter ? "counter" : "gauge";
        if (!family.help.empty()) out += fmt::format("# HELP {} {}\n", name, escaped(family.help, false));
        out += fmt::format("# TYPE {} {}\n{}", name, kind, family.samples);
    }
    return out;
}

void measure_process(std::vector<services::Metric>& out) {
    using Kind = services::Metric::Kind;
    auto stat = read_text("/proc/self/stat", proc_bytes_max);
    auto memory = read_text("/proc/self/statm", proc_bytes_max);
    if (!stat || !memory) return;
    double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    double page = static_cast<double>(sysconf(_SC_PAGESIZE));
    std::string_view resident =
        std::string_view(*memory).substr(std::min(memory->find(' ') + 1, memory->size()));
    double pages =
        static_cast<double>(parse_int<std::uint64_t>(resident.substr(0, resident.find(' '))).value_or(0));
    double busy = static_cast<double>(stat_field(*stat, 14) + stat_field(*stat, 15));
    out.push_back({"cpu_seconds_total", "Processor time used, in seconds.", Kind::counter, busy / ticks, {}});
    out.push_back({"resident_memory_bytes", "Memory held, in bytes.", Kind::gauge, pages * page, {}});
    out.push_back({"virtual_memory_bytes",
                   "Address space, in bytes.",
                   Kind::gauge,
                   static_cast<double>(stat_field(*stat, 23)),
                   {}});
    out.push_back({"threads", "Threads.", Kind::gauge, static_cast<double>(stat_field(*stat, 20)), {}});
    out.push_back(
        {"open_fds", "Open files and sockets.", Kind::gauge, static_cast<double>(open_files()), {}});
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        out.push_back({"max_fds",
                       "Most files and sockets that may be open.",
                       Kind::gauge,
                       static_cast<double>(files.rlim_cur),
                       {}});
}

}  // namespace sonm::node
