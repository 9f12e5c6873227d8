#pragma once

#include "sonm/crypto/types.hpp"
#include "sonm/model/resources.hpp"

#include <optional>
#include <string>
#include <vector>

/// What a machine has. Everything here is a value; absent facts are empty or 0.
namespace sonm::hardware {

struct Cpu {
    std::string vendor, model;  ///< "GenuineIntel", "Intel(R) Xeon(R) ..."
    std::uint32_t threads = 0;  ///< logical processors of the machine
    std::uint32_t cores = 0;    ///< physical cores
    std::uint32_t packages = 0;
    std::vector<std::uint32_t>
        usable;  ///< processors that this process may run on (cpuset, affinity), sorted
    std::uint64_t usable_millicores = 0;  ///< the same, and no more than the control groups' quota
    std::vector<std::string> flags;       ///< instruction sets, as the kernel names them, sorted
    bool operator==(const Cpu&) const = default;
};

struct Memory {
    std::uint64_t total_bytes = 0;
    std::uint64_t usable_bytes = 0;  ///< no more than the control groups allow
    bool operator==(const Memory&) const = default;
};

struct Storage {
    std::string path;         ///< the folder that was asked about
    std::string device;       ///< "/dev/vda1", "overlay"
    std::string file_system;  ///< "ext4"
    std::uint64_t size_bytes = 0;
    std::uint64_t free_bytes = 0;  ///< for an ordinary user, at the time of looking
    std::optional<bool> rotational;
    bool operator==(const Storage&) const = default;
};

struct Interface {
    std::string name;
    std::uint64_t speed_bps = 0;  ///< bit/s of the link, one direction; 0 = the driver does not say
    bool up = false;
    bool physical = false;  ///< has a device behind it: no bridge, tunnel or pair
    bool operator==(const Interface&) const = default;
};

struct Gpu {
    std::string pci_address;               ///< "0000:01:00.0"
    std::uint16_t vendor = 0, device = 0;  ///< PCI ids
    std::string name;                      ///< "NVIDIA H200", or the PCI ids
    std::string uuid;                      ///< the vendor's, if it gives one
    std::string driver;                    ///< kernel driver: "nvidia", "amdgpu", "i915"
    std::string render_node;               ///< "/dev/dri/renderD128"
    std::uint64_t memory_bytes = 0;        ///< of its own
    bool operator==(const Gpu&) const = default;
    /// A card with memory of its own and a driver; the graphics part of a processor is not for sale.
    bool sellable() const { return memory_bytes > 0 && !driver.empty(); }
};

struct Machine {
    Cpu cpu;
    Memory memory;
    Storage storage;
    std::vector<Interface> interfaces;
    std::vector<Gpu> gpus;  ///< by PCI address; only sellable ones, and so a GPU's index is its place here
    std::vector<std::string> notes;  ///< what could not be found out, for people
    bool operator==(const Machine&) const = default;
};

/// All that can be sold. Network rates are the sum over physical interfaces that are up, both ways alike;
/// storage is what is free now, so what the asker's own files take must be added by who knows them.
model::Resources resources_of(const Machine& machine);

/// The same as long as the measured speeds can be relied on: changes with processor, limits, memory, disk,
/// GPUs, and with the benchmarks themselves. Free space, addresses, interfaces do not count.
crypto::Hash fingerprint(const Machine& machine);

/// The benchmarks that are sizes and counts and need no measuring: cpu-cores, ram-size, storage-size,
/// gpu-count, gpu-mem.
model::Benchmarks sizes_of(const Machine& machine);

/// A few lines for people: one per kind of device.
std::string describe(const Machine& machine);

}  // namespace sonm::hardware
