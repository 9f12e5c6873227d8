#include "sonm/apphost/app_parts.hpp"
#include "sonm/apphost/uuid.hpp"
#include "sonm/base/log.hpp"

/// Workers: from their start, over their introduction on the socket, to their end.
namespace sonm::apphost {
namespace {

using services::AppWorkerErrc;

/// The code that goes with an orderly "terminate". Source: docs/apps.md, "Worker protocol".
constexpr std::int64_t terminate_normal = 1;
/// One that has lived so long does not make the next wait longer.
constexpr std::chrono::seconds long_life{60};

/// Whether a worker that is killed for this has failed: then the next one waits a little.
bool is_failure(AppWorkerErrc why) {
    return why == AppWorkerErrc::spawn_timeout || why == AppWorkerErrc::handshake_timeout ||
           why == AppWorkerErrc::heartbeat_timeout || why == AppWorkerErrc::disconnected;
}

std::string to_flag(const std::vector<rpc::Endpoint>& endpoints) {
    std::string out;
    for (const auto& [host, port] : endpoints) {
        bool version_6 = host.find(':') != std::string::npos;
        out += fmt::format("{}{}:{}", out.empty() ? "" : ",", version_6 ? "[" + host + "]" : host, port);
    }
    return out;
}

}  // namespace

/// One connection to the application's socket.
class App::WorkerSession {
public:
    explicit WorkerSession(App& app) : app_(app) {
        service_.on<"handshake">([this](rpc::Context, std::string uuid, Control talk) {
            return meet(std::move(uuid), std::move(talk));
        });
    }

    Task<void> run(std::unique_ptr<ByteStream> stream) {
        rpc::Session::Options options;
        options.service = &service_;
        options.peer = std::make_shared<rpc::Peer>(rpc::Peer{std::nullopt, "worker of " + app_.name_});
        // Who does not introduce itself goes.
        options.limits.idle_max = app_.profile_.handshake_timeout;
        auto session = std::make_shared<rpc::Session>(app_.parts_.executor, std::move(stream), options);
        connection_ = rpc::Connection(session, app_.profile_.request_timeout);
        auto running = rpc::Session::run(session);
        co_await std::move(running);
        if (worker_) app_.kill(worker_->number, AppWorkerErrc::disconnected);
    }

private:
    Async<void> meet(std::string uuid, Control talk) {
        auto worker = app_.find(uuid);
        PoolWorker* entry = worker ? app_.pool_.find(worker->number) : nullptr;
        bool expected =
            entry && (entry->state == WorkerState::spawning || entry->state == WorkerState::handshaking);
        // Failing ends the session, without a word to whoever it was.
        if (!expected || worker_) co_return fail(AppWorkerErrc::unknown_worker, "{}", app_.name_);
        struct Talking {
            Talking(Worker& w, Control& t) : worker(w) { worker.control = &t; }
            ~Talking() { worker.control = nullptr; }
            Worker& worker;
        } talking(*worker, talk);
        worker_ = worker;
        worker->link = connection_;
        entry->state = WorkerState::active;
        entry->since = entry->heard = entry->idle_since = app_.now();
        app_.step();
        while (true) {
            SONM_CO_TRY(auto said, co_await talk.hear());
            if (!said) co_return Result<void>();
            if (said->is<"heartbeat">()) {
                if (PoolWorker* now = app_.pool_.find(worker->number)) now->heard = app_.now();
                // Nothing can be answered any more once it was told to end.
                if (!worker->why) SONM_CO_CHECK(talk.say_now<"heartbeat">());
            } else {
                SONM_CO_TRY(auto last, said->args<"terminate">());
                app_.asked_to_end(worker->number, std::get<0>(last), std::get<1>(last));
            }
        }
    }

