// Two cards by NVML's names, for tests: one at the address of the fixture, one that only the library knows.

#include <cstdio>
#include <cstring>

namespace {
struct Memory {
    unsigned long long total, free, used;
};
struct Pci {
    char legacy_bus_id[16];
    unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
    char bus_id[32];
};
unsigned index_of(void* device) { return static_cast<unsigned>(reinterpret_cast<unsigned long>(device)) - 1; }
}  // namespace

extern "C" {
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
    *count = 2;
    return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
    *device = reinterpret_cast<void*>(static_cast<unsigned long>(index) + 1);
    return 0;
}
int nvmlDeviceGetName(void* device, char* out, unsigned size) {
    std::snprintf(out, size, "Fake Card %u", index_of(device));
    return 0;
}
int nvmlDeviceGetUUID(void* device, char* out, unsigned size) {
    std::snprintf(out, size, "GPU-0000000%u", index_of(device));
    return 0;
}
int nvmlDeviceGetMemoryInfo(void* device, Memory* out) {
    *out = {(index_of(device) + 1) * (8ULL << 30), 0, 0};
    return 0;
}
int nvmlDeviceGetPciInfo_v3(void* device, Pci* out) {
    *out = {};
    out->bus = index_of(device) == 0 ? 0x41 : 0x81;
    out->pci_device_id = 0x233510de;
    std::snprintf(out->bus_id, sizeof out->bus_id, "00000000:%02X:00.0", out->bus);
    return 0;
}
}
