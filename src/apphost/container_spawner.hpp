#pragma once

#include "sonm/apphost/spawner.hpp"
#include "sonm/engine/engine.hpp"

namespace sonm::apphost {

/// Workers as containers, hardened as all containers of the engine room are: no network, read-only root. The
/// application's folder is mounted read-only, and the node's sockets (for workers, and the locator, told in
/// SONM_NODE), all under the paths that they have outside. `node` tells the containers of one node from those
/// of others.
class ContainerSpawner final : public Spawner {
public:
    ContainerSpawner(Executor executor, std::unique_ptr<engine::Engine> engine, std::string node);

    Async<std::unique_ptr<Spawned>> spawn(SpawnSpec spec, OutputFn output) override;
    Async<void> clean_up() override;

private:
    Executor executor_;
    std::shared_ptr<engine::Engine> engine_;
    engine::Labels labels_;
};

}  // namespace sonm::apphost
