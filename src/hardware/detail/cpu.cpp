#include "sonm/base/errc.hpp"
#include "sonm/hardware/detail/devices.hpp"

#include <set>

namespace sonm::hardware::detail {
namespace {

/// /proc/cpuinfo: "key : value" lines, an empty line between processors.
struct Processor {
    std::uint32_t number = 0;
    std::string package = "0", core;
};

/// ARM names its cores by number; the kernel's files have no word for them.
std::string arm_name(std::string_view implementer, std::string_view part) {
    return implementer.empty() ? "" : fmt::format("ARM implementer {} part {}", implementer, part);
}

std::vector<std::string> words(std::string_view text) {
    std::set<std::string> sorted;
    for (std::string_view word : split(text, ' ')) {
        if (!word.empty()) sorted.emplace(word);
    }
    return {sorted.begin(), sorted.end()};
}

std::vector<Processor> read_processors(std::string_view cpuinfo, Cpu& cpu) {
    std::vector<Processor> processors;
    std::string_view implementer, part;
    for (std::string_view line : split(cpuinfo, '\n')) {
        std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        std::string_view key = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
        if (key == "processor") {
            auto number = parse_number(value);
            if (!number) continue;
            processors.push_back({static_cast<std::uint32_t>(*number), "0", std::string(value)});
        } else if (key == "vendor_id") {
            cpu.vendor = value;
        } else if (key == "model name") {
            cpu.model = value;
        } else if (key == "CPU implementer") {
            implementer = value;
        } else if (key == "CPU part") {
            part = value;
        } else if ((key == "flags" || key == "Features") && cpu.flags.empty()) {
            cpu.flags = words(value);
        } else if (key == "physical id" && !processors.empty()) {
            processors.back().package = value;
        } else if (key == "core id" && !processors.empty()) {
            processors.back().core = value;
        }
    }
    if (cpu.model.empty()) cpu.model = arm_name(implementer, part);
    return processors;
}

/// The processors that the cpuset and the affinity leave to this process.
std::vector<std::uint32_t> read_allowed(const Tree& tree) {
    std::string status = tree.text("/proc/self/status").value_or("");
    constexpr std::string_view key = "Cpus_allowed_list:";
    for (std::string_view line : split(status, '\n')) {
        if (line.starts_with(key))
            return parse_list(line.substr(key.size())).value_or(std::vector<std::uint32_t>());
    }
    return {};
}

}  // namespace

Result<Cpu> find_cpu(const Tree& tree, const Limits& limits) {
    auto cpuinfo = tree.text("/proc/cpuinfo");
    if (!cpuinfo) return fail(Errc::not_found, "{}: is /proc mounted?", (tree / "/proc/cpuinfo").native());
    Cpu cpu;
    std::set<std::string> packages;
    std::set<std::pair<std::string, std::string>> cores;
    std::vector<std::uint32_t> allowed = read_allowed(tree);
    for (const Processor& processor : read_processors(*cpuinfo, cpu)) {
        ++cpu.threads;
        packages.insert(processor.package);
        cores.emplace(processor.package, processor.core);
        // Processors may be allowed that are not plugged in.
        bool usable =
            allowed.empty() || std::find(allowed.begin(), allowed.end(), processor.number) != allowed.end();
        if (usable) cpu.usable.push_back(processor.number);
    }
    if (cpu.threads == 0)
        return fail(Errc::not_found, "no processor in {}", (tree / "/proc/cpuinfo").native());
    std::sort(cpu.usable.begin(), cpu.usable.end());
    cpu.packages = static_cast<std::uint32_t>(packages.size());
    cpu.cores = static_cast<std::uint32_t>(cores.size());
    cpu.usable_millicores = cpu.usable.size() * 1000;
    if (limits.cpu_millicores)
        cpu.usable_millicores = std::min(cpu.usable_millicores, *limits.cpu_millicores);
    return cpu;
}

Result<Memory> find_memory(const Tree& tree, const Limits& limits) {
    std::string meminfo = tree.text("/proc/meminfo").value_or("");
    constexpr std::string_view key = "MemTotal:", unit = "kB";
    for (std::string_view line : split(meminfo, '\n')) {
        if (!line.starts_with(key) || !line.ends_with(unit)) continue;
        line = trimmed(line.substr(key.size(), line.size() - key.size() - unit.size()));
        auto kib = parse_number(line);
        if (!kib || *kib == 0 || *kib > UINT64_MAX / KiB) break;
        std::uint64_t total = *kib * KiB;
        return Memory{total, std::min(total, limits.memory_bytes.value_or(total))};
    }
    return fail(Errc::not_found, "no MemTotal in {}", (tree / "/proc/meminfo").native());
}

}  // namespace sonm::hardware::detail
