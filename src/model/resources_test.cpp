#include "sonm/model/resources.hpp"

#include "sonm/base/errc.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sonm::model {
namespace {

Resources some() { return Resources{2000, 4 * GiB, 10 * GiB, 100'000'000, 50'000'000, {0, 2}}; }

TEST(resources, sum_and_difference_are_inverse) {
    Resources part{500, GiB, 2 * GiB, 1'000'000, 0, {2}};
    auto rest = some().minus(part);
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->gpus, std::vector<std::uint32_t>{0});
    EXPECT_EQ(rest->plus(part).value(), some());
    EXPECT_TRUE(some().covers(part));
    EXPECT_FALSE(part.covers(some()));
}

TEST(resources, shortage_names_what_is_short_and_by_how_much) {
    auto result = some().minus(Resources{2500, 5 * GiB, 0, 0, 0, {1}});
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().is(Errc::conflict));
    EXPECT_EQ(result.error().context, "short of 0.5 cores, 1 GiB of RAM, GPU 1");
}

TEST(resources, sum_that_does_not_fit_or_has_a_gpu_twice_is_an_error) {
    EXPECT_TRUE(some().plus(Resources{~0ULL, 0, 0, 0, 0, {}}).error().is(Errc::overflow));
    EXPECT_TRUE(some().plus(Resources{0, 0, 0, 0, 0, {2}}).error().is(Errc::conflict));
}

TEST(resources, print_names_what_is_there) {
    EXPECT_EQ(to_string(some()),
              "2 cores, 4 GiB RAM, 10 GiB storage, 100 Mbit/s download, 50 Mbit/s upload, GPU 0+2");
    EXPECT_EQ(to_string(Resources{}), "nothing");
}

/// 8 cores, 16 GiB, 100 GiB, 1 Gbit/s, two cards.
Resources machine() { return Resources{8000, 16 * GiB, 100 * GiB, 1'000'000'000, 1'000'000'000, {0, 1}}; }
Benchmarks measured() {
    Benchmarks b;
    for (std::size_t i = 0; i < benchmark_count; ++i) b.values[i] = 1000;
    b[Benchmark::cpu_cores] = 800;
    b[Benchmark::ram_size] = 16 * 1024;
    b[Benchmark::storage_size] = 100 * 1024;
    b[Benchmark::net_down] = 0;  // not measured
    b[Benchmark::net_up] = 400'000;
    b[Benchmark::gpu_count] = 2;
    return b;
}

TEST(share_of, tenth_of_the_cores_advertises_a_tenth_of_them) {
    Resources share{800, 4 * GiB, 10 * GiB, 25'000'000, 500'000'000, {}};
    Benchmarks b = share_of(measured(), machine(), share);
    EXPECT_EQ(b[Benchmark::cpu_cores], 80u);
    EXPECT_EQ(b[Benchmark::cpu_multi], 100u);
    EXPECT_EQ(b[Benchmark::cpu_single], 800u);  // less than one core
    EXPECT_EQ(b[Benchmark::ram_size], 4096u);
    EXPECT_EQ(b[Benchmark::storage_size], 10'240u);
    EXPECT_EQ(b[Benchmark::storage_rw], 100u);
    EXPECT_EQ(b[Benchmark::net_down], 25'000u);
    EXPECT_EQ(b[Benchmark::net_up], 400'000u);  // never more than was measured
    EXPECT_EQ(b[Benchmark::gpu_count], 0u);
    EXPECT_EQ(b[Benchmark::gpu_mem], 0u);
    EXPECT_EQ(b[Benchmark::reserved14], 0u);
}

TEST(share_of, whole_machine_advertises_all_of_it) {
    Resources share = machine();
    share.net_up_bps = 400'000'000;
    Benchmarks b = share_of(measured(), machine(), share);
    Benchmarks expected = measured();
    expected[Benchmark::net_down] = 1'000'000;
    expected[Benchmark::reserved14] = 0;
    EXPECT_EQ(b, expected);
}

TEST(share_of, amount_in_a_plan_meets_the_same_amount_in_a_bid) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 10'000; ++i) {
        Resources share{
            random() % 8001, random() % machine().ram_bytes, random() % machine().storage_bytes, 0, 0, {}};
        // People write whole MiB and hundredths of a core.
        share.ram_bytes -= share.ram_bytes % MiB;
        share.storage_bytes -= share.storage_bytes % MiB;
        share.cpu_millicores -= share.cpu_millicores % 10;
        Benchmarks has = share_of(measured(), machine(), share), needs = benchmarks_for(share);
        for (std::size_t k = 0; k < benchmark_count; ++k) EXPECT_GE(has.values[k], needs.values[k]) << k;
    }
}

TEST(share_of, machine_of_nothing_advertises_no_speed) {
    Benchmarks b = share_of(measured(), Resources{}, Resources{});
    EXPECT_EQ(b[Benchmark::cpu_multi], 0u);
}

}  // namespace
}  // namespace sonm::model
