#pragma once

#include "sonm/apphost/spawner.hpp"
#include "sonm/apphost/statistics.hpp"
#include "sonm/base/clock.hpp"
#include "sonm/base/stream.hpp"
#include "sonm/services/node_service.hpp"

#include <unordered_map>

namespace sonm::apphost {

/// A worker that has died with an error, and the last that it said.
struct Crash {
    std::string app;
    std::string uuid;
    std::string why;
    std::vector<std::string> lines;
};

/// What an application needs of its surroundings; all of it outlives the application.
struct AppParts {
    Executor executor;
    const Clock& clock;
    Spawner& spawner;
    std::filesystem::path socket;        ///< where its workers find it
    std::vector<rpc::Endpoint> locator;  ///< where they find everybody else
    std::optional<unsigned> user;        ///< whom they run as
    std::filesystem::path door;          ///< the same for those that may go nowhere else; may be empty
    std::function<void(Crash)> crashed = [](Crash) {};
};

/// One state of what is stored of an application.
struct Version {
    std::string digest;  ///< of manifest and archive
    Manifest manifest;
    std::filesystem::path folder;      ///< the archive, unpacked
    std::shared_ptr<const void> kept;  ///< the folder is there for as long as somebody has a copy
};

/// A running application: the pool of its workers, the queue in front of it, and the service that clients
/// call. One executor; resource type. Handlers of its service must have ended before it goes (Host::withdraw
/// sees to that).
class App {
public:
    App(AppParts parts, std::string name, Version version, Profile profile);
    ~App();
    App(const App&) = delete;

    const std::string& name() const { return name_; }
    const rpc::ServiceBase& service() const { return service_; }

    /// Opens the socket. Errors: those of listen_unix.
    Result<void> listen();
    /// Keeps the pool until it was stopped and is empty; cancelling kills all workers.
    Task<void> run();
    /// No more calls; workers end after the ones they have.
    void stop();
    bool stopping() const { return pool_.stopping; }

    /// Workers of the new version replace those that there are, one by one.
    void replace(Version version);
    /// Holds at once, for what runs too.
    void set_profile(Profile profile);
    const Version& version() const { return version_; }
    const Profile& profile() const { return profile_; }
    /// How many workers there shall be; nothing = as the queue needs.
    void set_wished(std::optional<std::size_t> count);

    /// One call; see AppProtocol.
    Async<void> enqueue(rpc::Context who, std::string event, rpc::Source<Bytes> in, rpc::Sink<Bytes> out);
    /// Listens to wishes until their channel ends; then the pool is automatic again.
    Async<void> control(rpc::Talk<rpc::Primitive<>, rpc::Streaming<std::int64_t>> talk);
    /// A map; flags of NodeProtocol's info.
    Bytes info(std::uint64_t flags) const;
    std::vector<services::AppOutputLine> output() const;

    struct Counters {
        std::uint64_t accepted = 0, rejected = 0, failed = 0, spawned = 0, crashed = 0;
    };
    const Counters& counters() const { return counters_; }
    const Pool& pool() const { return pool_; }

private:
    using Control = rpc::Talk<services::AppWorkerControl, services::AppWorkerControl>;
    struct Worker;
    struct Call;
    class CallEntry;
    class WorkerSession;

    // app.cpp: decide and act
    void step();
    void act(const Action& action);
    Task<void> look_again();
    Time now() const { return parts_.clock.steady(); }

    // app_workers.cpp: from spawn to end
    void spawn_worker();
    Task<void> live(std::shared_ptr<Worker> worker);
    SpawnSpec spawn_spec(const Worker& worker) const;
    void kill(WorkerNumber number, services::AppWorkerErrc why);
    void terminate(WorkerNumber number, services::AppWorkerErrc why);
    void asked_to_end(WorkerNumber number, std::int64_t code, const std::string& reason);
    /// It ends otherwise than it should: the next one waits a little.
    void fail_worker(Worker& worker);
    void ended(Worker& worker, const std::string& how);
    Task<void> accept();
    Task<void> serve_worker(std::unique_ptr<ByteStream> stream);
    std::shared_ptr<Worker> find(std::string_view uuid) const;

    // app_calls.cpp
    Result<void> admit(Call& call);
    Async<void> relay(Call& call, rpc::Context who, std::string event, rpc::Source<Bytes> in,
                      rpc::Sink<Bytes> out);
    void decided(CallNumber number, Result<WorkerNumber> outcome);
    void leave(Call& call);

    AppParts parts_;
    std::string name_;
    Version version_;
    Profile profile_;
    rpc::Service<services::AppProtocol> service_;
    Pool pool_;
    std::unordered_map<WorkerNumber, std::shared_ptr<Worker>>
        workers_;                                  ///< those of the pool and those that die
    std::unordered_map<CallNumber, Call*> calls_;  ///< each on its handler's frame, until it has a result
    WorkerNumber next_worker_ = 1;
    CallNumber next_call_ = 1;
    TaskGroup* group_ = nullptr;  ///< while run() runs
    std::unique_ptr<Listener> listener_;
    asio::steady_timer timer_;
    Time armed_ = Time::max();  ///< when timer_ fires, by parts_.clock
    bool stepping_ = false, again_ = false;
    std::size_t sockets_ = 0;

    Time born_;
    Counters counters_;
    Meter meter_;
    Timings timings_;
    double queue_average_ = 0;
};

/// Time that a client may leave its answer unread, while its worker cannot send anything to others either.
inline constexpr Millis client_stall_max{5'000};

}  // namespace sonm::apphost
