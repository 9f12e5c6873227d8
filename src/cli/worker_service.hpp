#pragma once

#include "sonm/cli/context.hpp"
#include "sonm/hardware/detect.hpp"
#include "sonm/hardware/report_file.hpp"
#include "sonm/services/platform.hpp"
#include "sonm/worker/config.hpp"

namespace sonm::cli {

/// What this machine has, with `state` as its disk; makes that folder.
Result<hardware::Machine> machine_of(const std::filesystem::path& state);
/// What it can do: measured once and kept in `state`, or `again`.
Async<hardware::BenchmarkReport> benchmarks(Context& context, hardware::Machine machine,
                                            std::filesystem::path state, bool again);

/// The worker as a service of a node. It has a server of its own: its customers prove their accounts. The
/// key, the chain and the engine are opened when it starts. `context` and `group` outlive it; `context` is
/// its own.
std::unique_ptr<services::PlatformService> make_worker(Context& context, TaskGroup& group,
                                                       worker::WorkerConfig config);

}  // namespace sonm::cli
