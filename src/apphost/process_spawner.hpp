#pragma once

#include "sonm/apphost/control_groups.hpp"
#include "sonm/apphost/spawner.hpp"
#include "sonm/base/process.hpp"

#include <linux/filter.h>

namespace sonm::apphost {

struct ProcessSpawnerConfig {
    std::filesystem::path state;  ///< where it notes which processes it has started
    std::filesystem::path control_groups = "/sys/fs/cgroup";
    bool seccomp = true;
};

/// Workers as processes: a session of their own, no new privileges, the seccomp filter of containers,
/// resource limits, a control group where one can be made, another user where one is given. They die with
/// this program. Must be used from the thread that lives as long as the program: the kernel ends the workers
/// with that thread.
class ProcessSpawner final : public Spawner {
public:
    /// Touches nothing before clean_up(). Errors: those of make_seccomp_filter.
    static Result<std::unique_ptr<ProcessSpawner>> make(Executor executor, ProcessSpawnerConfig config);

    Async<std::unique_ptr<Spawned>> spawn(SpawnSpec spec, OutputFn output) override;
    Async<void> clean_up() override;

private:
    ProcessSpawner(Executor executor, ProcessSpawnerConfig config, std::vector<sock_filter> filter)
        : executor_(std::move(executor)), config_(std::move(config)), filter_(std::move(filter)) {}
    void make_groups();
    Result<std::unique_ptr<Spawned>> start(const SpawnSpec& spec, OutputFn output);

    Executor executor_;
    ProcessSpawnerConfig config_;
    std::vector<sock_filter> filter_;
    std::optional<ControlGroups> groups_;  ///< from clean_up() on, if they can be written
};

}  // namespace sonm::apphost
