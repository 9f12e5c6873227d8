#include "sonm/apphost/apphost.hpp"

#include "sonm/apphost/container_spawner.hpp"
#include "sonm/apphost/host.hpp"
#include "sonm/engine/docker_engine.hpp"

namespace sonm::apphost {

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Config config;
    fields(args, config);
    if (args.describing()) return std::unique_ptr<services::PlatformService>();
    auto users = worker_users(config.users, environment.folder);
    if (!users) return wrap(std::move(users.error()), "{}", environment.name);
    ProcessSpawnerConfig processes;
    processes.state = environment.folder / "workers";
    processes.control_groups = config.control_groups;
    processes.seccomp = config.seccomp;
    SONM_TRY(std::unique_ptr<Spawner> spawner,
             ProcessSpawner::make(environment.executor, std::move(processes)));
    std::unique_ptr<Spawner> containers;
    if (!config.engine.empty()) {
        engine::DockerConfig docker;
        docker.address = config.engine;
        if (config.engine == "system") {
            SONM_TRY(docker.address, engine::engine_address(std::getenv("DOCKER_HOST")));
        }
        docker.spool_folder = environment.folder;
        auto connected = std::make_unique<engine::DockerEngine>(environment.executor, std::move(docker));
        containers = std::make_unique<ContainerSpawner>(environment.executor, std::move(connected),
                                                        environment.folder.string());
    }
    return std::unique_ptr<services::PlatformService>(std::make_unique<AppHost>(
        std::move(environment), std::move(config), *users, std::move(spawner), std::move(containers)));
}

}  // namespace sonm::apphost
