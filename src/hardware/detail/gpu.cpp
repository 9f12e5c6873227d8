#include "sonm/hardware/detail/devices.hpp"

namespace sonm::hardware::detail {
namespace {

/// Makers of processors that compute; virtual and server-management displays are not among them.
struct Maker {
    std::uint16_t id;
    std::string_view name;
};
constexpr Maker makers[] = {{0x10de, "NVIDIA"}, {0x1002, "AMD"}, {0x8086, "Intel"}};

/// PCI base class of display controllers, in bits 16..23 of the class.
constexpr std::uint64_t display_class = 0x03;

std::string name_of(const Tree& tree, const Gpu& gpu, std::string_view maker) {
    // NVIDIA's driver says the name in a file: "Model: \t\t NVIDIA H200".
    std::string about =
        tree.text("/proc/driver/nvidia/gpus/" + gpu.pci_address + "/information").value_or("");
    for (std::string_view line : split(about, '\n')) {
        if (line.starts_with("Model:")) return std::string(trimmed(line.substr(6)));
    }
    auto product = tree.text("/sys/bus/pci/devices/" + gpu.pci_address + "/product_name");
    if (product && !product->empty()) return *product;
    return fmt::format("{} {:04x}:{:04x}", maker, gpu.vendor, gpu.device);
}

std::uint64_t memory_of(const Tree& tree, const std::string& folder) {
    if (auto bytes = tree.number(folder + "/mem_info_vram_total")) return *bytes;  // amdgpu
    for (const std::string& name : tree.names(folder + "/drm")) {
        if (!name.starts_with("card")) continue;
        if (auto bytes = tree.number(folder + "/drm/" + name + "/lmem_total_bytes")) return *bytes;  // i915
    }
    return 0;
}

}  // namespace

std::vector<Gpu> find_gpus(const Tree& tree) {
    std::vector<Gpu> out;
    for (const std::string& address : tree.names("/sys/bus/pci/devices")) {
        std::string folder = "/sys/bus/pci/devices/" + address;
        auto kind = tree.number(folder + "/class"), vendor = tree.number(folder + "/vendor"),
             device = tree.number(folder + "/device");
        if (!kind || !vendor || !device || *kind >> 16 != display_class) continue;
        auto maker = std::find_if(std::begin(makers), std::end(makers),
                                  [&](const Maker& m) { return m.id == *vendor; });
        if (maker == std::end(makers)) continue;
        Gpu gpu;
        gpu.pci_address = address;
        gpu.vendor = maker->id;
        gpu.device = static_cast<std::uint16_t>(*device);
        gpu.driver = tree.link_name(folder + "/driver");
        gpu.name = name_of(tree, gpu, maker->name);
        gpu.memory_bytes = memory_of(tree, folder);
        for (const std::string& name : tree.names(folder + "/drm")) {
            if (name.starts_with("renderD")) gpu.render_node = "/dev/dri/" + name;
        }
        out.push_back(std::move(gpu));
    }
    return out;
}

}  // namespace sonm::hardware::detail
