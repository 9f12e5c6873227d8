#include "sonm/base/fs.hpp"
#include "sonm/base/log.hpp"
#include "sonm/node/edge.hpp"
#include "sonm/node/node.hpp"
#include "sonm/node/notify.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace sonm::node {
namespace {

constexpr std::size_t children_max = 65'536;
/// Files beside connections: logs, databases, sockets of services.
constexpr rlim_t other_files = 512;

Async<void> run_one(services::PlatformService& service) {
    auto running = service.run();
    co_await std::move(running);
    co_return Result<void>();
}

/// What a node keeps is nobody else's business, be the folder new or as an administrator made it. One that is
/// not its own, or in use for something else (/tmp), stays as it is.
Result<void> make_state(const std::filesystem::path& folder) {
    SONM_CHECK(make_folder(folder, 0700));
    std::error_code ignored;
    struct stat status {};
    bool open = ::stat(folder.c_str(), &status) == 0 && (status.st_mode & 077) != 0;
    bool own = status.st_uid == ::geteuid() && (std::filesystem::exists(folder / "services", ignored) ||
                                                std::filesystem::is_empty(folder, ignored));
    if (open && own && ::chmod(folder.c_str(), 0700) == 0)
        SONM_LOG(info, "{} was open to others: it is the node's own now", folder.string());
    return {};
}

std::string host_of(const NodeConfig& config) {
    if (!config.service_host.empty()) return config.service_host;
    for (const std::string& address : config.listen)
        if (!address.starts_with("unix:"))
            if (auto where = parse_host_port(address)) return where->host;
    return "127.0.0.1";
}

}  // namespace

/// Each client is an open file; systems allow few until asked.
void Node::raise_open_files(std::uint32_t connections) {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    rlim_t wanted = connections + other_files;
    if (files.rlim_cur < wanted) {
        files.rlim_cur = std::min(wanted, files.rlim_max);
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur < wanted) {
        SONM_LOG(warn,
                 "this process may open {} files; {} connections need {}: raise it with `ulimit -n`, or "
                 "lower limits.connections",
                 files.rlim_cur, connections, wanted);
    }
}

Async<void> Node::serve() {
    Result<void> outcome;
    auto body = [&](TaskGroup& group) -> Task<void> {
        auto living = live(group);
        outcome = co_await std::move(living);
        group_ = nullptr;
    };
    // Whoever cancels us asks for an end in peace, which takes a while.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    auto working = scope(children_max, std::move(body));
    co_await std::move(working);
    co_return outcome;
}

Async<void> Node::live(TaskGroup& group) {
    group_ = &group;
    started_ = parts_.clock.now();
    if (!parts_.log_level_given) init_log(config_.log_level);
    if (parts_.follow_signals) group.spawn(follow_signals());
    // Beside this: whoever stops a node that is starting does not wait for it.
    std::optional<Result<void>> opened;
    group.spawn(open_and_tell(group, opened));
    while (!opened && !stopping_) {
        auto waiting = wake_.pop();
        (void)co_await std::move(waiting);
    }
    if (opened && !*opened) co_return std::move(*opened);
    if (!opened) co_return Result<void>();
    phase_ = Phase::running;
    notify_manager("READY=1\nSTATUS=serving");
    SONM_LOG(info, "node {} serves {} services{}", config_.name, units_.size(),
             http_address_.empty() ? "" : ", metrics and health on http://" + http_address_);
    while (!stopping_) {
        auto waiting = wake_.pop();
        (void)co_await std::move(waiting);
    }
    auto draining = drain();
    SONM_CO_CHECK(co_await std::move(draining));
    bool all_failed = std::ranges::all_of(units_, [](const auto& one) { return one->state == "failed"; });
    if (all_failed && !units_.empty())
        co_return fail(Errc::internal, "all services have failed; the last: {}", units_.back()->note);
    co_return Result<void>();
}

void Node::stop() {
    stopping_ = true;
    (void)wake_.try_push(true);
}

Task<void> Node::open_and_tell(TaskGroup& group, std::optional<Result<void>>& opened) {
    auto opening = open(group);
    opened = co_await std::move(opening);
    (void)wake_.try_push(true);
}

