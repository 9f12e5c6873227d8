#pragma once

#include "sonm/rpc/identity.hpp"
#include "sonm/rpc/locator.hpp"
#include "sonm/rpc/session.hpp"

#include <list>

namespace sonm::rpc {

class Connection;

struct ServerOptions {
    Limits limits;
    std::size_t connections_max = 256;
    std::size_t services_max = 1024;         ///< names at once
    const crypto::Signer* signer = nullptr;  ///< answers identity proofs; without one hello is refused
    const Clock* clock = nullptr;            ///< needed with a signer
    bool identity_required = false;          ///< nothing is served without a proof
    bool unix_identity_required = true;      ///< false: on unix sockets who may open the file is served, too
    std::size_t account_connections_max = 64;  ///< of one proven account, so that none can hold all of them
    /// Who is served beside `strangers_max`: a key costs nothing, so all others together may hold only so
    /// many connections, and those not for long when nothing is said. Asked once per connection, after the
    /// proof. Empty = everybody.
    std::function<bool(const crypto::Address&)> is_customer;
    std::size_t strangers_max = 32;
    Millis stranger_idle_max{15'000};
    /// Endpoints for `resolve` in place of where it listens. A service with a port of its own is told with
    /// these hosts and its real port. Empty = where it listens; a wildcard then is told as loopback.
    std::vector<HostPort> advertise;
};

/// What a server has done so far, for metrics.
struct ServerCounters {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;  ///< turned away for want of room
    std::uint64_t failed = 0;   ///< ended by an offence, a deadline or a failed proof
};

/// One name that a server serves.
struct ServedName {
    std::string name;
    const ProtocolInfo* protocol = nullptr;
    std::size_t sessions = 0;
    std::vector<Endpoint> endpoints;
};

/// One node: accepts connections and serves several services by name; the locator among them. A peer names
/// its service with the identity proof or with attach; without either it speaks to the locator. Services and
/// listeners may come and go while it runs. Resource type, one executor.
class Server {
public:
    Server(Executor executor, ServerOptions options);
    ~Server();
    Server(const Server&) = delete;

    /// Serves `service` under its protocol's name for as long as the server lives.
    void add(const ServiceBase& service);
    /// Serves `service` under `name`; at any time. With `own`, sessions on that listener speak the service's
    /// protocol from the first frame on, as clients that know nothing of names expect (hello and attach may
    /// name it all the same), and `resolve` tells that port. Without, it is reached through the shared ports.
    /// It must live until `withdraw` is done, or as long as the server. Errors: exists, invalid (name), busy
    /// (services_max).
    Result<void> publish(std::string name, const ServiceBase& service,
                         std::unique_ptr<Listener> own = nullptr);
    /// Takes a name back: its own listener closes, its sessions end (calls under way fail as closed at their
    /// callers), and this waits until none refers to the service any more. Not from a handler of the service
    /// itself. Errors: not_found.
    Async<void> withdraw(std::string name);
    /// Accepts on `listener`, at any time until drain(). With a `root`, sessions there speak that service's
    /// protocol from the first frame on; it must be a served name.
    void listen(std::unique_ptr<Listener> listener, std::string root = {});
    /// Serves `locator` in place of the server's own, which knows `resolve` only. Before any connection.
    void use_locator(const ServiceBase& locator);
    /// Told of every name that comes or goes. One listener; not told of what was there before.
    void on_change(std::function<void(const std::string& name)> told) { told_ = std::move(told); }
    /// Takes `limits`, `connections_max` and `advertise` for connections from now on; those that are open
    /// keep what they have.
    void take_over(const ServerOptions& fresh);

    /// Endpoints, version and graph of a served name. Errors: service_not_available.
    Result<Resolved> resolve(std::string_view name) const;
    std::vector<ServedName> names() const;
    /// Where the shared ports are reached.
    std::vector<Endpoint> endpoints() const { return endpoints_of(nullptr); }

