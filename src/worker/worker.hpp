#pragma once

#include "sonm/rpc/rpc.hpp"
#include "sonm/services/worker_admin.hpp"
#include "sonm/worker/decide.hpp"
#include "sonm/worker/shop.hpp"
#include "sonm/worker/task_driver.hpp"

namespace sonm::worker {

/// What a worker stands on. The references outlive it.
struct WorkerParts {
    Executor executor;
    market::Ledger& ledger;
    engine::Engine& engine;
    const crypto::Signer& signer;  ///< of the ledger's account
    const Clock& clock;
    std::uint64_t chain_id = 0;
    Machine machine;
    std::optional<engine::QuotaKind>
        quota;  ///< how work folders are bounded; nothing: the best that works here
};

/// The daemon of one supplying machine: sells what its plans say, runs the tasks of its deals, takes the
/// money.
///
/// One loop: facts of the market + journal + time → decide (pure) → actions, each repeatable. Whatever is cut
/// short anywhere, by a lost connection or by kill -9, is begun again by the next round. One executor.
class Worker {
public:
    /// Opens the journal and the listeners. Errors: exists (a port or another daemon on this state folder),
    /// conflict (plans that do not fit), and those of Database.
    static Result<std::unique_ptr<Worker>> open(WorkerParts parts, WorkerConfig config);
    Worker(const Worker&) = delete;
    ~Worker();

    /// Until cancelled. Containers go on after that.
    Task<void> run();

    /// "host:port" that consumers connect to.
    const std::string& endpoint() const { return endpoint_; }
    Address address() const { return parts_.signer.address(); }

    // ---- what its services ask (consumer_service.cpp, admin_service.cpp) ----
    const WorkerParts& parts() const { return parts_; }
    const WorkerConfig& config() const { return config_; }
    Shop& shop() { return shop_; }
    TaskTable& tasks() { return table_; }
    BlobStore& blobs() { return blobs_; }
    Workspaces& workspaces() { return workspaces_; }
    services::WorkerInfo info() const;
    bool draining() const { return draining_; }
    Result<void> set_draining(bool on);
    /// Makes the loop look again now.
    void wake() { changed_.notify(); }
    /// The deal's time, which is the chain's: wall clock and blocks, whichever is later.
    UnixTime now() const;
    /// Why nothing is sold; empty if it is.
    std::string not_selling() const;

private:
    Worker(WorkerParts parts, WorkerConfig config, std::unique_ptr<Journal> journal, Resources capacity);
    Result<void> start(std::unique_ptr<Listener> admin);

    Task<void> bound_work_folders();
    // The loop.
    Task<void> follow_market();
    Task<void> decide_and_act(TaskGroup& group);
    Picture observe();
    Task<void> act(Action action);
    Async<void> perform(Action action);
    void retry_later(const std::string& key, const Result<void>& outcome);
    // Tasks and the engine.
    Task<void> drive_tasks(TaskGroup& group);
    Task<void> drive(TaskEntry& entry);
    Task<void> watch_engine();
    Async<void> sweep();
    void stop_orphans();
    void housekeeping();

    WorkerParts parts_;
    WorkerConfig config_;
    std::unique_ptr<Journal> journal_;
    Shop shop_;
    BlobStore blobs_;
    Workspaces workspaces_;
    TaskTable table_;
    Images images_;
    TaskDriver driver_;
    Signal changed_;

    std::string endpoint_;
    bool draining_ = false;
    std::optional<UnixTime> engine_down_since_;
    std::string engine_trouble_ = "not asked yet";
    std::chrono::steady_clock::time_point head_heard_;
    std::set<TaskId> driven_;

    /// Keys of actions that failed, or were done a moment ago and whose facts are still to come.
    struct Waiting {
        std::chrono::steady_clock::time_point until;
        std::uint32_t failures = 0;
    };
    std::map<std::string, Waiting> waiting_;
    std::set<std::string> under_way_;

    std::unique_ptr<rpc::ServiceBase> consumers_, admin_;
    std::unique_ptr<rpc::Server> server_, admin_server_;
};

/// The services of a worker; it must outlive them.
std::unique_ptr<rpc::ServiceBase> make_consumer_service(Worker& worker);
std::unique_ptr<rpc::ServiceBase> make_admin_service(Worker& worker);

}  // namespace sonm::worker
