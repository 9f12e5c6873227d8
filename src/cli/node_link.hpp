#pragma once

#include "sonm/cli/context.hpp"
#include "sonm/rpc/locator.hpp"
#include "sonm/rpc/rpc.hpp"

namespace CLI {
class App;
}

namespace sonm::cli {

/// Which node a command asks, and how.
struct NodeLink {
    std::string node = "127.0.0.1:10053";
    bool prove = false;
};
/// --node, --prove.
void add_node_link(CLI::App& leaf, NodeLink& link);

/// What that node itself serves under a name; its locator is one such. Errors: unavailable (nobody is there),
/// service_not_available, unauthorized.
Async<rpc::Connection> ask_node(Context& context, TaskGroup& group, NodeLink link, std::string service);
/// Where the node's locator says that a service is. Errors: as ask_node.
Async<rpc::Resolved> resolve_service(Context& context, TaskGroup& group, NodeLink link, std::string service);
/// The service of that name: at the node itself, else where its locator says. Errors: as ask_node.
Async<rpc::Connection> reach_service(Context& context, TaskGroup& group, NodeLink link, std::string service);

}  // namespace sonm::cli