Async<void> Node::open(TaskGroup& group) {
    raise_open_files(config_.limits.connections_max);
    SONM_CO_CHECK(make_state(config_.state));
    // First: a second daemon on this folder is refused before it touches anything.
    SONM_CO_TRY(auto admin, listen_unix(parts_.executor, admin_socket(config_).string()));
    rpc::ServerOptions local;
    local.connections_max = 32;
    admin_server_ = std::make_unique<rpc::Server>(parts_.executor, local);
    admin_server_->add(admin_);
    admin_server_->listen(std::move(admin));
    group.spawn(admin_server_->run());

    server_ = std::make_unique<rpc::Server>(parts_.executor, server_options());
    for (const std::string& address : config_.listen) {
        SONM_CO_TRY(auto listener, listen_stream(parts_.executor, address));
        SONM_LOG(info, "clients find this node at {}", listener->address());
        server_->listen(std::move(listener));
    }
    if (!config_.listen.empty()) make_locator();
    if (!config_.http.listen.empty()) {
        SONM_CO_TRY(auto listener, listen_stream(parts_.executor, config_.http.listen));
        http_address_ = listener->address();
        http::ServerLimits limits;
        limits.body_bytes_max = config_.http.body_bytes_max;
        http_ = std::make_unique<http::Server>(parts_.executor, make_edge(*this), limits);
        http_->listen(std::move(listener));
        group.spawn(http_->run());
    }
    for (auto& unit : units_) {
        auto starting = start(*unit, group);
        if (auto started = co_await std::move(starting); !started)
            co_return wrap(std::move(started.error()), "service {} ({})", unit->entry.name, unit->entry.type);
    }
    if (locator_) {
        auto locating = locator_->start();
        if (auto located = co_await std::move(locating); !located)
            co_return wrap(std::move(located.error()), "locator");
        group.spawn(locator_->run());
    }
    group.spawn(server_->run());
    co_return Result<void>();
}

rpc::ServerOptions Node::server_options() const {
    rpc::ServerOptions options;
    options.connections_max = config_.limits.connections_max;
    options.limits.channels_max = config_.limits.channels_max;
    options.limits.frame_bytes_max = config_.limits.frame_bytes_max;
    options.limits.inbound_bytes_max = config_.limits.inbound_bytes_max;
    options.limits.outbound_bytes_max = config_.limits.outbound_bytes_max;
    options.limits.idle_max = Millis(config_.limits.idle.value * 1000);
    options.signer = parts_.signer;
    options.clock = &parts_.clock;
    options.identity_required = config_.identity_required;
    options.unix_identity_required = false;
    options.advertise = config_.advertise;
    return options;
}

void Node::make_groups() {
    // Routing groups are in the service `storage`, be it this node's or another's.
    bool keeps = std::ranges::any_of(units_, [](const auto& unit) { return unit->entry.name == "storage"; });
    const locator::Options& options = config_.locator;
    bool meets = options.gateway != "none" && (options.multicast || !options.peers.empty());
    if (!groups_ && (keeps || meets))
        groups_ = std::make_unique<locator::StorageGroups>([this] { return connect("storage"); });
}

void Node::make_locator() {
    make_groups();
    locator::Parts parts(parts_.executor, parts_.clock, *server_);
    parts.groups = groups_.get();
    parts.signer = parts_.signer;
    locator_ = std::make_unique<locator::Locator>(std::move(parts), config_.locator);
}

Async<void> Node::start(Unit& unit, TaskGroup& group) {
    SONM_CO_CHECK(make_folder(folder_of(unit.entry, config_.state), 0700));
    auto starting = contain(unit.service->start());
    SONM_CO_CHECK(co_await within(config_.start_max, std::move(starting)));
    auto own = unit.service->own_endpoint();
    if (!own) {
        SONM_CO_TRY(auto listener, next_port(unit.entry.listen));
        std::string where = listener ? listener->address() : "the node's ports";
        SONM_CO_CHECK(offer(unit.entry.name, unit.service->handlers(), std::move(listener)));
        SONM_LOG(info, "service {} ({}) on {}", unit.entry.name, unit.entry.type, where);
    } else {
        SONM_LOG(info, "service {} ({}) on {}, by itself", unit.entry.name, unit.entry.type, *own);
    }
    unit.state = "running";
    group.spawn(keep_running(unit));
    co_return Result<void>();
}

