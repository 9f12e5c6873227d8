#include "sonm/apphost/host.hpp"

#include "sonm/base/blocking.hpp"
#include "sonm/base/log.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;
using services::NodeErrc;

/// Applications, their starts and their crash reports, all at once.
constexpr std::size_t children_max = 4096;
/// Of a socket's path below the folder of sockets, with the longest name of an application.
constexpr std::size_t socket_name_bytes_max = sizeof "/box/.4194304.node" + 64;
/// Where sockets and unpacked archives lie if workers cannot come to the service's folder.
constexpr const char* shared_runtime = "/run/sonm-apps";
constexpr const char* shared_spool = "/var/lib/sonm-apps";
/// How long pause_app waits for the end before it answers.
constexpr Millis pause_max{10'000};

}  // namespace

AppHost::AppHost(services::Environment environment, Config config, std::optional<UserRange> users,
                 std::unique_ptr<Spawner> processes, std::unique_ptr<Spawner> containers)
    : environment_(std::move(environment)),
      config_(std::move(config)),
      processes_(std::move(processes)),
      containers_(std::move(containers)),
      store_([this] { return environment_.host->connect(config_.storage); }),
      users_(users, end_processes_of, shared_runtime) {
    bind();
}

void AppHost::bind() {
    service_.on<"start_app">([this](rpc::Context, std::string name, std::string profile) {
        return start_app(std::move(name), std::move(profile));
    });
    service_.on<"pause_app">([this](rpc::Context, std::string name) { return pause_app(std::move(name)); });
    service_.on<"list">([this](const rpc::Context&) -> Result<std::vector<std::string>> {
        std::vector<std::string> names;
        for (const auto& [name, running] : apps_) names.push_back(name);
        return names;
    });
    service_.on<"info">([this](const rpc::Context&, std::string name,
                               std::optional<std::uint64_t> flags) -> Result<rpc::Encoded> {
        SONM_TRY(RunningPtr running, find(name));
        return rpc::Encoded{running->app->info(flags.value_or(1))};
    });
    using Talk = rpc::Talk<rpc::Primitive<>, rpc::Streaming<std::int64_t>>;
    service_.on<"control">([this](rpc::Context, std::string name, Talk talk) -> Async<void> {
        SONM_CO_TRY(RunningPtr running, find(name));
        auto controlling = running->app->control(std::move(talk));
        co_return co_await std::move(controlling);
    });
    service_.on<"enqueue">([this](rpc::Context who, std::string name, std::string event,
                                  rpc::Source<Bytes> in, rpc::Sink<Bytes> out) -> Async<void> {
        SONM_CO_TRY(RunningPtr running, find(name));
        auto calling = running->app->enqueue(std::move(who), std::move(event), std::move(in), std::move(out));
        co_return co_await std::move(calling);
    });
    service_.on<"update">([this](rpc::Context, std::string name, std::string profile) {
        return update(std::move(name), std::move(profile));
    });
    service_.on<"output">(
        [this](const rpc::Context&, std::string name) -> Result<std::vector<services::AppOutputLine>> {
            SONM_TRY(RunningPtr running, find(name));
            return running->app->output();
        });
}

Result<AppHost::RunningPtr> AppHost::find(const std::string& name) const {
    auto found = apps_.find(name);
    if (found == apps_.end()) return fail(NodeErrc::not_running, "{}", name);
    return found->second;
}

