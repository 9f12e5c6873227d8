#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/base/yaml.hpp"
#include "sonm/rpc/client.hpp"
#include "sonm/rpc/locator.hpp"

#include <filesystem>
#include <set>

/// What a node and the services in it know of each other. A service holds message handlers only: no socket,
/// no address; the node gives it a name, a port and a place in the locator.
namespace sonm::services {

/// One measured value, as Prometheus understands it.
struct Metric {
    enum class Kind : std::uint8_t { gauge, counter };
    std::string name;  ///< without the prefix `sonm_<type>_`; counters end in _total
    std::string help;
    Kind kind = Kind::gauge;
    double value = 0;
    std::vector<std::pair<std::string, std::string>> labels;
};

/// A unix socket for somebody who is confined: some services of this node, asked for by attaching to their
/// names, and a locator that knows those names only and takes none. A storage is there to be read.
struct Door {
    std::filesystem::path socket;
    std::set<std::string> services;
    std::set<std::string> closed_collections;  ///< of a storage: not even read
    std::size_t connections_max = 128;         ///< beside those of the node and of other doors
};

/// The node as its services see it. Outlives them; one executor.
class Host {
public:
    virtual ~Host() = default;
    /// Serves `service` under `name` on a port of its own and announces it; for services that come while the
    /// node runs. Errors: exists (the name is taken), io (no port). `service` must live until `withdraw`.
    virtual Result<void> publish(const std::string& name, const rpc::ServiceBase& service) = 0;
    /// Ends the sessions of that service and takes its name back. Nothing refers to the service afterwards.
    virtual Async<void> withdraw(std::string name) = 0;
    /// A connection to a service by name: of this node, else one that the gateway knows. Errors: those of
    /// rpc::connect.
    virtual Async<rpc::Connection> connect(std::string name) = 0;
    /// Whether such a door may be opened. Errors: denied (a name of it leads to what starts programs on this
    /// machine); unavailable (this host has no doors).
    virtual Result<void> check_door(const Door&) { return fail(Errc::unavailable, "this host has no doors"); }
    /// Opens a door until close_door or the node's end. What it leads to comes and goes with its names; as
    /// long as it is open, publish() of a name that check_door refuses is denied. Errors: those of check_door
    /// and of listen_unix.
    virtual Result<void> open_door(Door door) { return check_door(door); }
    /// Ends who came through it; nothing happens if there is no door at that socket.
    virtual Async<void> close_door(std::filesystem::path) { co_return Result<void>(); }
    /// Where processes on this machine reach the locator.
    virtual std::vector<rpc::Endpoint> locator() const = 0;
    /// How other nodes are connected to: with this one's account where they want a proof of one.
    virtual rpc::ConnectOptions connect_options() const { return {}; }
    /// Whether the locator's ports serve only who proves an account: what programs cannot that this node
    /// starts. They need a door.
    virtual bool wants_proof() const { return false; }
};

/// What a service is made from.
struct Environment {
    Executor executor;
    const Clock* clock = nullptr;
    Host* host = nullptr;
    std::string name;              ///< in this node, as its configuration says
    std::filesystem::path folder;  ///< the service's own, for what it keeps; exists when start() is called
};

/// A service inside a node. Life: made, start(), run() beside what it serves, stop of run(), destruction.
class PlatformService {
public:
    virtual ~PlatformService() = default;
    /// Its handlers. The same object for as long as the service lives.
    virtual const rpc::ServiceBase& handlers() const = 0;
    /// Set: it has a server of its own there ("host:port"), with rules of its own (a worker, whose customers
    /// prove their accounts); the node starts, watches and drains it, and does not serve its handlers.
    virtual std::optional<std::string> own_endpoint() const { return std::nullopt; }
    /// Opens what it needs: files, its database, its server. The node announces it when this is done and does
    /// not start if it fails.
    virtual Async<void> start() { return ready(); }
    /// Its own work, until cancelled: expiry, retries, reports. Handlers are served meanwhile.
    virtual Task<void> run() { co_return; }
    /// The node is going down: finish what is under way; nothing new comes. Cut off after the node's drain
    /// time.
    virtual Async<void> drain() { return ready(); }
    /// Takes over changed arguments while running. Errors: conflict (needs a restart), invalid.
    virtual Result<void> reload(YamlReader&) {
        return fail(Errc::conflict, "this service takes changed arguments only with a restart");
    }
    /// Adds what is worth watching.
    virtual void measure(std::vector<Metric>&) const {}

private:
    static Async<void> ready() { co_return Result<void>(); }
};

/// Makes a service from the `args` of its entry in the node's configuration. Problems of single keys go to
/// the reader; a reader that describes (for the template) has no values: then nothing need be made.
using Factory = std::function<Result<std::unique_ptr<PlatformService>>(Environment, YamlReader& args)>;

}  // namespace sonm::services
