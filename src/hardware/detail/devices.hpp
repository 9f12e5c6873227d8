#pragma once

#include "sonm/hardware/detail/tree.hpp"
#include "sonm/hardware/machine.hpp"

/// One function a kind of device. What cannot be found out is said in `notes`.
namespace sonm::hardware::detail {

/// The control groups that this process is in, with what each level up to the root allows; version 1, 2 or
/// both.
struct Limits {
    std::optional<std::uint64_t> cpu_millicores;
    std::optional<std::uint64_t> memory_bytes;
};
Limits read_limits(const Tree& tree);

/// Errors: not_found.
Result<Cpu> find_cpu(const Tree& tree, const Limits& limits);
Result<Memory> find_memory(const Tree& tree, const Limits& limits);
/// `folder` is a real folder; its device is looked up in the tree. Errors: not_found, denied, io.
Result<Storage> find_storage(const Tree& tree, const std::filesystem::path& folder);
std::vector<Interface> find_interfaces(const Tree& tree);
/// Display controllers of the known makers, by PCI address; also those that are not for sale.
std::vector<Gpu> find_gpus(const Tree& tree);
/// Adds what NVIDIA's library knows (name, memory, uuid), matching by PCI address. A card that only the
/// library sees is added.
void ask_nvml(const std::string& library, std::vector<Gpu>& gpus, std::vector<std::string>& notes);

}  // namespace sonm::hardware::detail
