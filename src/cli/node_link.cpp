#include "sonm/cli/node_link.hpp"

#include "sonm/rpc/connect_at.hpp"

#include <CLI/CLI.hpp>

namespace sonm::cli {
namespace {

Async<rpc::ConnectOptions> connect_options(Context& context, const NodeLink& link) {
    rpc::ConnectOptions options;
    if (!link.prove) co_return options;
    SONM_CO_TRY(options.signer, co_await context.signer());
    options.clock = &context.clock();
    co_return options;
}

Async<rpc::Connection> connect_to(TaskGroup& group, std::string address, std::string service,
                                  rpc::ConnectOptions options) {
    auto connecting = rpc::connect(group, address, service, options);
    auto connection = co_await std::move(connecting);
    if (connection || !options.signer || !connection.error().is(rpc::SecurityErrc::unauthorized))
        co_return connection;
    // A node of our own may have this very account: nobody else's is taken for it.
    options.expect = options.signer->address();
    auto expecting = rpc::connect(group, std::move(address), std::move(service), std::move(options));
    auto own = co_await std::move(expecting);
    if (own) co_return own;
    co_return connection;
}

Async<rpc::Connection> reach_elsewhere(Context& context, TaskGroup& group, NodeLink link,
                                       std::string service) {
    SONM_CO_TRY(rpc::ConnectOptions options, co_await connect_options(context, link));
    SONM_CO_TRY(rpc::Resolved found, co_await resolve_service(context, group, std::move(link), service));
    Error last{make_error_code(rpc::LocatorErrc::service_not_available), {}};
    for (const rpc::Endpoint& endpoint : std::get<0>(found)) {
        // A proof is for a name: who gives one speaks to nobody without.
        auto connecting = options.signer ? connect_to(group, rpc::address_of(endpoint), service, options)
                                         : rpc::connect_at(group, endpoint, service, options);
        auto connected = co_await std::move(connecting);
        if (connected) co_return std::move(*connected);
        last = std::move(connected.error());
    }
    co_return wrap(std::move(last), "service {}", service);
}

}  // namespace

void add_node_link(CLI::App& leaf, NodeLink& link) {
    leaf.add_option("--node", link.node, "Its address: host:port or unix:/path")
        ->envname("SONM_NODE")
        ->capture_default_str();
    leaf.add_flag("--prove", link.prove, "Prove our account first (--key)");
}

Async<rpc::Connection> ask_node(Context& context, TaskGroup& group, NodeLink link, std::string service) {
    SONM_CO_TRY(rpc::ConnectOptions options, co_await connect_options(context, link));
    auto connecting = connect_to(group, link.node, std::move(service), options);
    auto connection = co_await std::move(connecting);
    if (connection) co_return connection;
    if (!link.prove && connection.error().is(rpc::SecurityErrc::token_not_found))
        co_return wrap(std::move(connection.error()), "{}: say --prove", link.node);
    if (connection.error().is(Errc::unavailable))
        co_return wrap(std::move(connection.error()),
                       "no node answers at {}: name one with --node, or start one with `sonm node`",
                       link.node);
    co_return connection;
}

Async<rpc::Resolved> resolve_service(Context& context, TaskGroup& group, NodeLink link, std::string service) {
    auto asking = ask_node(context, group, std::move(link), "locator");
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(asking));
    rpc::Client<rpc::LocatorProtocol> locator(std::move(connection));
    std::optional<std::string> no_seed;
    auto resolving = locator.call<"resolve">(service, no_seed);
    auto found = co_await std::move(resolving);
    if (!found)
        co_return wrap(std::move(found.error()), "service {} at {}", service, locator.connection().peer());
    co_return std::move(*found);
}

Async<rpc::Connection> reach_service(Context& context, TaskGroup& group, NodeLink link, std::string service) {
    // First here, which also serves where only this one address of the node can be reached.
    auto asking = ask_node(context, group, link, service);
    auto here = co_await std::move(asking);
    if (here || !here.error().is(rpc::LocatorErrc::service_not_available)) co_return here;
    auto reaching = reach_elsewhere(context, group, std::move(link), std::move(service));
    co_return co_await std::move(reaching);
}

}  // namespace sonm::cli