Async<void> AppHost::start() {
    if (!users_.range() && ::geteuid() == 0)
        SONM_LOG(warn,
                 "app workers run as root, without its capabilities; without `users: none` each "
                 "application has a user of its own");
    for (Spawner* spawner : {processes_.get(), containers_.get()}) {
        if (!spawner) continue;
        auto cleaning = spawner->clean_up();
        auto cleaned = co_await std::move(cleaning);
        if (!cleaned) SONM_LOG(warn, "cleaning up after an earlier life: {}", cleaned.error().message());
    }
    SONM_CO_CHECK(users_.clean_up());
    Places::Wanted wanted;
    wanted.folder = environment_.folder;
    wanted.runtime = config_.runtime;
    wanted.spool = config_.spool;
    wanted.shared_runtime = shared_runtime;
    wanted.shared_spool = shared_spool;
    wanted.socket_bytes_max = socket_name_bytes_max;
    // A worker that is root is stopped by the rights of folders, too: it has none of root's capabilities.
    if (users_.range()) wanted.user = users_.range()->first;
    if (!users_.range() && ::geteuid() == 0) wanted.user = 0;
    auto open = [this, wanted] { return places_.open(wanted); };
    auto opening = offload_blocking(std::move(open));
    SONM_CO_CHECK(co_await std::move(opening));
    if (containers_) SONM_CO_CHECK(make_folder(boxes(), 0700));
    if (containers_ || environment_.host->wants_proof())
        SONM_CO_CHECK(environment_.host->check_door(door({})));
    co_return Result<void>();
}

services::Door AppHost::door(fs::path socket) const {
    services::Door out;
    out.socket = std::move(socket);
    out.services = {config_.container_services.begin(), config_.container_services.end()};
    if (out.services.empty()) out.services.insert(config_.storage);
    out.closed_collections = {own_collections.begin(), own_collections.end()};
    return out;
}

Task<void> AppHost::run() {
    struct Ending {
        explicit Ending(AppHost& h) : host(h) {}
        ~Ending() { host.group_ = nullptr; }
        AppHost& host;
    } ending(*this);
    auto body = [this](TaskGroup& group) -> Task<void> {
        group_ = &group;
        group.spawn(start_runlist());
        while (true) co_await sleep_for(std::chrono::hours(1));
    };
    auto work = scope(children_max, std::move(body));
    co_await std::move(work);
}

Async<void> AppHost::drain() {
    for (auto& [name, running] : apps_) running->app->stop();
    while (!apps_.empty() || removing_ > 0) co_await sleep_for(Millis(20));
    co_return Result<void>();
}

Task<void> AppHost::start_runlist() {
    Runlist runlist;
    for (unsigned attempt = 1;; ++attempt) {
        auto read = co_await store_.runlist(config_.runlist);
        if (read) {
            runlist = std::move(*read);
            break;
        }
        SONM_LOG(warn, "apps of the runlist wait: {}", read.error().message());
        co_await sleep_for(spawn_delay(attempt));
    }
    for (const auto& [name, profile] : runlist) {
        auto launching = launch(name, profile);
        auto launched = co_await std::move(launching);
        if (!launched && !launched.error().is(NodeErrc::already_started))
            SONM_LOG(error, "app {} of the runlist does not start: {}", name, launched.error().message());
    }
}

Async<void> AppHost::start_app(std::string name, std::string profile) {
    auto launching = launch(name, profile);
    SONM_CO_CHECK(co_await std::move(launching));
    auto remembering = remember(std::move(name), std::move(profile));
    co_return co_await std::move(remembering);
}

Async<void> AppHost::pause_app(std::string name) {
    SONM_CO_TRY(RunningPtr running, find(name));
    running->app->stop();
    running.reset();
    auto remembering = remember(name, std::nullopt);
    SONM_CO_CHECK(co_await std::move(remembering));
    const Millis step(20);
    for (Millis waited(0); waited < pause_max && (apps_.contains(name) || removing_ > 0); waited += step)
        co_await sleep_for(step);
    co_return Result<void>();
}

Async<void> AppHost::remember(std::string name, std::optional<std::string> profile) {
    // One at a time: the list is read, changed and written.
    while (writing_runlist_) co_await sleep_for(Millis(10));
    writing_runlist_ = true;
    struct Done {
        explicit Done(bool& f) : flag(f) {}
        ~Done() { flag = false; }
        bool& flag;
    } done(writing_runlist_);
    auto reading = store_.runlist(config_.runlist);
    SONM_CO_TRY(Runlist runlist, co_await std::move(reading));
    Runlist before = runlist;
    if (profile)
        runlist[name] = *profile;
    else
        runlist.erase(name);
    if (runlist == before) co_return Result<void>();
    auto writing = store_.write_runlist(config_.runlist, std::move(runlist));
    co_return co_await std::move(writing);
}

