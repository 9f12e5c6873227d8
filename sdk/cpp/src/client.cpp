#include "sonm/sdk/client.hpp"

#include "doors.hpp"

#include <cstdio>
#include <cstdlib>

namespace sonm::sdk {
namespace {

constexpr Millis connect_max{5'000};
constexpr std::size_t answer_bytes_max = 64 * MiB;
constexpr std::size_t connections_max = 256;

/// What nodes of old answer to somebody who names a service on that service's port.
bool knows_no_names(const Error& error) {
    return error.is(rpc::DispatchErrc::slot_not_found) || error.is(Errc::closed);
}

}  // namespace

Node::Node(TaskGroup& group, std::string locator) : group_(group) {
    if (locator.empty())
        if (const char* given = std::getenv("SONM_NODE")) locator = given;
    if (locator.empty()) locator = default_node;
    for (std::size_t at = 0; at <= locator.size();) {
        std::size_t end = std::min(locator.find(',', at), locator.size());
        if (end > at) locators_.push_back(locator.substr(at, end - at));
        at = end + 1;
    }
}

Async<rpc::Connection> Node::connect(std::string service) {
    auto kept = connections_.find(service);
    if (kept != connections_.end() && kept->second.is_open()) co_return kept->second;
    auto opening = open(service);
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(opening));
    connections_.insert_or_assign(std::move(service), connection);
    co_return connection;
}

Async<rpc::Connection> Node::reach(std::string address, std::string service) {
    rpc::ConnectOptions options;
    options.connect_max = connect_max;
    return rpc::connect(group_, std::move(address), std::move(service), options);
}

/// Asks by name, for the port of a node speaks to its locator, and without if the service must be alone
/// there.
Async<rpc::Connection> Node::enter(std::string address, std::string service, bool alone) {
    auto asking = reach(address, std::move(service));
    auto named = co_await std::move(asking);
    if (named || !alone) co_return named;
    if (named.error().is(rpc::LocatorErrc::service_not_available)) {
        // A node that does not serve it; or a service that was found under the name of a routing group.
        auto probing = reach(address, std::string(rpc::LocatorProtocol::name));
        auto locator = co_await std::move(probing);
        if (locator || !locator.error().is(rpc::LocatorErrc::service_not_available)) co_return named;
    } else if (!knows_no_names(named.error())) {
        co_return named;
    }
    auto plain = reach(std::move(address));
    co_return co_await std::move(plain);
}

Async<rpc::Connection> Node::open(std::string service) {
    Error last{make_error_code(Errc::unavailable), "no locator is known"};
    for (const std::string& locator : locators_) {
        if (locator.starts_with("unix:")) {
            // Where there is no network: what the node serves itself is behind the same socket.
            auto attaching = reach(locator, service);
            auto attached = co_await std::move(attaching);
            if (attached) co_return std::move(*attached);
            last = std::move(attached.error());
            if (!last.is(rpc::LocatorErrc::service_not_available)) continue;
        }
        auto reaching = reach(locator);
        auto reached = co_await std::move(reaching);
        if (!reached) {
            last = std::move(reached.error());
            continue;
        }
        std::string asked = reached->peer();
        rpc::Client<rpc::LocatorProtocol> client(std::move(*reached));
        auto resolving = client.call<"resolve">(service, std::optional<std::string>());
        auto resolved = co_await std::move(resolving);
        if (!resolved) {
            last = std::move(resolved.error());
            continue;
        }
        for (const Door& door : doors_of(locator, asked, std::get<0>(*resolved))) {
            auto entering = enter(door.address, service, door.alone);
            auto connected = co_await std::move(entering);
            if (connected) co_return std::move(*connected);
            last = std::move(connected.error());
        }
    }
    co_return wrap(std::move(last), "service {}", service);
}

Async<Bytes> enqueue(Node& node, std::string app, std::string event, Bytes request) {
    auto connecting = node.connect(std::move(app));
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(connecting));
    services::AppClient client(std::move(connection));
    SONM_CO_TRY(auto channel, client.stream<"enqueue">(std::move(event), std::optional<std::string>()));
    auto writing = channel.sink.write(std::move(request));
    auto written = co_await std::move(writing);
    channel.sink.finish();
    Bytes answer;
    while (true) {
        SONM_CO_TRY(std::optional<Bytes> chunk, co_await channel.source.next());
        if (!chunk) co_return answer;
        if (answer.size() + chunk->size() > answer_bytes_max)
            co_return fail(Errc::too_large, "an answer of more than {} bytes", answer_bytes_max);
        append(answer, *chunk);
    }
}

int run(std::function<Async<void>(Node&)> main, std::string locator) {
    asio::io_context context(1);
    auto whole = [main = std::move(main), locator = std::move(locator)]() -> Task<int> {
        Result<void> outcome;
        auto body = [&](TaskGroup& group) -> Task<void> {
            Node node(group, locator);
            auto running = main(node);
            outcome = co_await std::move(running);
        };
        auto work = scope(connections_max, std::move(body));
        co_await std::move(work);
        if (outcome) co_return 0;
        std::fprintf(stderr, "error: %s\n", outcome.error().message().c_str());
        co_return 1;
    };
    return run_main(context, whole());
}

}  // namespace sonm::sdk
