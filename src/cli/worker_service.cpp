#include "sonm/cli/worker_service.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/engine/docker_engine.hpp"
#include "sonm/hardware/measure.hpp"
#include "sonm/worker/worker.hpp"

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;

class WorkerService final : public services::PlatformService {
public:
    WorkerService(Context& context, TaskGroup& group, worker::WorkerConfig config)
        : context_(context), group_(group), config_(std::move(config)) {}

    /// Which protocol it is; the worker itself serves it.
    const rpc::ServiceBase& handlers() const override { return named_; }
    std::optional<std::string> own_endpoint() const override {
        return worker_ ? worker_->endpoint() : config_.listen;
    }

    Async<void> start() override {
        context_.adopt(config_.key, config_.keys, config_.passphrase_file, config_.network);
        SONM_CO_TRY(hardware::Machine machine, machine_of(config_.state));
        SONM_CO_TRY(auto report, co_await benchmarks(context_, machine, config_.state, false));
        SONM_CO_TRY(auto network, context_.network());
        SONM_CO_TRY(market::Ledger * ledger, co_await context_.ledger(group_));
        SONM_CO_TRY(const crypto::Signer* signer, co_await context_.signer());
        engine::DockerConfig docker;
        docker.address = config_.engine;
        if (docker.address.empty()) {
            SONM_CO_TRY(docker.address, engine::engine_address(std::getenv("DOCKER_HOST")));
        }
        docker.spool_folder = config_.state / "spool";
        SONM_CO_CHECK(make_folder(docker.spool_folder, 0700));
        engine_ = std::make_unique<engine::DockerEngine>(context_.executor(), std::move(docker));

        worker::Machine sold{hardware::resources_of(machine), report.values(), hardware::describe(machine)};
        worker::WorkerParts parts{context_.executor(), *ledger,          *engine_,       *signer,
                                  context_.clock(),    network.chain_id, std::move(sold)};
        SONM_CO_TRY(worker_, worker::Worker::open(std::move(parts), config_));
        co_return Result<void>();
    }

    /// Containers go on when it ends.
    Task<void> run() override { return worker_->run(); }

    void measure(std::vector<services::Metric>& out) const override {
        if (!worker_) return;
        services::WorkerInfo info = worker_->info();
        auto add = [&](std::string name, std::string help, double value) {
            out.push_back({std::move(name), std::move(help), services::Metric::Kind::gauge, value, {}});
        };
        add("selling", "1 while its plans are on the market.", info.selling ? 1 : 0);
        add("draining", "1 while nothing more is sold.", worker_->draining() ? 1 : 0);
        add("deals_open", "Deals that hold resources.", static_cast<double>(info.deals_open));
        add("tasks_alive", "Tasks that have not ended.", static_cast<double>(info.tasks_alive));
        add("tasks_known", "Tasks in the journal.", static_cast<double>(worker_->tasks().all().size()));
        add("plans", "Ask plans.", static_cast<double>(worker_->shop().plans().size()));
    }

private:
    Context& context_;
    TaskGroup& group_;
    worker::WorkerConfig config_;
    rpc::Service<services::WorkerProtocol> named_;
    std::unique_ptr<engine::DockerEngine> engine_;
    std::unique_ptr<worker::Worker> worker_;
};

}  // namespace

Result<hardware::Machine> machine_of(const fs::path& state) {
    SONM_CHECK(make_folder(state, 0700));
    hardware::DetectOptions options;
    options.storage = state;
    return hardware::detect(options);
}

Async<hardware::BenchmarkReport> benchmarks(Context& context, hardware::Machine machine, fs::path state,
                                            bool again) {
    fs::path file = state / "benchmarks.json";
    std::error_code ignored;
    if (again) fs::remove(file, ignored);
    note("measuring this machine (once; the result is kept)");
    auto told = [](const hardware::BenchmarkLine& line) { note("  " + hardware::to_string(line)); };
    hardware::MeasureOptions options;
    co_return co_await hardware::measure_once(std::move(machine), options, file, context.clock().now(),
                                              std::move(told));
}

std::unique_ptr<services::PlatformService> make_worker(Context& context, TaskGroup& group,
                                                       worker::WorkerConfig config) {
    return std::make_unique<WorkerService>(context, group, std::move(config));
}

}  // namespace sonm::cli
