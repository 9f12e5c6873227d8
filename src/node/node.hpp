#pragma once

#include "sonm/http/server.hpp"
#include "sonm/locator/locator.hpp"
#include "sonm/node/config.hpp"
#include "sonm/node/door.hpp"
#include "sonm/node/metrics.hpp"
#include "sonm/rpc/server.hpp"
#include "sonm/services/node_admin.hpp"

namespace sonm::node {

/// What a node stands on. The references outlive it.
struct NodeParts {
    Executor executor;
    const Clock& clock;
    const Types& types;
    std::string version;
    const crypto::Signer* signer = nullptr;  ///< answers identity proofs
    bool log_level_given = false;            ///< on the command line: the configuration's does not count
    bool follow_signals = false;             ///< SIGTERM and SIGINT stop, SIGHUP reloads
};

/// One daemon: a locator with services. Reads which from its configuration, starts each before it is
/// announced, serves until it is told to stop, lets calls end, ends. One executor. Resource type.
///
/// Life: made; load() or preset() and add(); serve().
class Node final : public services::Host {
public:
    explicit Node(NodeParts parts);
    ~Node() override;
    Node(const Node&) = delete;

    /// Reads the configuration and makes its services. Errors: invalid (file, line, what), those of read_file
    /// and of the factories.
    Result<void> load(const std::filesystem::path& file);
    /// The same for a node that is made without a file.
    void preset(NodeConfig config) { config_ = std::move(config); }
    void add(ServiceEntry entry, std::unique_ptr<services::PlatformService> service);
    /// Whether `file` is a configuration that could be loaded. Touches nothing that it names.
    static Result<NodeConfig> check(NodeParts parts, const std::filesystem::path& file);
    /// The key is known only after the configuration. Before serve().
    void set_signer(const crypto::Signer* signer) { parts_.signer = signer; }

    /// Starts everything, serves until stop() or a signal, drains. A cancellation does not reach it: what
    /// cancels (a signal) is followed here, so that it ends in peace, within the drain time. Errors: a
    /// service that does not start (which, why), a port that is taken, another daemon on this state folder
    /// (exists); all services have failed (internal).
    Async<void> serve();
    /// Ends serve() in peace. Any time.
    void stop();
    /// Reads the file again and takes over what can be. A sentence for each change. Errors: those of load;
    /// then nothing has changed.
    Result<std::vector<std::string>> reload();

    const NodeConfig& config() const { return config_; }
    services::NodeInfo info() const;
    /// A connection to a name that is served here, as somebody without an account. Errors:
    /// service_not_available, busy.
    Result<rpc::Connection> connect_as_nobody(std::string_view name);
    /// What a name that is served here speaks; nullptr if it is not.
    const rpc::ProtocolInfo* protocol_of(std::string_view name) const;
    /// All that is worth watching, in the format of Prometheus.
    std::string metrics() const;

    // ---- services::Host
    Result<void> publish(const std::string& name, const rpc::ServiceBase& service) override;
    Async<void> withdraw(std::string name) override;
    Async<rpc::Connection> connect(std::string name) override;
    Result<void> check_door(const services::Door& door) override;
    Result<void> open_door(services::Door door) override;
    Async<void> close_door(std::filesystem::path socket) override;
    std::vector<rpc::Endpoint> locator() const override;
    rpc::ConnectOptions connect_options() const override;
    bool wants_proof() const override { return config_.identity_required; }

private:
    enum class Phase : std::uint8_t { starting, running, draining };
    struct Unit {
        ServiceEntry entry;
        std::unique_ptr<services::PlatformService> service;
        std::string text;  ///< its item of the configuration, to see whether it has changed
        std::string state = "starting";
        std::string note;
    };
    using Keep = std::function<void(ServiceEntry, std::unique_ptr<services::PlatformService>)>;
    static std::filesystem::path folder_of(const ServiceEntry& entry, const std::filesystem::path& state);
    services::Environment environment_of(const ServiceEntry& entry, const std::filesystem::path& state);
    Result<NodeConfig> read(std::string_view text, const std::filesystem::path& file, const Keep& keep);

    // node_reload.cpp
    /// Lets services read their changed arguments. A sentence for each change of the file.
    std::vector<std::string> take_over(std::string_view text, const std::string& name);
    void take_over(const NodeConfig& fresh);
    std::string reload_service(Unit& unit, YamlReader& args);

    // node_life.cpp
    Async<void> live(TaskGroup& group);
    Async<void> open(TaskGroup& group);
    Task<void> open_and_tell(TaskGroup& group, std::optional<Result<void>>& opened);
    Async<void> start(Unit& unit, TaskGroup& group);
    Task<void> keep_running(Unit& unit);
    rpc::ServerOptions server_options() const;
    /// Serves it here and behind the doors that lead to it.
    Result<void> offer(const std::string& name, const rpc::ServiceBase& service,
                       std::unique_ptr<Listener> own);
    Async<void> drain();
    Task<void> drain_units();
    Task<void> drain_unit(Unit& unit);
    Result<std::shared_ptr<NodeDoor>> make_door(services::Door door);
    static Task<void> run_door(std::shared_ptr<NodeDoor> door);
    static Task<void> drain_door(std::shared_ptr<NodeDoor> door, Millis limit);
    static void raise_open_files(std::uint32_t connections);
    void make_locator();
    /// Where routing groups are, once somebody may have some.
    void make_groups();
    Task<void> refresh_groups();
    Async<rpc::Connection> connect_elsewhere(std::string name);
    Task<void> follow_signals();
    void on_hangup();
    /// Nothing where services have no ports of their own.
    Result<std::unique_ptr<Listener>> next_port(const std::string& pinned);

    NodeParts parts_;
    NodeConfig config_;
    std::filesystem::path file_;
    std::string text_;  ///< of the file, as it was read
    std::vector<std::unique_ptr<Unit>> units_;
    rpc::Service<services::NodeAdminProtocol> admin_;
    std::unique_ptr<rpc::Server> server_, admin_server_;
    std::map<std::string, const rpc::ServiceBase*> offered_;  ///< what server_ serves, beside the locator
    std::vector<std::shared_ptr<NodeDoor>> doors_;
    std::unique_ptr<locator::GroupStore> groups_;
    std::unique_ptr<locator::Locator> locator_;
    std::unique_ptr<http::Server> http_;
    std::string http_address_;
    std::uint32_t ports_taken_ = 0;
    UnixTime started_;
    Phase phase_ = Phase::starting;
    TaskGroup* group_ = nullptr;  ///< while serve() is at work
    bool stopping_ = false;
    Channel<bool> wake_;  ///< the node is up or not, or shall stop
};

}  // namespace sonm::node
