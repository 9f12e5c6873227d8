#pragma once

#include "sonm/apphost/config.hpp"
#include "sonm/apphost/places.hpp"
#include "sonm/apphost/process_spawner.hpp"
#include "sonm/apphost/store.hpp"
#include "sonm/services/platform.hpp"

#include <set>

namespace sonm::apphost {

/// The service behind `make`.
class AppHost final : public services::PlatformService {
public:
    /// `users`: see worker_users. `containers` may be missing.
    AppHost(services::Environment environment, Config config, std::optional<UserRange> users,
            std::unique_ptr<Spawner> processes, std::unique_ptr<Spawner> containers);

    const rpc::ServiceBase& handlers() const override { return service_; }
    Async<void> start() override;
    Task<void> run() override;
    Async<void> drain() override;
    /// Takes over how many applications there may be; those that run go on.
    Result<void> reload(YamlReader& args) override;
    void measure(std::vector<services::Metric>& out) const override;

private:
    struct Running {
        std::unique_ptr<App> app;
        std::string profile;
        std::shared_ptr<const unsigned> user;  ///< nothing: the node's own, or a container's
        std::filesystem::path door;            ///< of its containers; may be empty
    };
    using RunningPtr = std::shared_ptr<Running>;

    void bind();
    /// Errors: not_running.
    Result<RunningPtr> find(const std::string& name) const;
    Async<void> start_app(std::string name, std::string profile);
    Async<void> pause_app(std::string name);
    Async<services::AppUpdate> update(std::string name, std::string profile);
    Async<void> launch(std::string name, std::string profile);
    Async<Version> unpack(const std::string& name, StoredApp stored, std::shared_ptr<const unsigned> user);
    /// The folder is removed after the last copy of this; till then nobody else is that user.
    std::shared_ptr<const void> keep(std::filesystem::path folder, std::shared_ptr<const unsigned> user);
    Task<void> remove(std::filesystem::path folder, std::shared_ptr<const unsigned> user);
    Task<void> live(RunningPtr running);
    /// Takes back what launch() gave it: its name and its door.
    Task<void> close(RunningPtr running);
    /// What the containers of one application see of the node.
    services::Door door(std::filesystem::path socket) const;
    Task<void> start_runlist();
    Async<void> remember(std::string name, std::optional<std::string> profile);
    Task<void> report(Crash crash);
    /// Folder of what containers are given: nobody else on this machine comes into it.
    std::filesystem::path boxes() const { return places_.runtime() / "box"; }

    services::Environment environment_;
    Config config_;
    std::unique_ptr<Spawner> processes_, containers_;
    AppStore store_;
    UserLeases users_;
    Places places_;
    rpc::Service<services::NodeProtocol> service_;
    std::map<std::string, RunningPtr> apps_;
    std::set<std::string> starting_;
    TaskGroup* group_ = nullptr;
    std::uint64_t unpacked_ = 0;
    std::size_t removing_ = 0;  ///< folders
    bool writing_runlist_ = false;
};

}  // namespace sonm::apphost