Async<void> AppHost::launch(std::string name, std::string profile_name) {
    SONM_CO_CHECK(check_app_name(name));
    if (!group_) co_return fail(Errc::unavailable, "the node is not up yet, or going down");
    if (apps_.contains(name) || starting_.contains(name))
        co_return fail(NodeErrc::already_started, "{}", name);
    if (apps_.size() + starting_.size() >= config_.apps_max)
        co_return fail(NodeErrc::resource, "{} applications run here, which is the limit", config_.apps_max);
    struct Starting {
        Starting(std::set<std::string>& s, std::string n) : set(s), name(std::move(n)) { set.insert(name); }
        ~Starting() { set.erase(name); }
        std::set<std::string>& set;
        std::string name;
    } starting(starting_, name);

    auto running = std::make_shared<Running>();
    running->profile = profile_name;
    auto profiling = store_.profile(std::move(profile_name));
    SONM_CO_TRY(Profile profile, co_await std::move(profiling));
    bool contained = profile.isolate.type == Isolate::Type::container;
    if (contained && !containers_)
        co_return fail(NodeErrc::resource, "{} wants containers; this node has no `engine`", name);
    if (!contained) {
        auto user = users_.take();
        if (!user) co_return fail(NodeErrc::resource, "{}", user.error().message());
        running->user = std::move(*user);
    }
    auto reading = store_.app(name);
    SONM_CO_TRY(StoredApp stored, co_await std::move(reading));
    auto unpacking = unpack(name, std::move(stored), running->user);
    SONM_CO_TRY(Version version, co_await std::move(unpacking));
    if (running->user) SONM_CO_CHECK(check_way(*running->user, places_.runtime()));

    AppParts parts{environment_.executor,
                   *environment_.clock,
                   contained ? *containers_ : *processes_,
                   (contained ? boxes() : places_.runtime()) / fmt::format("{}.{}", name, ::getpid()),
                   environment_.host->locator(),
                   running->user ? std::optional(*running->user) : std::nullopt};
    bool confined = contained || environment_.host->wants_proof();
    if (confined) parts.door = running->door = parts.socket.string() + ".node";
    parts.crashed = [this](Crash crash) {
        if (group_) (void)group_->spawn(report(std::move(crash)));
    };
    fs::path socket = parts.socket;
    running->app = std::make_unique<App>(std::move(parts), name, std::move(version), profile);
    SONM_CO_CHECK(running->app->listen());
    if (running->user && ::chown(socket.c_str(), *running->user, *running->user) != 0)
        co_return fail(NodeErrc::resource, "giving {} to user {} failed", socket.string(), *running->user);
    // Only the engine, which is root, comes through the folder; who is in the container has a user of its
    // own, and proves itself by its uuid.
    if (contained) ::chmod(socket.c_str(), 0666);
    // Reading and unpacking took a while.
    if (!group_) co_return fail(Errc::unavailable, "the node is going down");
    auto published = environment_.host->publish(name, running->app->service());
    if (!published) co_return fail(NodeErrc::publish, "{}", published.error().message());
    auto opened = confined ? environment_.host->open_door(door(running->door)) : Result<void>();
    if (opened && contained) ::chmod(running->door.c_str(), 0666);
    if (opened && confined && running->user &&
        ::chown(running->door.c_str(), *running->user, *running->user) != 0)
        opened = fail(Errc::io, "giving {} to user {} failed", running->door.string(), *running->user);
    apps_.emplace(name, running);
    if (opened && group_->spawn(live(running))) {
        SONM_LOG(info, "app {} runs", name);
        co_return Result<void>();
    }
    apps_.erase(name);
    auto closing = close(running);
    co_await std::move(closing);
    if (!opened) co_return fail(NodeErrc::resource, "{}", opened.error().message());
    co_return fail(NodeErrc::resource, "too much is going on");
}

Task<void> AppHost::close(RunningPtr running) {
    auto withdrawing = environment_.host->withdraw(running->app->name());
    (void)co_await std::move(withdrawing);
    if (running->door.empty()) co_return;
    auto closing = environment_.host->close_door(running->door);
    (void)co_await std::move(closing);
}

