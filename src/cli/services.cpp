#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/line_input.hpp"
#include "sonm/cli/node_link.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/rpc/json_answer.hpp"
#include "sonm/services/protocols.hpp"

namespace sonm::cli {
namespace {

using json = rpc::Json;
using Offers = std::map<std::string, rpc::Offer>;

/// With the line's end.
constexpr std::size_t uuid_bytes = 37;

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

Async<Exit> list(Context& context, TaskGroup& group, NodeLink link) {
    SONM_CO_TRY(rpc::Connection connection, co_await ask_node(context, group, link, "locator"));
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

void print_value(const json& value) {
    print(value.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

Async<void> print_items(rpc::JsonStream stream) {
    while (true) {
        auto next = stream.next();
        SONM_CO_TRY(std::optional<json> item, co_await std::move(next));
        if (!item) co_return Result<void>();
        print(rpc::to_text(*item) + "\n");
    }
}

/// The next line that is not empty, as JSON.
Async<std::optional<json>> next_item(LineInput& input, std::size_t& number) {
    while (true) {
        auto reading = input.next();
        SONM_CO_TRY(std::optional<std::string> line, co_await std::move(reading));
        if (!line) co_return std::optional<json>();
        ++number;
        if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
        auto item = rpc::parse_json(*line);
        if (!item) co_return wrap(std::move(item.error()), "line {} of the input", number);
        co_return std::optional<json>(std::move(*item));
    }
}

struct Call {
    std::string service, method, args, timeout = "30 s";
    NodeLink link;
};

Async<Exit> call(Context& context, TaskGroup& group, Call what) {
    json args;
    if (!what.args.empty()) {
        SONM_CO_TRY(args, rpc::parse_json(what.args));
    }
    SONM_CO_TRY(Seconds seconds, parse_span(what.timeout));
    Millis limit(seconds.value * 1000);
    SONM_CO_TRY(rpc::Resolved found, co_await resolve_service(context, group, what.link, what.service));
    const rpc::ProtocolInfo* protocol = protocol_of(std::get<2>(found));
    if (!protocol)
        co_return fail(Errc::invalid, "'{}' speaks a protocol that this program does not know", what.service);
    SONM_CO_TRY(const rpc::MethodInfo* method, rpc::find_method(*protocol, what.method));
    SONM_CO_TRY(rpc::Connection connection, co_await reach_service(context, group, what.link, what.service));
    if (method->shape == rpc::Shape::notify) {
        SONM_CO_CHECK(rpc::json_notify(connection, *protocol, what.method, args));
        co_return Exit::ok;
    }
    bool one_answer = rpc::has_one_answer(*method);
    if (one_answer && !rpc::takes_items(*method)) {
        auto calling = rpc::json_call(connection, *protocol, what.method, std::move(args), limit);
        SONM_CO_TRY(json value, co_await std::move(calling));
        print_value(value);
        co_return Exit::ok;
    }
    SONM_CO_TRY(rpc::JsonStream stream, rpc::json_stream(connection, *protocol, what.method, args));
    LineInput input(context.executor());
    std::size_t number = 0;
    rpc::JsonItems items = [&] { return next_item(input, number); };
    if (one_answer) {
        auto answering = rpc::json_answer(std::move(stream), std::move(items), limit);
        SONM_CO_TRY(json value, co_await std::move(answering));
        print_value(value);
        co_return Exit::ok;
    }
    auto exchanging = rpc::json_exchange(std::move(stream), std::move(items), print_items);
    SONM_CO_CHECK(co_await std::move(exchanging));
    co_return Exit::ok;
}

}  // namespace

void add_service_commands(Commands& commands) {
    CLI::App* service = commands.app.add_subcommand("service", "What a node offers");
    service->require_subcommand(1);
    add_command(commands, *service, "ls", "The services that a node announces",
                "  sonm service ls --node 127.0.0.1:10053", [](CLI::App& leaf) -> Handler {
                    auto link = std::make_shared<NodeLink>();
                    add_node_link(leaf, *link);
                    return [link](Context& context, TaskGroup& group) { return list(context, group, *link); };
                });
    add_command(
        commands, commands.app, "call",
        "Call a service of a node; arguments and answer are JSON. What a method takes beyond its arguments "
        "is "
        "read from standard input, what it streams is printed: an item a line",
        "  sonm call storage read '[\"collection\", \"key\"]'\n"
        "  sonm call storage find '{\"collection\": \"c\", \"tags\": [\"t\"]}' --node unix:/run/sonm/node\n"
        "  sonm call unicorn subscribe '[\"/config\"]'\n"
        "  echo '{\"$text\": \"hello\"}' | sonm call echo enqueue '[\"ping\"]'",
        [](CLI::App& leaf) -> Handler {
            auto what = std::make_shared<Call>();
            leaf.add_option("service", what->service, "Its name")->required();
            leaf.add_option("method", what->method, "One of its methods")->required();
            leaf.add_option("args", what->args, "A list by place, or an object by name");
            leaf.add_option("--timeout", what->timeout,
                            "How long the service may neither answer nor take a line of input; where it "
                            "streams its answer there is no limit")
                ->capture_default_str();
            add_node_link(leaf, what->link);
            return [what](Context& context, TaskGroup& group) { return call(context, group, *what); };
        });
}

}  // namespace sonm::cli
