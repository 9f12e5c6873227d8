#pragma once

#include "sonm/rpc/server.hpp"
#include "sonm/services/platform.hpp"

namespace sonm::node {

/// What a node shows to the confined: services::Door says what. A server of its own, so that nothing else of
/// the node is there to be asked for, and so that it can fill up alone. Resource type, one executor; what is
/// offered lives until it is withdrawn, or as long as the door.
class NodeDoor {
public:
    /// `options` as of the node's server; the limit on connections is the door's own.
    NodeDoor(const Executor& executor, services::Door door, rpc::ServerOptions options);

    /// Errors: those of listen_unix.
    Result<void> listen();
    /// Whether that may be offered. Errors: denied (whoever speaks to it is confined no more).
    Result<void> check(const std::string& name, const rpc::ServiceBase& service) const;
    /// Serves it if its name is one of the door's. Errors: those of check and of rpc::Server::publish.
    Result<void> offer(const std::string& name, const rpc::ServiceBase& service);
    Async<void> withdraw(std::string name);
    rpc::Server& server() { return server_; }
    /// The limits of one connection, from now on.
    void take_over(rpc::ServerOptions options);
    const std::filesystem::path& socket() const { return door_.socket; }

private:
    Executor executor_;
    services::Door door_;
    std::map<std::string, std::unique_ptr<rpc::ServiceBase>> narrowed_;
    rpc::Server server_;  ///< refers to those
};

}  // namespace sonm::node