/// One service's defect ends that service only.
Task<void> Node::keep_running(Unit& unit) {
    auto running = contain(run_one(*unit.service));
    auto ended = co_await std::move(running);
    if (ended) co_return;
    unit.state = "failed";
    unit.note = ended.error().message();
    SONM_LOG(error, "service {} has failed: {}", unit.entry.name, unit.note);
    if (std::ranges::all_of(units_, [](const auto& one) { return one->state == "failed"; })) stop();
}

Result<std::unique_ptr<Listener>> Node::next_port(const std::string& pinned) {
    if (!pinned.empty()) return listen_stream(parts_.executor, pinned);
    if (config_.ports.none) return std::unique_ptr<Listener>();
    std::string host = host_of(config_);
    if (config_.ports.first == 0) return listen_tcp(parts_.executor, host, 0);
    // In turn, so that a name that comes and goes does not meet its own port in TIME_WAIT.
    std::uint32_t count = config_.ports.last - config_.ports.first + 1u;
    for (std::uint32_t tried = 0; tried < count; ++tried) {
        auto port = static_cast<std::uint16_t>(config_.ports.first + ports_taken_++ % count);
        auto listener = listen_tcp(parts_.executor, host, port);
        if (listener || !listener.error().is(Errc::exists)) return listener;
    }
    return fail(Errc::exists, "none of the ports {}-{} on {} is free", config_.ports.first,
                config_.ports.last, host);
}

Async<void> Node::drain() {
    phase_ = Phase::draining;
    notify_manager("STOPPING=1\nSTATUS=draining");
    SONM_LOG(info, "stopping: calls that are under way have {} ms; a second signal stops at once",
             config_.drain_max.count());
    if (http_) http_->close_gently();
    if (locator_) locator_->drain();
    Result<void> served;
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(drain_units());
        auto draining = server_->drain(config_.drain_max);
        served = co_await std::move(draining);
        auto joining = group.join();
        co_await std::move(joining);
    };
    auto draining = scope(2, std::move(body));
    co_await std::move(draining);
    if (!served) SONM_LOG(warn, "stopping: {}", served.error().message());
    SONM_LOG(info, "node {} has stopped", config_.name);
    co_return Result<void>();
}

Task<void> Node::drain_units() {
    const auto until = std::chrono::steady_clock::now() + config_.drain_max;
    auto units = [this](TaskGroup& group) -> Task<void> {
        for (auto& unit : units_) group.spawn(drain_unit(*unit));
        return group.join();
    };
    auto draining = scope(units_.size() + 1, std::move(units));
    co_await std::move(draining);
    // Only now: calls that were under way in applications may have come through them.
    auto doors = [this, until](TaskGroup& group) -> Task<void> {
        auto left = std::chrono::duration_cast<Millis>(until - std::chrono::steady_clock::now());
        for (const auto& door : doors_) group.spawn(drain_door(door, std::max(left, Millis(0))));
        return group.join();
    };
    auto closing = scope(doors_.size() + 1, std::move(doors));
    co_await std::move(closing);
}

Task<void> Node::drain_unit(Unit& unit) {
    if (unit.state == "running") unit.state = "draining";
    auto draining = contain(unit.service->drain());
    auto drained = co_await within(config_.drain_max, std::move(draining));
    if (!drained) SONM_LOG(warn, "stopping service {}: {}", unit.entry.name, drained.error().message());
}

Task<void> Node::drain_door(std::shared_ptr<NodeDoor> door, Millis limit) {
    auto draining = door->server().drain(limit);
    (void)co_await std::move(draining);
}

Task<void> Node::follow_signals() {
    asio::signal_set signals(parts_.executor, SIGTERM, SIGINT, SIGHUP);
    while (true) {
        int number = co_await signals.async_wait(asio::use_awaitable);
        if (number == SIGHUP)
            on_hangup();
        else
            stop();
    }
}

void Node::on_hangup() {
    notify_manager("RELOADING=1");
    if (auto done = reload(); !done) SONM_LOG(error, "reload: {}", done.error().message());
    if (locator_ && groups_) group_->spawn(refresh_groups());
    notify_manager("READY=1");
}

Task<void> Node::refresh_groups() {
    auto refreshing = locator_->refresh({});
    if (auto done = co_await std::move(refreshing); !done && !groups_->missing())
        SONM_LOG(warn, "reload: routing groups: {}", done.error().message());
}

}  // namespace sonm::node
