#pragma once

#include "sonm/rpc/identity.hpp"
#include "sonm/rpc/locator.hpp"
#include "sonm/rpc/session.hpp"

namespace sonm::rpc {

struct ServerOptions {
    Limits limits;
    std::size_t connections_max = 256;
    const crypto::Signer* signer = nullptr;    ///< answers identity proofs; without one hello is refused
    const Clock* clock = nullptr;              ///< needed with a signer
    bool identity_required = false;            ///< nothing is served without a proof
    std::size_t account_connections_max = 64;  ///< of one proven account, so that none can hold all of them
    /// Who is served beside `strangers_max`: a key costs nothing, so all others together may hold only so
    /// many connections, and those not for long when nothing is said. Asked once per connection, after the
    /// proof. Empty = everybody.
    std::function<bool(const crypto::Address&)> is_customer;
    std::size_t strangers_max = 32;
    Millis stranger_idle_max{15'000};
    std::vector<HostPort> advertise;  ///< endpoints for `resolve`; empty = where it listens
};

/// One node: accepts connections and serves several services by name; the locator among them. A peer names
/// its service with the identity proof or with attach; without either it speaks to the locator. Resource
/// type, one executor.
class Server {
public:
    Server(Executor executor, ServerOptions options);
    ~Server();
    Server(const Server&) = delete;

    /// Serves `service` under its protocol's name. It must outlive the server. Before run().
    void add(const ServiceBase& service);
    /// Accepts on `listener`. With a `root`, sessions there speak that service's protocol from the first
    /// frame on, as clients that know nothing of names expect; it must be a service's name. Before run().
    void listen(std::unique_ptr<Listener> listener, std::string root = {});
    /// Serves until cancelled. A connection's failure never ends it.
    Task<void> run();
    /// Serves one connection that came otherwise (a pipe, a punched hole), until it ends.
    Task<void> serve(std::unique_ptr<ByteStream> stream, std::string root = {});

    /// Connections being served, and how many were turned away for want of room.
    std::size_t connections() const { return connections_; }
    std::uint64_t refused() const { return refused_; }

private:
    struct Port {
        std::unique_ptr<Listener> listener;
        std::string root;
    };
    struct Opened {
        const ServiceBase* service = nullptr;
        std::shared_ptr<Peer> peer;
        std::uint64_t channel_used = 0;
    };
    /// A proven account's share of the connections, given back with its end.
    class Seat {
    public:
        Seat(Server& server, const crypto::Address& account, bool stranger);
        Seat(const Seat&) = delete;
        ~Seat();
        bool stranger() const { return stranger_; }

    private:
        Server& server_;
        crypto::Address account_;
        bool stranger_;
    };
    Task<void> accept_all(TaskGroup& group);
    Task<void> accept(TaskGroup& group, Port& port);
    Async<void> serve_one(std::unique_ptr<ByteStream> stream, std::string root);
    /// Errors: busy.
    Result<std::unique_ptr<Seat>> seat(const crypto::Address& account);
    Async<Opened> open(ByteStream& stream, detail::FrameInput& input, std::string root);
    Async<Opened> greet(ByteStream& stream, detail::FrameInput& input, Opened opened, detail::Frame frame);
    Async<Opened> attached(ByteStream& stream, detail::FrameInput& input, Opened opened, detail::Frame frame);
    Result<std::tuple<std::vector<Endpoint>, std::uint32_t, Encoded>> resolve(const std::string& name) const;
    const ServiceBase* find(std::string_view name) const;

    Executor executor_;
    ServerOptions options_;
    std::vector<Port> ports_;
    std::map<std::string, const ServiceBase*, std::less<>> services_;
    Service<LocatorProtocol> locator_;
    std::size_t connections_ = 0;
    std::map<crypto::Address, std::size_t> by_account_;
    std::size_t strangers_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace sonm::rpc
