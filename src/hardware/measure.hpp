#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/strong.hpp"
#include "sonm/hardware/machine.hpp"

#include <functional>

namespace sonm::hardware {

struct BenchmarkLine {
    model::Benchmark benchmark = model::Benchmark::cpu_cores;
    std::uint64_t value = 0;
    std::string note;     ///< why the value is 0, if it was not measured
    Millis took{0};       ///< 0 for what is looked up
    bool failed = false;  ///< could have been measured, but something went wrong: see the note
    bool operator==(const BenchmarkLine&) const = default;
};
/// "cpu-single      21050 score", "net-down            0 kbit/s  needs a second host".
std::string to_string(const BenchmarkLine& line);

struct BenchmarkReport {
    crypto::Hash fingerprint;
    UnixTime measured_at;
    std::vector<BenchmarkLine> lines;  ///< one for each benchmark but the reserved ones, by id
    bool operator==(const BenchmarkReport&) const = default;
    model::Benchmarks values() const;
    bool complete() const;  ///< nothing failed
};

struct MeasureOptions {
    Millis each{1000};  ///< per benchmark, at most 10 s
    std::uint64_t disk_bytes_max = 512 * MiB;
    MeasureOptions() {}  // not an aggregate: passed to coroutines
};

/// Called on the caller's executor when a benchmark is done.
using Progress = std::function<void(const BenchmarkLine&)>;

/// Measures the machine as a whole: single-threaded once, everything else on all that this process may use,
/// at the same time. The disk is measured in `machine.storage.path`. About `options.each` for each of six
/// benchmarks, on threads of the work pool and of its own; other work on the machine makes the numbers
/// smaller. Cancelling takes effect between two. What fails becomes 0 and a note.
Task<BenchmarkReport> measure(Machine machine, MeasureOptions options, UnixTime now, Progress progress);

/// The report kept in `file` if it is this machine's, with sizes and counts as they are now; else measures,
/// and keeps a complete report. A damaged file is measured over. Errors: as write_atomically.
Async<BenchmarkReport> measure_once(Machine machine, MeasureOptions options, std::filesystem::path file,
                                    UnixTime now, Progress progress);

}  // namespace sonm::hardware
