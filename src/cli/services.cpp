#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/rpc/json_call.hpp"
#include "sonm/services/protocols.hpp"

namespace sonm::cli {
namespace {

using json = rpc::Json;
using Offers = std::map<std::string, rpc::Offer>;

/// With the line's end.
constexpr std::size_t uuid_bytes = 37;

/// Which node is asked, and how.
struct Where {
    std::string node = "127.0.0.1:10053";
    bool prove = false;
    std::string timeout = "30 s";
};

void add_where(CLI::App& leaf, Where& where) {
    leaf.add_option("--node", where.node, "Its address: host:port or unix:/path")
        ->envname("SONM_NODE")
        ->capture_default_str();
    leaf.add_flag("--prove", where.prove, "Prove our account first (--key)");
}

Async<rpc::Connection> reach(Context& context, TaskGroup& group, Where where, std::string service) {
    rpc::ConnectOptions options;
    if (where.prove) {
        SONM_CO_TRY(options.signer, co_await context.signer());
        options.clock = &context.clock();
    }
    auto connecting = rpc::connect(group, where.node, service, options);
    auto connection = co_await std::move(connecting);
    if (!connection && connection.error().is(Errc::unavailable))
        co_return wrap(std::move(connection.error()),
                       "no node answers at {}: name one with --node, or start one with `sonm node`",
                       where.node);
    co_return connection;
}

/// The protocol that has this graph, as it is declared here; nullptr for one that this program does not know.
const rpc::ProtocolInfo* protocol_of(const rpc::Encoded& graph) {
    for (const services::ProtocolEntry& entry : services::protocols()) {
        rpc::Encoded own;
        rpc::Writer out(own.bytes);
        rpc::pack_graph(out, entry.info->methods);
        if (own == graph) return entry.info;
    }
    return nullptr;
}

/// What the node announces: the first message of the stream.
Async<Offers> offers(rpc::Connection connection) {
    rpc::Client<rpc::LocatorProtocol> locator(std::move(connection));
    // Who listens says who it is; a node takes the newest of one name.
    SONM_CO_TRY(std::string uuid, read_text("/proc/sys/kernel/random/uuid", uuid_bytes));
    uuid.resize(uuid_bytes - 1);
    SONM_CO_TRY(auto talk, locator.talk<"connect">(std::move(uuid)));
    auto hearing = talk.hear();
    SONM_CO_TRY(auto said, co_await within(Millis(10'000), std::move(hearing)));
    if (!said || !said->is<"write">())
        co_return fail(Errc::unavailable,
                       "the node tells nobody what it serves: locator.announce in its configuration");
    auto told = said->args<"write">();
    if (!told) co_return tl::unexpected<Error>(std::move(told.error()));
    co_return std::move(std::get<1>(*told));
}

Async<Exit> list(Context& context, TaskGroup& group, Where where) {
    SONM_CO_TRY(rpc::Connection connection, co_await reach(context, group, where, "locator"));
    SONM_CO_TRY(Offers found, co_await offers(std::move(connection)));
    json out = json::array();
    Table table({"service", "protocol", "version", "endpoints"}, {2});
    for (const auto& [name, offer] : found) {
        const rpc::ProtocolInfo* protocol = protocol_of(offer.graph);
        std::vector<std::string> places;
        for (const auto& [host, port] : offer.endpoints) places.push_back(fmt::format("{}:{}", host, port));
        std::string speaks = protocol ? std::string(protocol->name) : "";
        table.add(
            {name, speaks, fmt::format("{}", offer.version), fmt::format("{}", fmt::join(places, " "))});
        json methods = json::array();
        if (protocol)
            for (const rpc::MethodInfo& method : protocol->methods) methods.push_back(method.name);
        out.push_back({{"name", name},
                       {"protocol", speaks},
                       {"version", offer.version},
                       {"endpoints", places},
                       {"methods", methods}});
    }
    context.emit(out, table.to_text());
    co_return Exit::ok;
}

/// A service as the node's locator tells it.
Async<const rpc::ProtocolInfo*> resolve(Context& context, TaskGroup& group, Where where,
                                        std::string service) {
    SONM_CO_TRY(rpc::Connection connection, co_await reach(context, group, where, "locator"));
    rpc::Client<rpc::LocatorProtocol> locator(std::move(connection));
    std::optional<std::string> no_seed;
    auto resolving = locator.call<"resolve">(service, no_seed);
    auto found = co_await std::move(resolving);
    if (!found) co_return wrap(std::move(found.error()), "{} at {}", service, where.node);
    const rpc::ProtocolInfo* protocol = protocol_of(std::get<2>(*found));
    if (!protocol)
        co_return fail(Errc::invalid, "'{}' speaks a protocol that this program does not know", service);
    co_return protocol;
}

void print_value(const json& value) {
    print(value.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

Async<Exit> print_items(rpc::JsonStream stream) {
    while (true) {
        auto next = stream.next();
        SONM_CO_TRY(std::optional<json> item, co_await std::move(next));
        if (!item) co_return Exit::ok;
        print(rpc::to_text(*item) + "\n");
    }
}

struct Call {
    std::string service, method, args;
};

Async<Exit> call(Context& context, TaskGroup& group, Where where, Call what) {
    json args;
    if (!what.args.empty()) {
        SONM_CO_TRY(args, rpc::parse_json(what.args));
    }
    SONM_CO_TRY(Seconds limit, parse_span(where.timeout));
    SONM_CO_TRY(const rpc::ProtocolInfo* protocol, co_await resolve(context, group, where, what.service));
    SONM_CO_TRY(const rpc::MethodInfo* method, rpc::find_method(*protocol, what.method));
    SONM_CO_TRY(rpc::Connection connection, co_await reach(context, group, where, what.service));
    if (method->shape == rpc::Shape::notify) {
        SONM_CO_CHECK(rpc::json_notify(connection, *protocol, what.method, args));
        co_return Exit::ok;
    }
    if (method->shape == rpc::Shape::server_stream) {
        SONM_CO_TRY(rpc::JsonStream stream, rpc::json_stream(connection, *protocol, what.method, args));
        auto printing = print_items(std::move(stream));
        co_return co_await std::move(printing);
    }
    auto calling =
        rpc::json_call(connection, *protocol, what.method, std::move(args), Millis(limit.value * 1000));
    SONM_CO_TRY(json value, co_await std::move(calling));
    print_value(value);
    co_return Exit::ok;
}

}  // namespace

void add_service_commands(Commands& commands) {
    CLI::App* service = commands.app.add_subcommand("service", "What a node offers");
    service->require_subcommand(1);
    add_command(commands, *service, "ls", "The services that a node announces",
                "  sonm service ls --node 127.0.0.1:10053", [](CLI::App& leaf) -> Handler {
                    auto where = std::make_shared<Where>();
                    add_where(leaf, *where);
                    return
                        [where](Context& context, TaskGroup& group) { return list(context, group, *where); };
                });
    add_command(
        commands, commands.app, "call", "Call a service of a node; arguments and answer are JSON",
        "  sonm call storage read '[\"collection\", \"key\"]'\n"
        "  sonm call storage find '{\"collection\": \"c\", \"tags\": [\"t\"]}' --node unix:/run/sonm/node",
        [](CLI::App& leaf) -> Handler {
            auto where = std::make_shared<Where>();
            auto what = std::make_shared<Call>();
            leaf.add_option("service", what->service, "Its name")->required();
            leaf.add_option("method", what->method, "One of its methods")->required();
            leaf.add_option("args", what->args, "A list by place, or an object by name");
            leaf.add_option("--timeout", where->timeout, "How long to wait for the answer")
                ->capture_default_str();
            add_where(leaf, *where);
            return [where, what](Context& context, TaskGroup& group) {
                return call(context, group, *where, *what);
            };
        });
}

}  // namespace sonm::cli
