#include "sonm/hardware/measure.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/hardware/detail/kernels.hpp"
#include "sonm/hardware/detail/rate.hpp"
#include "sonm/hardware/report_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sonm::hardware {
namespace {

using model::Benchmark;
constexpr UnixTime noon{1'769'860'805};

class Measure : public testing::Test {
protected:
    Measure() {
        machine_.cpu.model = "Test";
        machine_.cpu.usable_millicores = 1500;
        machine_.memory = {64 * MiB, 64 * MiB};
        machine_.storage.path = folder_.path();
        machine_.storage.free_bytes = 64 * MiB;
        options_.each = Millis(10);
        options_.disk_bytes_max = 8 * MiB;
    }
    BenchmarkReport measured() { return run_test(measure(machine_, options_, noon, {})); }
    Result<BenchmarkReport> once() {
        auto count = [this](const BenchmarkLine&) { ++progress_; };
        return run_test(measure_once(machine_, options_, folder_ / "state/benchmarks.json", noon, count));
    }

    TempDir folder_;
    Machine machine_;
    MeasureOptions options_;
    int progress_ = 0;
};

TEST_F(Measure, every_benchmark_has_a_value_or_a_reason) {
    BenchmarkReport report = measured();
    EXPECT_EQ(report.lines.size(), model::benchmark_count - 1);
    EXPECT_TRUE(report.complete());
    for (const BenchmarkLine& line : report.lines) {
        bool none_here = line.benchmark == Benchmark::gpu_count || line.benchmark == Benchmark::gpu_mem;
        EXPECT_TRUE(line.value > 0 || !line.note.empty() || none_here) << to_string(line);
    }
    model::Benchmarks values = report.values();
    EXPECT_EQ(values[Benchmark::cpu_cores], 150u);
    EXPECT_EQ(values[Benchmark::ram_size], 64u);
    EXPECT_EQ(values[Benchmark::net_up], 0u);
    EXPECT_EQ(values[Benchmark::reserved14], 0u);
}

TEST_F(Measure, measuring_leaves_nothing_on_the_disk) {
    measured();
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(Measure, second_time_is_read_from_the_file_with_the_sizes_of_now) {
    BenchmarkReport first = once().value();
    EXPECT_EQ(progress_, 15);
    machine_.storage.free_bytes = 32 * MiB;
    BenchmarkReport second = once().value();
    EXPECT_EQ(progress_, 15);
    EXPECT_EQ(second.values()[Benchmark::cpu_single], first.values()[Benchmark::cpu_single]);
    EXPECT_EQ(second.values()[Benchmark::storage_size], 32u);
}

TEST_F(Measure, changed_machine_is_measured_again) {
    ASSERT_TRUE(once());
    machine_.cpu.usable_millicores = 1000;
    ASSERT_TRUE(once());
    EXPECT_EQ(progress_, 30);
}

TEST_F(Measure, damaged_file_is_measured_over) {
    ASSERT_TRUE(once());
    std::filesystem::resize_file(folder_ / "state/benchmarks.json", 100);
    ASSERT_TRUE(once());
    EXPECT_EQ(progress_, 30);
    ASSERT_TRUE(once());
    EXPECT_EQ(progress_, 30);
}

TEST_F(Measure, failure_is_a_note_and_is_tried_again_next_time) {
    machine_.storage.path = folder_ / "missing";
    BenchmarkReport report = once().value();
    EXPECT_FALSE(report.complete());
    EXPECT_EQ(report.values()[Benchmark::storage_rw], 0u);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "state"));
}

TEST_F(Measure, report_survives_a_round_trip_and_every_cut_of_it_is_refused) {
    BenchmarkReport report = measured();
    std::string text = to_json(report);
    EXPECT_EQ(parse_report(text).value(), report);
    for (std::size_t size = 0; size + 2 < text.size(); size += 7)
        EXPECT_FALSE(parse_report(text.substr(0, size))) << size;
}

TEST(Kernels, each_does_the_amount_that_it_says) {
    EXPECT_EQ(detail::MixedWork()(), 1);
    EXPECT_NEAR(detail::Triad(16 * MiB)(), 0.786, 0.001);
    EXPECT_NEAR(detail::Digest()(), 0.065536, 1e-9);
    EXPECT_GT(detail::MultiplyAdd()(), 0.1);
}

TEST(Rate, threads_add_up) {
    auto make = [] { return [] { return 1.0; }; };
    EXPECT_GT(detail::best_rate(3, std::chrono::milliseconds(5), make), 0);
}

}  // namespace
}  // namespace sonm::hardware
