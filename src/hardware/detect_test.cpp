#include "sonm/hardware/detect.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/hardware/detail/tree.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sonm::hardware {
namespace {

using model::Benchmark;

DetectOptions options(std::string_view fixture) {
    DetectOptions out;
    out.root = std::filesystem::path(SONM_FIXTURES) / fixture;
    out.storage = SONM_FIXTURES;
    out.nvml = "libsonm-no-such-library.so";
    return out;
}

Machine look(std::string_view fixture) {
    auto machine = detect(options(fixture));
    EXPECT_TRUE(machine) << machine.error().message();
    return machine.value_or(Machine());
}

TEST(Detect, machine_without_limits_is_offered_whole) {
    Machine machine = look("laptop");
    EXPECT_EQ(machine.cpu.model, "Intel(R) Core(TM) i5-6200U CPU @ 2.30GHz");
    EXPECT_EQ(machine.cpu.vendor, "GenuineIntel");
    EXPECT_EQ(machine.cpu.threads, 4u);
    EXPECT_EQ(machine.cpu.cores, 2u);
    EXPECT_EQ(machine.cpu.packages, 1u);
    EXPECT_EQ(machine.cpu.usable_millicores, 4000u);
    EXPECT_EQ(machine.cpu.flags, (std::vector<std::string>{"avx2", "fpu", "sha_ni", "sse2"}));
    EXPECT_EQ(machine.memory.total_bytes, 8'000'000u * KiB);
    EXPECT_EQ(machine.memory.usable_bytes, machine.memory.total_bytes);
}

TEST(Detect, interfaces_say_what_is_physical_and_up_and_only_those_count) {
    Machine machine = look("laptop");
    ASSERT_EQ(machine.interfaces.size(), 3u);
    EXPECT_EQ(machine.interfaces[0], (Interface{"docker0", 10'000'000'000, true, false}));
    EXPECT_EQ(machine.interfaces[1], (Interface{"eth0", 1'000'000'000, true, true}));
    EXPECT_EQ(machine.interfaces[2], (Interface{"wlan0", 0, false, true}));
    EXPECT_EQ(resources_of(machine).net_down_bps, 1'000'000'000u);
}

TEST(Detect, graphics_part_of_the_processor_is_not_offered_and_a_note_says_so) {
    Machine machine = look("laptop");
    EXPECT_TRUE(machine.gpus.empty());
    ASSERT_EQ(machine.notes.size(), 1u);
    EXPECT_NE(machine.notes[0].find("no memory of its own"), std::string::npos);
}

TEST(Detect, cpuset_and_the_tightest_limit_of_any_level_bound_what_is_usable) {
    Machine machine = look("container");
    EXPECT_EQ(machine.cpu.threads, 8u);
    EXPECT_EQ(machine.cpu.packages, 2u);
    EXPECT_EQ(machine.cpu.cores, 8u);
    EXPECT_EQ(machine.cpu.usable, (std::vector<std::uint32_t>{2, 3, 4, 6}));
    EXPECT_EQ(machine.cpu.usable_millicores, 2500u);
    EXPECT_EQ(machine.memory.usable_bytes, 4 * GiB);
    EXPECT_EQ(sizes_of(machine)[Benchmark::cpu_cores], 250u);
    EXPECT_EQ(sizes_of(machine)[Benchmark::ram_size], 4096u);
}

TEST(Detect, version_one_limits_are_found_where_a_container_sees_them) {
    Machine machine = look("server");
    EXPECT_EQ(machine.cpu.usable_millicores, 500u);
    EXPECT_EQ(machine.memory.usable_bytes, 1 * GiB);
}

TEST(Detect, cards_with_memory_are_offered_and_the_smallest_counts) {
    Machine machine = look("server");
    ASSERT_EQ(machine.gpus.size(), 2u);
    EXPECT_EQ(machine.gpus[0].name, "Radeon RX 6800 XT");
    EXPECT_EQ(machine.gpus[0].driver, "amdgpu");
    EXPECT_EQ(machine.gpus[0].render_node, "/dev/dri/renderD129");
    EXPECT_EQ(machine.gpus[1].name, "Intel 8086:56a0");
    EXPECT_EQ(machine.notes.size(), 2u) << "one NVIDIA card without its library, one without a driver";
    EXPECT_EQ(sizes_of(machine)[Benchmark::gpu_count], 2u);
    EXPECT_EQ(sizes_of(machine)[Benchmark::gpu_mem], 8192u);
    EXPECT_EQ(resources_of(machine).gpus, (std::vector<std::uint32_t>{0, 1}));
}

TEST(Detect, nvidia_library_gives_memory_to_known_cards_and_adds_those_that_it_alone_sees) {
    DetectOptions with = options("server");
    with.nvml = SONM_FAKE_NVML;
    Machine machine = detect(with).value();
    ASSERT_EQ(machine.gpus.size(), 4u);
    EXPECT_EQ(machine.gpus[1].pci_address, "0000:41:00.0");
    EXPECT_EQ(machine.gpus[1].name, "Fake Card 0");
    EXPECT_EQ(machine.gpus[1].memory_bytes, 8 * GiB);
    EXPECT_EQ(machine.gpus[3].pci_address, "0000:81:00.0");
    EXPECT_EQ(machine.gpus[3].uuid, "GPU-00000001");
}

TEST(Detect, library_that_is_none_of_nvidias_becomes_a_note) {
    DetectOptions with = options("laptop");
    with.nvml = "libm.so.6";
    Machine machine = detect(with).value();
    ASSERT_EQ(machine.notes.size(), 2u);
    EXPECT_NE(machine.notes[0].find("does not work"), std::string::npos);
}

TEST(Detect, arm_processor_without_names_is_named_by_its_numbers) {
    Machine machine = look("arm");
    EXPECT_EQ(machine.cpu.model, "ARM implementer 0x41 part 0xd0c");
    EXPECT_EQ(machine.cpu.cores, 4u);
    EXPECT_EQ(machine.cpu.usable_millicores, 4000u);
}

TEST(Detect, missing_proc_is_an_error_that_names_the_file) {
    TempDir empty;
    DetectOptions with = options("laptop");
    with.root = empty.path();
    auto machine = detect(with);
    ASSERT_FALSE(machine);
    EXPECT_TRUE(machine.error().is(Errc::not_found));
    EXPECT_NE(machine.error().message().find("/proc/cpuinfo"), std::string::npos);
}

TEST(Detect, missing_storage_folder_is_an_error_that_names_it) {
    DetectOptions with = options("laptop");
    with.storage = "/no/such/folder";
    auto machine = detect(with);
    ASSERT_FALSE(machine);
    EXPECT_TRUE(machine.error().is(Errc::not_found));
    EXPECT_NE(machine.error().message().find("/no/such/folder"), std::string::npos);
}

TEST(Detect, nonsense_in_the_kernels_files_breaks_nothing) {
    TempDir root;
    std::filesystem::create_directories(root / "proc/self");
    std::filesystem::create_directories(root / "sys/class/net/eth0");
    std::ofstream(root / "proc/cpuinfo")
        << "processor : 99999999999999999999\nprocessor : 0\nflags\n: :\nphysical id :\n";
    std::ofstream(root / "proc/meminfo") << "MemTotal: 1 kB\n";
    std::ofstream(root / "proc/self/cgroup") << "::\n0::../../..\n4:memory\n:\n";
    std::ofstream(root / "proc/self/status") << "Cpus_allowed_list:\t4-1,0-99999999999\n";
    std::ofstream(root / "sys/class/net/eth0/type") << "one";
    DetectOptions with = options("laptop");
    with.root = root.path();
    auto machine = detect(with);
    ASSERT_TRUE(machine);
    EXPECT_EQ(machine->cpu.usable_millicores, 1000u);
}

TEST(Detect, this_machine_has_a_processor_memory_and_a_disk) {
    TempDir folder;
    DetectOptions real;
    real.storage = folder.path();
    auto machine = detect(real);
    ASSERT_TRUE(machine) << machine.error().message();
    EXPECT_GT(machine->cpu.usable_millicores, 0u);
    EXPECT_GT(machine->memory.usable_bytes, 0u);
    EXPECT_GT(machine->storage.size_bytes, 0u);
    EXPECT_FALSE(machine->storage.file_system.empty());
    EXPECT_FALSE(describe(*machine).empty());
}

TEST(Fingerprint, free_space_interfaces_and_notes_do_not_change_it_but_parts_and_limits_do) {
    Machine machine = look("server");
    crypto::Hash before = fingerprint(machine);
    Machine same = machine;
    same.storage.free_bytes /= 2;
    same.interfaces.clear();
    same.notes.clear();
    EXPECT_EQ(fingerprint(same), before);

    Machine limited = machine, swapped = machine, moved = machine, cardless = machine;
    limited.cpu.usable_millicores /= 2;
    swapped.cpu.model += " v2";
    moved.storage.device = "/dev/other";
    cardless.gpus.pop_back();
    for (const Machine& other : {limited, swapped, moved, cardless}) EXPECT_NE(fingerprint(other), before);
}

TEST(ParseList, ranges_are_read_and_absurd_ones_refused) {
    EXPECT_EQ(detail::parse_list("0-2,5\n"), (std::vector<std::uint32_t>{0, 1, 2, 5}));
    for (std::string_view text : {"", "a", "3-1", "0-", "0-4294967295", "1,,2"})
        EXPECT_FALSE(detail::parse_list(text)) << text;
}

}  // namespace
}  // namespace sonm::hardware
