#include "sonm/hardware/measure.hpp"

#include "sonm/base/log.hpp"
#include "sonm/hardware/detail/disk_speed.hpp"
#include "sonm/hardware/detail/kernels.hpp"
#include "sonm/hardware/detail/rate.hpp"
#include "sonm/hardware/report_file.hpp"

namespace sonm::hardware {
namespace {

using model::Benchmark;

constexpr Millis each_max{10'000};
constexpr std::uint64_t triad_bytes_max = 512 * MiB;  // beyond the caches of all but a few server processors

/// What one measurement needs to know, by value: it runs on another thread.
struct Job {
    std::size_t threads = 1;
    std::chrono::nanoseconds span{};
    std::uint64_t memory_bytes = 0;
    std::uint64_t disk_bytes = 0;
    std::filesystem::path folder;
};

Result<double> run_single(const Job& job) {
    return detail::best_rate(1, job.span, [] { return detail::MixedWork(); });
}
Result<double> run_multi(const Job& job) {
    return detail::best_rate(job.threads, job.span, [] { return detail::MixedWork(); });
}
Result<double> run_memory(const Job& job) {
    std::size_t bytes = job.memory_bytes / job.threads;
    return detail::best_rate(job.threads, job.span, [bytes] { return detail::Triad(bytes); });
}
Result<double> run_fp64(const Job& job) {
    return detail::best_rate(job.threads, job.span, [] { return detail::MultiplyAdd(); });
}
Result<double> run_sha256(const Job& job) {
    return detail::best_rate(job.threads, job.span, [] { return detail::Digest(); });
}
Result<double> run_disk(const Job& job) { return detail::disk_speed(job.folder, job.disk_bytes, job.span); }

/// How each benchmark comes about; those without a function are looked up, or 0 for a reason.
struct Method {
    Benchmark benchmark;
    Result<double> (*run)(const Job&);
    std::string_view missing;
};
constexpr std::string_view second_host = "needs a second host", toolkit = "needs the vendor's toolkit";
constexpr std::array methods{
    Method{Benchmark::cpu_cores, nullptr, ""},        Method{Benchmark::cpu_single, run_single, ""},
    Method{Benchmark::cpu_multi, run_multi, ""},      Method{Benchmark::ram_size, nullptr, ""},
    Method{Benchmark::ram_bandwidth, run_memory, ""}, Method{Benchmark::storage_size, nullptr, ""},
    Method{Benchmark::storage_rw, run_disk, ""},      Method{Benchmark::net_down, nullptr, second_host},
    Method{Benchmark::gpu_count, nullptr, ""},        Method{Benchmark::gpu_mem, nullptr, ""},
    Method{Benchmark::gpu_fp32, nullptr, toolkit},    Method{Benchmark::gpu_membw, nullptr, toolkit},
    Method{Benchmark::cpu_fp64, run_fp64, ""},        Method{Benchmark::cpu_sha256, run_sha256, ""},
    Method{Benchmark::net_up, nullptr, second_host},
};
static_assert(methods.size() == model::benchmark_count - 1, "all but the reserved one");

Job make_job(const Machine& machine, const MeasureOptions& options) {
    Job job;
    job.threads = std::max<std::size_t>(1, (machine.cpu.usable_millicores + 999) / 1000);
    job.span = std::min(options.each, each_max);
    job.memory_bytes = std::min(triad_bytes_max, machine.memory.usable_bytes / 8);
    job.disk_bytes = std::min(options.disk_bytes_max, machine.storage.free_bytes / 4);
    job.folder = machine.storage.path;
    return job;
}

BenchmarkLine look_up(const Method& method, const Machine& machine) {
    BenchmarkLine line;
    line.benchmark = method.benchmark;
    line.value = sizes_of(machine)[method.benchmark];
    line.note = method.missing;
    bool gpu = method.missing == toolkit;
    if (gpu && machine.gpus.empty()) line.note = "no GPU";
    return line;
}

Task<BenchmarkLine> run_one(const Method& method, Job job) {
    auto begin = std::chrono::steady_clock::now();
    auto work = [run = method.run, job = std::move(job)] { return run(job); };
    auto running = offload(std::move(work));
    Result<double> value = co_await std::move(running);
    BenchmarkLine line;
    line.benchmark = method.benchmark;
    line.took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - begin);
    line.failed = !value;
    if (value)
        line.value = static_cast<std::uint64_t>(*value);
    else
        line.note = value.error().message();
    co_return line;
}

}  // namespace

std::string to_string(const BenchmarkLine& line) {
    std::string text = fmt::format("{:<14} {:>10} {}", model::to_string(line.benchmark), line.value,
                                   model::unit_of(line.benchmark));
    if (!line.note.empty()) text += fmt::format("  ({})", line.note);
    return text;
}

model::Benchmarks BenchmarkReport::values() const {
    model::Benchmarks out;
    for (const BenchmarkLine& line : lines) out[line.benchmark] = line.value;
    return out;
}

bool BenchmarkReport::complete() const {
    return std::none_of(lines.begin(), lines.end(), [](const BenchmarkLine& line) { return line.failed; });
}

Task<BenchmarkReport> measure(Machine machine, MeasureOptions options, UnixTime now, Progress progress) {
    BenchmarkReport report;
    report.fingerprint = fingerprint(machine);
    report.measured_at = now;
    for (const Method& method : methods) {
        BenchmarkLine line;
        if (method.run == nullptr) {
            line = look_up(method, machine);
        } else {
            auto running = run_one(method, make_job(machine, options));
            line = co_await std::move(running);
        }
        if (progress) progress(line);
        report.lines.push_back(std::move(line));
    }
    co_return report;
}

Async<BenchmarkReport> measure_once(Machine machine, MeasureOptions options, std::filesystem::path file,
                                    UnixTime now, Progress progress) {
    Result<BenchmarkReport> kept = load_report(file, fingerprint(machine));
    if (kept) {
        for (BenchmarkLine& line : kept->lines) {
            auto method = std::find_if(methods.begin(), methods.end(),
                                       [&](const Method& m) { return m.benchmark == line.benchmark; });
            if (method->run == nullptr) line = look_up(*method, machine);
        }
        co_return kept;
    }
    SONM_LOG(debug, "measuring this machine: {}", kept.error().message());
    auto measuring = measure(std::move(machine), options, now, std::move(progress));
    BenchmarkReport report = co_await std::move(measuring);
    if (report.complete()) SONM_CO_CHECK(save_report(file, report));
    co_return report;
}

}  // namespace sonm::hardware