Async<services::AppUpdate> AppHost::update(std::string name, std::string profile_name) {
    SONM_CO_TRY(RunningPtr running, find(name));
    if (running->app->stopping()) co_return fail(NodeErrc::not_running, "{} is being stopped", name);
    std::string wanted = profile_name.empty() ? running->profile : profile_name;
    services::AppUpdate out;
    auto profiling = store_.profile(wanted);
    SONM_CO_TRY(Profile profile, co_await std::move(profiling));
    if (profile.isolate.type != running->app->profile().isolate.type)
        co_return fail(Errc::conflict, "{}: processes become containers only by pause and start", name);
    auto reading = store_.app(name);
    SONM_CO_TRY(StoredApp stored, co_await std::move(reading));
    if (stored.digest != running->app->version().digest) {
        auto unpacking = unpack(name, std::move(stored), running->user);
        SONM_CO_TRY(Version version, co_await std::move(unpacking));
        running->app->replace(std::move(version));
        out.new_version = true;
    }
    if (profile != running->app->profile()) {
        // Limits of a process hold from its start on: new ones need new workers.
        bool other_limits = profile.isolate != running->app->profile().isolate;
        running->app->set_profile(profile);
        if (other_limits && !out.new_version) running->app->replace(running->app->version());
        out.new_profile = true;
    }
    running->profile = wanted;
    auto remembering = remember(std::move(name), wanted);
    SONM_CO_CHECK(co_await std::move(remembering));
    co_return out;
}

Task<void> AppHost::live(RunningPtr running) {
    std::string name = running->app->name();
    auto running_app = running->app->run();
    co_await std::move(running_app);
    auto closing = close(running);
    co_await std::move(closing);
    // Or what it has left running goes on writing into what is about to be removed.
    auto end = [this, user = running->user] { return user ? users_.end(*user) : Result<void>(); };
    auto ending = offload_blocking(std::move(end));
    if (auto ended = co_await std::move(ending); !ended)
        SONM_LOG(warn, "app {}: {}", name, ended.error().message());
    apps_.erase(name);
    running.reset();  // and with it what was unpacked
    SONM_LOG(info, "app {} has stopped", name);
}

Task<void> AppHost::report(Crash crash) {
    auto adding = store_.add_crash(std::move(crash), environment_.clock->now());
    auto added = co_await std::move(adding);
    if (!added) SONM_LOG(warn, "a crash log was not stored: {}", added.error().message());
}

void AppHost::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    auto add = [&](const char* name, const char* help, Kind kind, double value, const std::string& app) {
        services::Metric metric;
        metric.name = name;
        metric.help = help;
        metric.kind = kind;
        metric.value = value;
        if (!app.empty()) metric.labels.emplace_back("app", app);
        out.push_back(std::move(metric));
    };
    add("apps", "Applications that run.", Kind::gauge, static_cast<double>(apps_.size()), "");
    for (const auto& [name, running] : apps_) {
        const auto& counters = running->app->counters();
        const Pool& pool = running->app->pool();
        auto number = [](auto value) { return static_cast<double>(value); };
        add("workers", "Workers of an application.", Kind::gauge, number(pool.workers.size()), name);
        add("queue_depth", "Calls that wait for a worker.", Kind::gauge, number(pool.queue.size()), name);
        add("calls_running", "Calls at workers.", Kind::gauge, number(pool.running.size()), name);
        add("calls_total", "Calls that were given to a worker.", Kind::counter, number(counters.accepted),
            name);
        add("calls_rejected_total", "Calls that the queue had no room for.", Kind::counter,
            number(counters.rejected), name);
        add("calls_failed_total", "Calls that ended with an error.", Kind::counter, number(counters.failed),
            name);
        add("workers_spawned_total", "Workers that were started.", Kind::counter, number(counters.spawned),
            name);
        add("workers_crashed_total", "Workers that have failed.", Kind::counter, number(counters.crashed),
            name);
    }
}

}  // namespace sonm::apphost
