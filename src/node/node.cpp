#include "sonm/node/node.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/log.hpp"
#include "sonm/base/yaml_items.hpp"
#include "sonm/rpc/connect_at.hpp"

namespace sonm::node {
namespace {

namespace fs = std::filesystem;

constexpr const char* default_listen = "127.0.0.1:10053";

}  // namespace

Node::Node(NodeParts parts) : parts_(std::move(parts)), wake_(parts_.executor, 8) {
    admin_.on<"info">([this](const rpc::Context&) -> Result<services::NodeInfo> { return info(); });
    admin_.on<"reload">([this](const rpc::Context&) { return reload(); });
    admin_.on<"stop">([this](const rpc::Context&) {
        stop();
        return Result<void>();
    });
}

Node::~Node() = default;

fs::path Node::folder_of(const ServiceEntry& entry, const fs::path& state) {
    return state / "services" / entry.name;
}

services::Environment Node::environment_of(const ServiceEntry& entry, const fs::path& state) {
    services::Environment out;
    out.executor = parts_.executor;
    out.clock = &parts_.clock;
    out.host = this;
    out.name = entry.name;
    out.folder = folder_of(entry, state);
    return out;
}

Result<NodeConfig> Node::check(NodeParts parts, const fs::path& file) {
    SONM_TRY(std::string text, read_text(file, yaml_bytes_max));
    Node node(std::move(parts));
    auto keep = [&](ServiceEntry entry, std::unique_ptr<services::PlatformService> made) {
        node.add(std::move(entry), std::move(made));
    };
    return node.read(text, file, keep);
}

Result<void> Node::load(const fs::path& file) {
    SONM_TRY(text_, read_text(file, yaml_bytes_max));
    SONM_TRY(auto items, yaml_items(text_, file.string(), "services"));
    file_ = file;
    auto keep = [&](ServiceEntry entry, std::unique_ptr<services::PlatformService> made) {
        add(std::move(entry), std::move(made));
        units_.back()->text = items.at(units_.size() - 1);
    };
    SONM_TRY(config_, read(text_, file, keep));
    return {};
}

Result<NodeConfig> Node::read(std::string_view text, const fs::path& file, const Keep& keep) {
    auto make = [&](const NodeConfig& config, const ServiceEntry& entry, const ServiceType& type,
                    YamlReader& args) -> Result<void> {
        auto made = type.make(environment_of(entry, config.state), args);
        if (!made) return wrap(std::move(made.error()), "service {}", entry.name);
        keep(entry, std::move(*made));
        return {};
    };
    SONM_TRY(auto config,
             parse_config(text, file.string(), fs::absolute(file).parent_path(), parts_.types, make));
    if (config.listen.empty()) config.listen.push_back(default_listen);
    return config;
}

void Node::add(ServiceEntry entry, std::unique_ptr<services::PlatformService> service) {
    auto unit = std::make_unique<Unit>();
    unit->entry = std::move(entry);
    unit->service = std::move(service);
    units_.push_back(std::move(unit));
}

Result<void> Node::publish(const std::string& name, const rpc::ServiceBase& service) {
    if (!server_) return fail(Errc::conflict, "the node is not up yet");
    SONM_TRY(auto own, next_port({}));
    return offer(name, service, std::move(own));
}

Result<void> Node::offer(const std::string& name, const rpc::ServiceBase& service,
                         std::unique_ptr<Listener> own) {
    for (const auto& door : doors_) SONM_CHECK(door->check(name, service));
    SONM_CHECK(server_->publish(name, service, std::move(own)));
    offered_[name] = &service;
    for (const auto& door : doors_)
        if (auto shown = door->offer(name, service); !shown)
            SONM_LOG(warn, "applications do not see {}: {}", name, shown.error().message());
    return {};
}

Async<void> Node::withdraw(std::string name) {
    offered_.erase(name);
    const auto doors = doors_;  // others may open and close meanwhile
    for (const auto& door : doors) {
        auto closing = door->withdraw(name);
        (void)co_await std::move(closing);
    }
    co_return co_await server_->withdraw(std::move(name));
}

Async<rpc::Connection> Node::connect(std::string name) {
    if (!server_ || !group_) co_return fail(Errc::conflict, "the node is not up yet");
    std::optional<crypto::Address> self;
    if (parts_.signer) self = parts_.signer->address();
    auto here = server_->connect_local(*group_, name, self);
    if (here || !here.error().is(rpc::LocatorErrc::service_not_available) || !locator_) co_return here;
    auto elsewhere = connect_elsewhere(std::move(name));
    co_return co_await std::move(elsewhere);
}

Result<rpc::Connection> Node::connect_as_nobody(std::string_view name) {
    if (!server_ || !group_) return fail(Errc::conflict, "the node is not up yet");
    return server_->connect_local(*group_, name);
}

Result<std::shared_ptr<NodeDoor>> Node::make_door(services::Door door) {
    if (!server_ || !group_) return fail(Errc::conflict, "the node is not up yet");
    auto made = std::make_shared<NodeDoor>(parts_.executor, std::move(door), server_options());
    for (const auto& [name, service] : offered_) SONM_CHECK(made->offer(name, *service));
    return made;
}

Result<void> Node::check_door(const services::Door& door) {
    return make_door(door).map([](auto&&) {});
}

Result<void> Node::open_door(services::Door door) {
    SONM_TRY(auto opened, make_door(std::move(door)));
    SONM_CHECK(opened->listen());
    if (!group_->spawn(run_door(opened))) return fail(Errc::busy, "too much is going on");
    doors_.push_back(std::move(opened));
    return {};
}

Task<void> Node::run_door(std::shared_ptr<NodeDoor> door) {
    auto running = door->server().run();
    co_await std::move(running);
}

Async<void> Node::close_door(std::filesystem::path socket) {
    auto found = std::ranges::find(doors_, socket, [](const auto& door) { return door->socket(); });
    if (found == doors_.end()) co_return Result<void>();
    auto draining = drain_door(std::move(*found), Millis(0));
    doors_.erase(found);
    co_await std::move(draining);
    co_return Result<void>();
}

rpc::ConnectOptions Node::connect_options() const {
    rpc::ConnectOptions options;
    options.signer = parts_.signer;
    options.clock = &parts_.clock;
    options.between_nodes = true;
    return options;
}

/// What a gateway or another node's locator would answer, tried in its order.
Async<rpc::Connection> Node::connect_elsewhere(std::string name) {
    SONM_CO_TRY(rpc::Offer offer, locator_->resolve(name));
    Error last{make_error_code(rpc::LocatorErrc::service_not_available), name};
    for (const rpc::Endpoint& endpoint : offer.endpoints) {
        auto connecting = rpc::connect_at(*group_, endpoint, name, connect_options());
        auto connection = co_await std::move(connecting);
        if (connection) co_return connection;
        last = std::move(connection.error());
    }
    co_return tl::unexpected<Error>(std::move(last));
}

std::vector<rpc::Endpoint> Node::locator() const {
    return server_ ? server_->endpoints() : std::vector<rpc::Endpoint>();
}

const rpc::ProtocolInfo* Node::protocol_of(std::string_view name) const {
    if (!server_) return nullptr;
    for (const rpc::ServedName& one : server_->names())
        if (one.name == name) return one.protocol;
    return nullptr;
}

services::NodeInfo Node::info() const {
    services::NodeInfo out;
    out.name = config_.name;
    out.version = parts_.version;
    out.state = phase_ == Phase::starting ? "starting" : phase_ == Phase::running ? "running" : "draining";
    out.started = started_;
    out.locator = locator();
    out.http = http_address_;
    out.connections = server_ ? server_->connections() : 0;
    std::map<std::string, rpc::ServedName> served;
    if (server_)
        for (rpc::ServedName& one : server_->names()) served[one.name] = std::move(one);
    auto add = [&](services::NodeServiceInfo one, const rpc::ProtocolInfo& protocol) {
        one.protocol = protocol.name;
        one.version = protocol.version;
        if (auto found = served.find(one.name); found != served.end()) {
            one.endpoints = found->second.endpoints;
            one.sessions = found->second.sessions;
            served.erase(found);
        }
        out.services.push_back(std::move(one));
    };
    for (const auto& unit : units_) {
        services::NodeServiceInfo one{unit->entry.name, unit->entry.type, {}, 0,
                                      unit->state,      unit->note,       {}, 0};
        auto own = unit->service->own_endpoint();
        if (own) {
            if (auto where = parse_host_port(*own)) one.endpoints.emplace_back(where->host, where->port);
        }
        add(std::move(one), unit->service->handlers().protocol());
    }
    // What services have published themselves: applications.
    for (auto& [name, one] : std::map(served))
        if (one.protocol && name != rpc::LocatorProtocol::name)
            add(services::NodeServiceInfo{name, "published", {}, 0, "running", {}, {}, 0}, *one.protocol);
    return out;
}

std::string Node::metrics() const {
    using services::Metric;
    MetricsText text;
    std::vector<Metric> found;
    measure_process(found);
    for (const Metric& metric : found) text.add("process_", metric);
    auto gauge = [](std::string name, std::string help, double value) {
        return Metric{std::move(name), std::move(help), Metric::Kind::gauge, value, {}};
    };
    auto counter = [](std::string name, std::string help, std::uint64_t value) {
        return Metric{
            std::move(name), std::move(help), Metric::Kind::counter, static_cast<double>(value), {}};
    };
    text.add("sonm_", gauge("build_info", "1; the version is a label.", 1), {{"version", parts_.version}});
    text.add("sonm_node_",
             gauge("start_time_seconds", "When this node began.", static_cast<double>(started_.value)));
    text.add("sonm_node_", gauge("ready", "1 while the node serves.", phase_ == Phase::running ? 1 : 0));
    if (server_) {
        text.add("sonm_node_",
                 gauge("connections", "Clients now.", static_cast<double>(server_->connections())));
        const auto& counters = server_->counters();
        text.add("sonm_node_", counter("connections_total", "Clients so far.", counters.accepted));
        text.add("sonm_node_",
                 counter("connections_refused_total", "Turned away for want of room.", counters.refused));
        text.add("sonm_node_",
                 counter("connections_failed_total", "Ended by an offence or a deadline.", counters.failed));
        for (const rpc::ServedName& one : server_->names())
            text.add("sonm_node_",
                     gauge("sessions", "Clients of a name now.", static_cast<double>(one.sessions)),
                     {{"service", one.name}});
    }
    if (locator_) {
        found.clear();
        locator_->measure(found);
        for (const Metric& metric : found) text.add("sonm_locator_", metric);
    }
    if (http_)
        text.add("sonm_node_", counter("http_refused_total", "HTTP clients turned away.", http_->refused()));
    for (const auto& unit : units_) {
        MetricsText::Labels service{{"service", unit->entry.name}};
        text.add("sonm_node_",
                 gauge("service_up", "1 while a service runs.", unit->state == "running" ? 1 : 0),
                 {{"service", unit->entry.name}, {"type", unit->entry.type}});
        found.clear();
        unit->service->measure(found);
        for (const Metric& metric : found)
            text.add(fmt::format("sonm_{}_", unit->entry.type), metric, service);
    }
    return text.to_text();
}

}  // namespace sonm::node
