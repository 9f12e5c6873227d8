#include "sonm/hardware/machine.hpp"

#include "sonm/base/units.hpp"
#include "sonm/crypto/keccak.hpp"

namespace sonm::hardware {
namespace {

/// Goes up when a benchmark changes what its numbers mean; then everything is measured again.
constexpr int benchmark_version = 1;

std::string describe_storage(const Storage& storage) {
    std::string_view kind = !storage.rotational ? "" : *storage.rotational ? ", rotating" : ", solid state";
    return fmt::format("{} of {} free at {} ({} on {}{})", print_bytes(storage.free_bytes / MiB * MiB),
                       print_bytes(storage.size_bytes / MiB * MiB), storage.path, storage.file_system,
                       storage.device, kind);
}

std::string describe_interface(const Interface& interface) {
    std::string speed = interface.speed_bps ? print_bit_rate(interface.speed_bps) : "speed unknown";
    return fmt::format("{} ({}{}{})", interface.name, speed, interface.up ? "" : ", down",
                       interface.physical ? "" : ", virtual");
}

}  // namespace

model::Resources resources_of(const Machine& machine) {
    model::Resources out;
    out.cpu_millicores = machine.cpu.usable_millicores;
    out.ram_bytes = machine.memory.usable_bytes;
    out.storage_bytes = machine.storage.free_bytes;
    for (const Interface& interface : machine.interfaces) {
        if (interface.physical && interface.up) out.net_down_bps += interface.speed_bps;
    }
    out.net_up_bps = out.net_down_bps;
    for (std::uint32_t i = 0; i < machine.gpus.size(); ++i) out.gpus.push_back(i);
    return out;
}

crypto::Hash fingerprint(const Machine& machine) {
    const Cpu& cpu = machine.cpu;
    std::string text =
        fmt::format("benchmarks {}\ncpu {}|{}|{}|{}|{}\nmemory {}\nstorage {}|{}|{}|{}\n", benchmark_version,
                    cpu.vendor, cpu.model, cpu.usable.size(), cpu.usable_millicores,
                    fmt::join(cpu.flags, " "), machine.memory.usable_bytes, machine.storage.path,
                    machine.storage.device, machine.storage.file_system, machine.storage.size_bytes);
    for (const Gpu& gpu : machine.gpus) {
        text += fmt::format("gpu {}|{:04x}:{:04x}|{}|{}|{}\n", gpu.pci_address, gpu.vendor, gpu.device,
                            gpu.name, gpu.uuid, gpu.memory_bytes);
    }
    return crypto::keccak256(as_bytes(text));
}

model::Benchmarks sizes_of(const Machine& machine) {
    using model::Benchmark;
    model::Benchmarks out;
    out[Benchmark::cpu_cores] = machine.cpu.usable_millicores / 10;
    out[Benchmark::ram_size] = machine.memory.usable_bytes / MiB;
    out[Benchmark::storage_size] = machine.storage.free_bytes / MiB;
    out[Benchmark::gpu_count] = machine.gpus.size();
    for (const Gpu& gpu : machine.gpus) {
        std::uint64_t mib = gpu.memory_bytes / MiB;
        if (out[Benchmark::gpu_mem] == 0 || mib < out[Benchmark::gpu_mem]) out[Benchmark::gpu_mem] = mib;
    }
    return out;
}

std::string describe(const Machine& machine) {
    const Cpu& cpu = machine.cpu;
    std::string text = fmt::format("processor  {}, {} usable of {} threads on {} cores\n",
                                   cpu.model.empty() ? "unknown" : cpu.model,
                                   print_cores(cpu.usable_millicores), cpu.threads, cpu.cores);
    text += fmt::format("memory     {} usable of {}\n", print_bytes(machine.memory.usable_bytes / MiB * MiB),
                        print_bytes(machine.memory.total_bytes / MiB * MiB));
    text += fmt::format("storage    {}\n", describe_storage(machine.storage));
    for (const Interface& interface : machine.interfaces) {
        // Bridges and tunnels that are down come in dozens and say nothing.
        if (interface.physical || interface.up)
            text += fmt::format("network    {}\n", describe_interface(interface));
    }
    for (std::size_t i = 0; i < machine.gpus.size(); ++i) {
        const Gpu& gpu = machine.gpus[i];
        text += fmt::format("GPU {}      {}, {} ({})\n", i, gpu.name,
                            print_bytes(gpu.memory_bytes / MiB * MiB), gpu.pci_address);
    }
    for (const std::string& note : machine.notes) text += fmt::format("note       {}\n", note);
    return text;
}

}  // namespace sonm::hardware