    /// Serves until cancelled, or until drain() is done. A connection's failure never ends it.
    Task<void> run();
    /// Goes down in peace: accepts nobody, ends each session once no call is open on it, and after `limit`
    /// all that are left. Streams count as calls: end endless ones first.
    /// Callers that were answered have a moment to say their last word. Errors: timeout (how many were cut
    /// off).
    Async<void> drain(Millis limit);
    /// Serves one connection that came otherwise (a pipe, a punched hole), until it ends.
    Task<void> serve(std::unique_ptr<ByteStream> stream, std::string root = {});
    /// A connection to a served name within this process; its two ends run in `group`. Withdrawing the name
    /// ends it like any other. Errors: service_not_available, busy (the group is full).
    Result<Connection> connect_local(TaskGroup& group, std::string_view name,
                                     std::optional<crypto::Address> identity = std::nullopt);

    /// Connections being served, and how many were turned away for want of room.
    std::size_t connections() const { return connections_; }
    std::uint64_t refused() const { return counters_.refused; }
    /// Connections as a share of how many there may be: 0 none, 1 full.
    double fullness() const {
        return static_cast<double>(connections_) / static_cast<double>(options_.connections_max);
    }
    const ServerCounters& counters() const { return counters_; }

private:
    struct Entry {
        std::string name;
        const ServiceBase* service = nullptr;
        std::size_t sessions = 0;
        bool withdrawn = false;
    };
    using EntryPtr = std::shared_ptr<Entry>;  // shared with openings and sessions, which may outlast the name
    /// How a connection came.
    struct Way {
        EntryPtr root;       ///< of the port; nothing on shared ones
        bool proof = false;  ///< nothing is served without one
    };
    struct Port {
        std::unique_ptr<Listener> listener;
        Way way;
    };
    struct Opened {
        EntryPtr entry;
        std::shared_ptr<Peer> peer;
        std::uint64_t channel_used = 0;
    };
    struct Live {
        std::shared_ptr<Session> session;
        EntryPtr entry;
        std::optional<std::chrono::steady_clock::time_point> answered_since{};  ///< seen while draining
    };
    /// A session's place in the registry, given back with its end.
    class Registered;
    /// A proven account's share of the connections, given back with its end.
    class Seat;

    // server.cpp: names, ports, life
    EntryPtr find(std::string_view name) const;
    std::vector<Endpoint> endpoints_of(const Entry* entry) const;
    Task<void> accept_all(TaskGroup& group);
    Task<void> accept(TaskGroup& group, std::shared_ptr<Port> port);
    Async<void> quiet();
    Task<void> changed();
    void end_sessions(const Entry* entry, const Error& why);

    // server_open.cpp: from a connection to a session
    Task<void> serve_counted(std::unique_ptr<ByteStream> stream, Way way);
    Async<void> serve_one(std::unique_ptr<ByteStream> stream, Way way);
    Task<void> serve_session(std::shared_ptr<Session> session, std::unique_ptr<Registered> registered);
    /// Errors: busy.
    Result<std::unique_ptr<Seat>> seat(const crypto::Address& account);
    Async<Opened> open(ByteStream& stream, detail::FrameInput& input, Way way);
    Async<Opened> greet(ByteStream& stream, detail::FrameInput& input, Opened opened, detail::Frame frame);
    Async<Opened> attached(ByteStream& stream, detail::FrameInput& input, Opened opened, detail::Frame frame);
    /// What a peer names where it would speak to `root` else. Errors: service_not_available.
    Result<EntryPtr> named(const EntryPtr& root, std::string_view name) const;

    Executor executor_;
    ServerOptions options_;
    std::vector<std::shared_ptr<Port>> ports_;
    std::map<std::string, EntryPtr, std::less<>> entries_;
    Service<LocatorProtocol> locator_;
    std::function<void(const std::string&)> told_;
    std::list<Live> sessions_;
    std::size_t connections_ = 0;
    std::map<crypto::Address, std::size_t> by_account_;
    std::size_t strangers_ = 0;
    ServerCounters counters_;
    TaskGroup* group_ = nullptr;  ///< while run() is at work
    bool draining_ = false, drained_ = false;
    asio::steady_timer changed_;
};

}  // namespace sonm::rpc
