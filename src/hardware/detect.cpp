#include "sonm/hardware/detect.hpp"

#include "sonm/hardware/detail/devices.hpp"

namespace sonm::hardware {
namespace {

/// Keeps what can be sold, and says why the rest cannot.
void sort_out(std::vector<Gpu> found, Machine& machine) {
    for (Gpu& gpu : found) {
        if (gpu.sellable()) {
            machine.gpus.push_back(std::move(gpu));
            continue;
        }
        std::string_view why = gpu.driver.empty() ? "no kernel driver" : "no memory of its own is known";
        machine.notes.push_back(fmt::format("{} at {} is not offered: {}", gpu.name, gpu.pci_address, why));
    }
}

}  // namespace

Result<Machine> detect(const DetectOptions& options) {
    detail::Tree tree(options.root);
    detail::Limits limits = detail::read_limits(tree);
    Machine machine;
    SONM_TRY(machine.cpu, detail::find_cpu(tree, limits));
    SONM_TRY(machine.memory, detail::find_memory(tree, limits));
    SONM_TRY(machine.storage, detail::find_storage(tree, options.storage));
    machine.interfaces = detail::find_interfaces(tree);
    std::vector<Gpu> gpus = detail::find_gpus(tree);
    detail::ask_nvml(options.nvml, gpus, machine.notes);
    sort_out(std::move(gpus), machine);
    return machine;
}

}  // namespace sonm::hardware
