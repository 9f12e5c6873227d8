#include "sonm/hardware/detail/devices.hpp"

#include <dlfcn.h>

#include <memory>

namespace sonm::hardware::detail {
namespace {

// The part of NVML's interface that is used, as NVIDIA's "NVML API Reference Guide" gives it: stable names
// with versions.
using NvmlDevice = struct NvmlDeviceOpaque*;
struct NvmlMemory {
    unsigned long long total, free, used;
};
struct NvmlPci {
    char legacy_bus_id[16];
    unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
    char bus_id[32];
};
constexpr int nvml_success = 0;
constexpr unsigned name_bytes = 96;
constexpr unsigned devices_max = 256;

/// The loaded library; knows its functions or nothing. Initialised while it lives.
class Nvml {
public:
    explicit Nvml(const std::string& file) : library_(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL), &close) {
        if (!library_) return;
        bool complete = load("nvmlInit_v2", init_) && load("nvmlShutdown", shutdown_) &&
                        load("nvmlDeviceGetCount_v2", count) &&
                        load("nvmlDeviceGetHandleByIndex_v2", handle) && load("nvmlDeviceGetName", name) &&
                        load("nvmlDeviceGetUUID", uuid) && load("nvmlDeviceGetMemoryInfo", memory) &&
                        load("nvmlDeviceGetPciInfo_v3", pci);
        ready_ = complete && init_() == nvml_success;
    }
    Nvml(const Nvml&) = delete;
    ~Nvml() {
        if (ready_) shutdown_();
    }
    bool present() const { return library_ != nullptr; }
    bool ready() const { return ready_; }

    int (*count)(unsigned*) = nullptr;
    int (*handle)(unsigned, NvmlDevice*) = nullptr;
    int (*name)(NvmlDevice, char*, unsigned) = nullptr;
    int (*uuid)(NvmlDevice, char*, unsigned) = nullptr;
    int (*memory)(NvmlDevice, NvmlMemory*) = nullptr;
    int (*pci)(NvmlDevice, NvmlPci*) = nullptr;

private:
    static void close(void* library) { ::dlclose(library); }
    template <class F>
    bool load(const char* symbol, F& function) {
        function = reinterpret_cast<F>(::dlsym(library_.get(), symbol));
        return function != nullptr;
    }

    std::unique_ptr<void, void (*)(void*)> library_;
    int (*init_)() = nullptr;
    int (*shutdown_)() = nullptr;
    bool ready_ = false;
};

/// The kernel writes "0000:01:00.0", the library "00000000:01:00.0".
std::string kernel_address(const NvmlPci& pci) {
    return fmt::format("{:04x}:{:02x}:{:02x}.0", pci.domain, pci.bus, pci.device);
}

std::optional<Gpu> read_card(const Nvml& nvml, unsigned index) {
    NvmlDevice device = nullptr;
    NvmlMemory memory{};
    NvmlPci pci{};
    char name[name_bytes] = {}, uuid[name_bytes] = {};
    bool known = nvml.handle(index, &device) == nvml_success &&
                 nvml.memory(device, &memory) == nvml_success && nvml.pci(device, &pci) == nvml_success &&
                 nvml.name(device, name, name_bytes) == nvml_success;
    if (!known) return std::nullopt;
    nvml.uuid(device, uuid, name_bytes);
    Gpu gpu;
    gpu.pci_address = kernel_address(pci);
    gpu.vendor = static_cast<std::uint16_t>(pci.pci_device_id & 0xffff);
    gpu.device = static_cast<std::uint16_t>(pci.pci_device_id >> 16);
    gpu.name.assign(name, ::strnlen(name, name_bytes));
    gpu.uuid.assign(uuid, ::strnlen(uuid, name_bytes));
    gpu.driver = "nvidia";
    gpu.memory_bytes = memory.total;
    return gpu;
}

void merge(Gpu card, std::vector<Gpu>& gpus) {
    auto same = std::find_if(gpus.begin(), gpus.end(),
                             [&](const Gpu& gpu) { return gpu.pci_address == card.pci_address; });
    if (same != gpus.end()) {
        card.render_node = same->render_node;
        *same = std::move(card);
    } else {
        gpus.push_back(std::move(card));
    }
}

}  // namespace

void ask_nvml(const std::string& library, std::vector<Gpu>& gpus, std::vector<std::string>& notes) {
    Nvml nvml(library);
    if (!nvml.present()) return;
    unsigned count = 0;
    if (!nvml.ready() || nvml.count(&count) != nvml_success) {
        notes.push_back(
            fmt::format("NVIDIA's library {} is there but does not work: is the driver loaded?", library));
        return;
    }
    for (unsigned index = 0; index < std::min(count, devices_max); ++index) {
        if (auto card = read_card(nvml, index))
            merge(std::move(*card), gpus);
        else
            notes.push_back(fmt::format("NVIDIA GPU {} does not answer", index));
    }
    std::sort(gpus.begin(), gpus.end(),
              [](const Gpu& a, const Gpu& b) { return a.pci_address < b.pci_address; });
}

}  // namespace sonm::hardware::detail