    App& app_;
    rpc::Service<services::AppRuntimeProtocol> service_;
    rpc::Connection connection_;
    std::shared_ptr<Worker> worker_;
};

Task<void> App::accept() {
    while (true) {
        auto stream = co_await listener_->accept();
        if (!stream && stream.error().is(Errc::closed)) co_return;
        bool room = sockets_ < 2 * profile_.pool_limit + 16;
        if (stream && room && group_->spawn(serve_worker(std::move(*stream)))) continue;
        co_await sleep_for(Millis(50));
    }
}

Task<void> App::serve_worker(std::unique_ptr<ByteStream> stream) {
    struct Counted {
        explicit Counted(std::size_t& c) : count(c) { ++count; }
        ~Counted() { --count; }
        std::size_t& count;
    } counted(sockets_);
    WorkerSession session(*this);
    auto running = session.run(std::move(stream));
    co_await std::move(running);
}

std::shared_ptr<App::Worker> App::find(std::string_view uuid) const {
    for (const auto& [number, worker] : workers_)
        if (worker->uuid == uuid) return worker;
    return nullptr;
}

void App::spawn_worker() {
    auto worker =
        std::make_shared<Worker>(next_worker_++, pool_.version, make_uuid(), profile_.crashlog_limit);
    worker->born = now();
    PoolWorker entry;
    entry.number = worker->number;
    entry.version = worker->version;
    entry.since = entry.heard = entry.idle_since = now();
    pool_.workers.push_back(entry);
    workers_.emplace(worker->number, worker);
    ++counters_.spawned;
    if (group_->spawn(live(worker))) return;
    fail_worker(*worker);
    ended(*worker, "too much is going on");
}

SpawnSpec App::spawn_spec(const Worker& worker) const {
    SpawnSpec spec;
    spec.app = name_;
    spec.uuid = worker.uuid;
    spec.folder = version_.folder;
    spec.program = version_.manifest.slave;
    spec.environment = version_.manifest.environment;
    // Not in --locator: frameworks of old know no such address, and stop at it.
    if (!parts_.door.empty()) spec.environment.try_emplace("SONM_NODE", "unix:" + parts_.door.string());
    spec.image = version_.manifest.image;
    spec.socket = parts_.socket;
    spec.locator = parts_.door;
    spec.isolate = profile_.isolate;
    spec.user = parts_.user;
    spec.args = {"--app",      name_,
                 "--endpoint", parts_.socket.string(),
                 "--locator",  to_flag(parts_.locator),
                 "--protocol", "1",
                 "--uuid",     worker.uuid};
    return spec;
}

Task<void> App::live(std::shared_ptr<Worker> worker) {
    worker->folder = version_.kept;
    auto tell = [output = &worker->output](BytesView piece) { output->add(piece); };
    auto spawning = contain(parts_.spawner.spawn(spawn_spec(*worker), std::move(tell)));
    auto spawned = co_await std::move(spawning);
    if (!spawned) {
        fail_worker(*worker);
        ended(*worker, spawned.error().message());
        co_return;
    }
    worker->process = std::move(*spawned);
    PoolWorker* entry = pool_.find(worker->number);
    if (!entry) worker->process->kill();
    if (entry && entry->state == WorkerState::spawning) {
        entry->state = WorkerState::handshaking;
        entry->since = now();
    }
    step();
    auto waiting = worker->process->wait();
    ExitStatus status = co_await std::move(waiting);
    if (!worker->why) fail_worker(*worker);
    ended(*worker, status.words());
}

void App::kill(WorkerNumber number, AppWorkerErrc why) {
    auto found = workers_.find(number);
    if (found == workers_.end()) return;
    auto worker = found->second;
    if (!worker->why) {
        worker->why = why;
        if (is_failure(why)) fail_worker(*worker);
    }
    std::erase_if(pool_.workers, [&](const PoolWorker& entry) { return entry.number == number; });
    worker->link.close();
    if (worker->process) worker->process->kill();
    step();
}

void App::terminate(WorkerNumber number, AppWorkerErrc why) {
    PoolWorker* entry = pool_.find(number);
    auto worker = workers_.at(number);
    entry->state = WorkerState::terminating;
    entry->since = now();
    worker->why = why;
    bool told =
        worker->control && worker->control->say_now<"terminate">(terminate_normal, std::string("normal"));
    if (!told && worker->process) worker->process->terminate();
}

void App::asked_to_end(WorkerNumber number, std::int64_t code, const std::string& reason) {
    auto worker = workers_.at(number);
    if (!worker->why) {
        SONM_LOG(info, "app {}: worker {} asks to end: {} ({})", name_, worker->uuid, reason, code);
        worker->why = AppWorkerErrc::asked_to_end;
        fail_worker(*worker);
    }
    if (PoolWorker* entry = pool_.find(number)) {
        entry->state = WorkerState::terminating;
        // From here on kill-timeout counts.
        entry->since = now() + profile_.kill_timeout - profile_.terminate_timeout;
    }
    if (worker->process) worker->process->terminate();
    step();
}

void App::fail_worker(Worker& worker) {
    if (std::exchange(worker.failed, true)) return;
    ++counters_.crashed;
    bool lived = now() - worker.born >= long_life;
    pool_.failures = lived ? 1 : pool_.failures + 1;
    pool_.failed_at = now();
}

void App::ended(Worker& ending, const std::string& how) {
    auto worker = workers_.at(ending.number);
    std::erase_if(pool_.workers, [&](const PoolWorker& entry) { return entry.number == worker->number; });
    workers_.erase(worker->number);
    std::string why = worker->why ? make_error_code(*worker->why).message() + ", " + how : how;
    if (!worker->failed) {
        SONM_LOG(debug, "app {}: worker {} has ended: {}", name_, worker->uuid, why);
        return step();
    }
    SONM_LOG(warn, "app {}: worker {} has failed: {}", name_, worker->uuid, why);
    parts_.crashed(Crash{name_, worker->uuid, std::move(why), worker->output.lines()});
    step();
}

}  // namespace sonm::apphost
