#pragma once

#include "sonm/rpc/rpc.hpp"
#include "sonm/services/app_service.hpp"
#include "sonm/services/storage_service.hpp"

/// Services of a node for programs in C++: found by name at its locator, called by type or by name.
namespace sonm::sdk {

inline constexpr std::string_view default_node = "127.0.0.1:10053";

/// A node. Connections are opened when first needed, kept, and opened again when they break. One executor;
/// lives as long as its group.
class Node {
public:
    /// `locator`: "host:port" or "unix:/path", several with commas between; empty = SONM_NODE of the
    /// environment, else the default. `group` takes the connections as children.
    explicit Node(TaskGroup& group, std::string locator = {});

    /// A connection to the service of that name, wherever it is. Errors: service_not_available, unavailable,
    /// timeout.
    Async<rpc::Connection> connect(std::string service);

private:
    Async<rpc::Connection> open(std::string service);
    Async<rpc::Connection> enter(std::string address, std::string service, bool alone);
    Async<rpc::Connection> reach(std::string address, std::string service = {});

    TaskGroup& group_;
    std::vector<std::string> locators_;
    std::map<std::string, rpc::Connection> connections_;
};

/// A service of protocol P. `co_await storage.call<"read">("collection", "key")`
template <class P>
class Service {
public:
    /// `node` is looked at when called: it may come later than this object.
    Service(std::function<Node&()> node, std::string name) : node_(std::move(node)), name_(std::move(name)) {}

    /// A call with one answer. Errors: the service's own, and those of Node::connect.
    template <rpc::Text Method, class... A>
    auto call(A... args) const {
        using Answer = decltype(std::declval<rpc::Client<P>>().template call<Method>(std::move(args)...));
        return called<Method, Answer>(&node_(), name_, std::move(args)...);
    }
    /// The typed client itself, for streams.
    Async<rpc::Client<P>> client() const { return connected(&node_(), name_); }

private:
    static Async<rpc::Client<P>> connected(Node* node, std::string name) {
        auto connecting = node->connect(std::move(name));
        SONM_CO_TRY(rpc::Connection connection, co_await std::move(connecting));
        co_return rpc::Client<P>(std::move(connection));
    }
    template <rpc::Text Method, class Answer, class... A>
    static Answer called(Node* node, std::string name, A... args) {
        auto connecting = connected(node, std::move(name));
        SONM_CO_TRY(rpc::Client<P> client, co_await std::move(connecting));
        auto calling = client.template call<Method>(std::move(args)...);
        co_return co_await std::move(calling);
    }

    std::function<Node&()> node_;
    std::string name_;
};

/// Calls an event of an application: `request` goes as one chunk, the answer's chunks come back as one.
/// Errors: the application's own, and those of Node::connect; too_large (more than 64 MiB).
Async<Bytes> enqueue(Node& node, std::string app, std::string event, Bytes request);

/// Runs `main` on an event loop of its own until it ends: the whole of a client's main(). Failures are
/// printed, and give exit code 1.
int run(std::function<Async<void>(Node&)> main, std::string locator = {});

}  // namespace sonm::sdk
