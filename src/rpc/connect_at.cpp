#include "sonm/rpc/connect_at.hpp"

namespace sonm::rpc {
namespace {

/// Of a port that leads to no service of that name; what knows no names at all says slot not found, or
/// closes.
bool leads_nowhere(const Error& error) {
    return error.is(LocatorErrc::service_not_available) || error.is(DispatchErrc::slot_not_found) ||
           error.is(Errc::closed);
}

}  // namespace

std::string address_of(const Endpoint& endpoint) {
    const auto& [host, port] = endpoint;
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

Async<Connection> connect_at(TaskGroup& group, Endpoint where, std::string name, ConnectOptions options) {
    std::string address = address_of(where);
    auto connecting = connect(group, address, std::move(name), options);
    auto connection = co_await std::move(connecting);
    if (connection || !leads_nowhere(connection.error())) co_return connection;
    auto probing = connect(group, address, std::string(LocatorProtocol::name), std::move(options));
    auto locator = co_await std::move(probing);
    if (locator || !leads_nowhere(locator.error())) co_return connection;
    auto speaking = connect(group, std::move(address), std::string());
    co_return co_await std::move(speaking);
}

}  // namespace sonm::rpc
