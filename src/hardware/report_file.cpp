#include "sonm/hardware/report_file.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"

#include <nlohmann/json.hpp>

namespace sonm::hardware {
namespace {

using nlohmann::json;

constexpr std::size_t report_bytes_max = 64 * KiB;

Result<BenchmarkLine> parse_line(const json& item) {
    if (!item.is_object()) return fail(Errc::corrupt, "a benchmark is not an object");
    auto code = item.find("code"), value = item.find("value"), note = item.find("note"),
         took = item.find("took_ms");
    bool whole = code != item.end() && code->is_string() && value != item.end() &&
                 value->is_number_unsigned() && note != item.end() && note->is_string() &&
                 took != item.end() && took->is_number_unsigned();
    if (!whole) return fail(Errc::corrupt, "a benchmark lacks code, value, note or took_ms");
    auto benchmark = model::parse_benchmark(code->get_ref<const std::string&>());
    if (!benchmark) return fail(Errc::corrupt, "{}", benchmark.error().context);
    BenchmarkLine line;
    line.benchmark = *benchmark;
    line.value = value->get<std::uint64_t>();
    line.note = note->get<std::string>();
    line.took = Millis(took->get<std::uint32_t>());
    return line;
}

}  // namespace

std::string to_json(const BenchmarkReport& report) {
    json lines = json::array();
    for (const BenchmarkLine& line : report.lines) {
        json item = {{"code", model::to_string(line.benchmark)},
                     {"unit", model::unit_of(line.benchmark)},
                     {"value", line.value}};
        item["note"] = line.note;
        item["took_ms"] = line.took.count();
        lines.push_back(std::move(item));
    }
    json document = {{"fingerprint", crypto::to_string(report.fingerprint)},
                     {"measured_at", report.measured_at.value}};
    document["benchmarks"] = std::move(lines);
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<BenchmarkReport> parse_report(std::string_view text) {
    json document = json::parse(text, nullptr, false);
    if (!document.is_object()) return fail(Errc::corrupt, "not a JSON object");
    auto print = document.find("fingerprint"), when = document.find("measured_at"),
         lines = document.find("benchmarks");
    bool whole = print != document.end() && print->is_string() && when != document.end() &&
                 when->is_number_unsigned() && lines != document.end() && lines->is_array() &&
                 lines->size() == model::benchmark_count - 1;
    if (!whole)
        return fail(Errc::corrupt, "fingerprint, measured_at or one of {} benchmarks is missing",
                    model::benchmark_count - 1);
    BenchmarkReport report;
    auto fingerprint = crypto::parse_hash(print->get_ref<const std::string&>());
    if (!fingerprint) return fail(Errc::corrupt, "{}", fingerprint.error().context);
    report.fingerprint = *fingerprint;
    report.measured_at = UnixTime(when->get<std::uint64_t>());
    for (const json& item : *lines) {
        SONM_TRY(BenchmarkLine line, parse_line(item));
        bool ordered = line.benchmark != model::Benchmark::reserved14 &&
                       (report.lines.empty() || report.lines.back().benchmark < line.benchmark);
        if (!ordered)
            return fail(Errc::corrupt, "the benchmark {} is out of order", model::to_string(line.benchmark));
        report.lines.push_back(std::move(line));
    }
    return report;
}

Result<void> save_report(const std::filesystem::path& file, const BenchmarkReport& report) {
    SONM_CHECK(make_folder(file.parent_path().empty() ? "." : file.parent_path()));
    return write_atomically(file, as_bytes(to_json(report)));
}

Result<BenchmarkReport> load_report(const std::filesystem::path& file, const crypto::Hash& fingerprint) {
    SONM_TRY(std::string text, read_text(file, report_bytes_max));
    auto report = parse_report(text);
    if (!report) return wrap(std::move(report).error(), "{}", file.native());
    if (report->fingerprint != fingerprint) {
        return fail(Errc::conflict, "{} is of another machine, or this one has changed", file.native());
    }
    return report;
}

}  // namespace sonm::hardware
