#include "sonm/rpc/server.hpp"

#include "sonm/base/log.hpp"

namespace sonm::rpc {
namespace {

/// How long a listener rests when the process has run out of file descriptors.
constexpr Millis rest{100};
/// How often a server that drains looks which sessions have become quiet.
constexpr Millis drain_step{10};
constexpr std::size_t name_bytes_max = 256;
/// Above any number of connections and listeners that can be.
constexpr std::size_t children_max = 1u << 20;

/// [host, port] of "host:port"; nothing for other kinds of addresses.
std::optional<Endpoint> endpoint_of(const std::string& address) {
    if (address.starts_with("unix:")) return std::nullopt;
    auto parsed = parse_host_port(address);
    if (!parsed) return std::nullopt;
    // Nobody can connect to a wildcard.
    if (parsed->host == "0.0.0.0") parsed->host = "127.0.0.1";
    if (parsed->host == "::") parsed->host = "::1";
    return Endpoint(parsed->host, parsed->port);
}

}  // namespace

Server::Server(Executor executor, ServerOptions options)
    : executor_(executor),
      options_(std::move(options)),
      changed_(executor, asio::steady_timer::time_point::max()) {
    SONM_ASSERT(!options_.signer || options_.clock);
    SONM_ASSERT(options_.signer || !options_.identity_required);
    add(locator_);
    locator_.on<"resolve">(
        [this](const Context&, std::string name, std::optional<std::string>) { return resolve(name); });
}

Server::~Server() { SONM_ASSERT(sessions_.empty()); }  // handlers would refer to what is gone

void Server::add(const ServiceBase& service) {
    auto published = publish(std::string(service.protocol().name), service);
    SONM_ASSERT(published.has_value());  // two services of one name
}

void Server::use_locator(const ServiceBase& locator) {
    EntryPtr entry = find(LocatorProtocol::name);
    SONM_ASSERT(entry && entry->sessions == 0);
    entry->service = &locator;
}

Result<void> Server::publish(std::string name, const ServiceBase& service, std::unique_ptr<Listener> own) {
    if (name.empty() || name.size() > name_bytes_max)
        return fail(Errc::invalid, "a service's name has 1 to {} bytes, this one {}", name_bytes_max,
                    name.size());
    if (entries_.contains(name))
        return fail(Errc::exists, "a service named {} runs in this node already", name);
    if (entries_.size() >= options_.services_max)
        return fail(Errc::busy, "{} services run in this node, no more are allowed", entries_.size());
    auto entry = std::make_shared<Entry>();
    entry->name = name;
    entry->service = &service;
    entries_.emplace(name, entry);
    if (own) listen(std::move(own), name);
    if (told_) told_(name);
    return Result<void>();
}

Async<void> Server::withdraw(std::string name) {
    EntryPtr entry = find(name);
    if (!entry) co_return fail(Errc::not_found, "no service named {} runs in this node", name);
    entries_.erase(name);
    entry->withdrawn = true;
    std::erase_if(ports_, [&](const auto& port) {
        if (port->way.root != entry) return false;
        port->listener->close();
        return true;
    });
    Error why{make_error_code(Errc::closed), fmt::format("the service {} was withdrawn", name)};
    end_sessions(entry.get(), why);
    if (told_) told_(name);
    while (entry->sessions > 0) {
        auto waiting = changed();
        co_await std::move(waiting);
    }
    co_return Result<void>();
}

void Server::listen(std::unique_ptr<Listener> listener, std::string root) {
    auto port = std::make_shared<Port>();
    port->listener = std::move(listener);
    bool file = port->listener->address().starts_with("unix:");
    port->way.proof = options_.identity_required && (!file || options_.unix_identity_required);
    if (!root.empty()) {
        port->way.root = find(root);
        SONM_ASSERT(port->way.root);
    }
    if (draining_) port->listener->close();
    ports_.push_back(port);
    if (group_) group_->spawn(accept(*group_, std::move(port)));
}

Server::EntryPtr Server::find(std::string_view name) const {
    auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second;
}

std::vector<Endpoint> Server::endpoints_of(const Entry* entry) const {
    std::vector<Endpoint> found;
    auto add = [&](const std::string& host, std::uint16_t port) {
        Endpoint endpoint(host, port);
        if (std::ranges::find(found, endpoint) == found.end()) found.push_back(std::move(endpoint));
    };
    for (const auto& port : ports_) {
        if (port->way.root.get() != entry) continue;
        auto endpoint = endpoint_of(port->listener->address());
        if (!endpoint) continue;
        if (!entry || options_.advertise.empty()) add(endpoint->first, endpoint->second);
        // Of a port of its own the number is real; the hosts are those under which this node is reached.
        if (entry)
            for (const HostPort& where : options_.advertise) add(where.host, endpoint->second);
    }
    // The node's own ports serve those that attach or prove themselves.
    if (entry && found.empty()) return endpoints_of(nullptr);
    if (!entry && !options_.advertise.empty()) {
        found.clear();
        for (const HostPort& where : options_.advertise) add(where.host, where.port);
    }
    return found;
}

void Server::take_over(const ServerOptions& fresh) {
    options_.limits = fresh.limits;
    options_.connections_max = fresh.connections_max;
    auto same = [](const HostPort& a, const HostPort& b) { return a.host == b.host && a.port == b.port; };
    if (std::ranges::equal(options_.advertise, fresh.advertise, same)) return;
    options_.advertise = fresh.advertise;
    if (!told_) return;
    for (const auto& [name, entry] : entries_) told_(name);
}

Result<Resolved> Server::resolve(std::string_view name) const {
    EntryPtr entry = find(name);
    if (!entry) return tl::unexpected<Error>(Error{make_error_code(LocatorErrc::service_not_available), {}});
    const ProtocolInfo& protocol = entry->service->protocol();
    Encoded graph;
    Writer out(graph.bytes);
    pack_graph(out, protocol.methods);
    return Resolved(endpoints_of(entry.get()), protocol.version, std::move(graph));
}

std::vector<ServedName> Server::names() const {
    std::vector<ServedName> out;
    for (const auto& [name, entry] : entries_)
        out.push_back(
            ServedName{name, &entry->service->protocol(), entry->sessions, endpoints_of(entry.get())});
    return out;
}

Task<void> Server::run() {
    struct Ending {
        explicit Ending(Server& s) : server(s) {}
        ~Ending() { server.group_ = nullptr; }
        Server& server;
    } ending(*this);
    auto body = [this](TaskGroup& group) { return accept_all(group); };
    // Connections and listeners are counted by themselves; their bounds may change meanwhile.
    auto work = scope(children_max, std::move(body));
    co_await std::move(work);
}

Task<void> Server::accept_all(TaskGroup& group) {
    group_ = &group;
    for (const auto& port : ports_) group.spawn(accept(group, port));
    while (!drained_) {
        auto waiting = changed();
        co_await std::move(waiting);
    }
}

Task<void> Server::accept(TaskGroup& group, std::shared_ptr<Port> port) {
    while (true) {
        auto accepting = port->listener->accept();
        auto stream = co_await std::move(accepting);
        if (!stream) {
            if (stream.error().is(Errc::closed)) co_return;
            SONM_LOG(warn, "rpc: {}", stream.error().message());
            auto resting = sleep_for(rest);
            co_await std::move(resting);
            continue;
        }
        // Beyond the limit the newest is turned away by closing it.
        if (connections_ >= options_.connections_max ||
            !group.spawn(serve_counted(std::move(*stream), port->way)))
            ++counters_.refused;
        else
            ++counters_.accepted;
    }
}

Async<void> Server::drain(Millis limit) {
    draining_ = true;
    for (const auto& port : ports_) port->listener->close();
    auto quieting = within(limit, quiet());
    auto outcome = co_await std::move(quieting);
    std::size_t left = sessions_.size();
    end_sessions(nullptr, Error{make_error_code(Errc::closed), "the node is going down"});
    while (!sessions_.empty()) {
        auto waiting = changed();
        co_await std::move(waiting);
    }
    drained_ = true;
    changed_.cancel();
    if (!outcome)
        co_return fail(Errc::timeout, "{} connections were still at work after {} ms and were cut off", left,
                       limit.count());
    co_return Result<void>();
}

Async<void> Server::quiet() {
    Error why{make_error_code(Errc::closed), "the node is going down"};
    while (!sessions_.empty()) {
        auto now = std::chrono::steady_clock::now();
        for (Live& live : sessions_) {
            if (!live.session->is_answered())
                live.answered_since.reset();
            else if (!live.answered_since)
                live.answered_since = now;
            // Callers on streams have a moment to read the end and say their last word; many of old never do.
            if (live.answered_since &&
                (live.session->is_idle() || now - *live.answered_since > options_.limits.flush_max))
                live.session->close(why);
        }
        auto resting = sleep_for(drain_step);
        co_await std::move(resting);
    }
    co_return Result<void>();
}

Task<void> Server::changed() {
    (void)co_await changed_.async_wait(as_tuple(asio::use_awaitable));
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw asio::system_error(asio::error::operation_aborted);
}

void Server::end_sessions(const Entry* entry, const Error& why) {
    for (const Live& live : sessions_)
        if (!entry || live.entry.get() == entry) live.session->close(why);
}

}  // namespace sonm::rpc
