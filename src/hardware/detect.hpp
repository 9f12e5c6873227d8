#pragma once

#include "sonm/hardware/machine.hpp"

#include <filesystem>

namespace sonm::hardware {

struct DetectOptions {
    std::filesystem::path root = "/";        ///< where /proc and /sys are; tests have a tree of their own
    std::filesystem::path storage = "/";     ///< folder whose disk is offered; must exist; not below `root`
    std::string nvml = "libnvidia-ml.so.1";  ///< NVIDIA's management library, loaded if it is there
};

/// Looks at this machine: processor, memory, the disk below `storage`, network interfaces, GPUs, and what the
/// control groups allow this process of them. Reads files and asks the driver's library; contacts nobody.
/// Takes milliseconds; with NVML up to a second or two, so call it before the event loop or offload it. What
/// is missing becomes a note. Errors: not_found (no /proc/cpuinfo or /proc/meminfo; no such folder).
Result<Machine> detect(const DetectOptions& options);

}  // namespace sonm::hardware
