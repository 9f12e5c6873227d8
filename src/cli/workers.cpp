#include "sonm/base/fs.hpp"
#include "sonm/base/log.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/engine/docker_engine.hpp"
#include "sonm/hardware/detect.hpp"
#include "sonm/hardware/measure.hpp"
#include "sonm/hardware/report_file.hpp"
#include "sonm/worker/config.hpp"
#include "sonm/worker/worker.hpp"

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

/// The file, completed with what the command line and the account say.
Result<worker::WorkerConfig> config_of(const Context& context, const std::string& file) {
    worker::WorkerConfig config;
    if (!file.empty()) {
        SONM_TRY(config, worker::read_config(file));
    }
    if (config.state.empty()) config.state = context.home() / "worker";
    return config;
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

Result<hardware::Machine> machine_of(const fs::path& state) {
    SONM_CHECK(make_folder(state, 0700));
    hardware::DetectOptions options;
    options.storage = state;
    return hardware::detect(options);
}

Async<Exit> serve(Context& context, TaskGroup& group, std::string file) {
    SONM_CO_TRY(worker::WorkerConfig config, config_of(context, file));
    context.adopt(config.key, config.keys, config.passphrase_file, config.network);
    // A daemon says what it does, unless it was told how much to say.
    if (!context.options().log_level_given) init_log(config.log_level);
    SONM_CO_TRY(hardware::Machine machine, machine_of(config.state));
    SONM_CO_TRY(auto report, co_await benchmarks(context, machine, config.state, false));
    SONM_CO_TRY(auto network, context.network());
    SONM_CO_TRY(market::Ledger * ledger, co_await context.ledger(group));
    SONM_CO_TRY(const crypto::Signer* signer, co_await context.signer());

    engine::DockerConfig docker;
    docker.address = config.engine;
    if (docker.address.empty()) {
        SONM_CO_TRY(docker.address, engine::engine_address(std::getenv("DOCKER_HOST")));
    }
    docker.spool_folder = config.state / "spool";
    SONM_CO_CHECK(make_folder(docker.spool_folder, 0700));
    engine::DockerEngine docker_engine(context.executor(), std::move(docker));

    worker::Machine sold{hardware::resources_of(machine), report.values(), hardware::describe(machine)};
    worker::WorkerParts parts{context.executor(), *ledger,          docker_engine,  *signer,
                              context.clock(),    network.chain_id, std::move(sold)};
    SONM_CO_TRY(auto daemon, worker::Worker::open(std::move(parts), std::move(config)));
    auto running = daemon->run();
    co_await std::move(running);
    co_return Exit::ok;
}

Async<Exit> benchmark(Context& context, std::string file, bool again) {
    SONM_CO_TRY(worker::WorkerConfig config, config_of(context, file));
    SONM_CO_TRY(hardware::Machine machine, machine_of(config.state));
    SONM_CO_TRY(auto report, co_await benchmarks(context, machine, config.state, again));
    std::string text = hardware::describe(machine) + "\n";
    for (const auto& line : report.lines) text += hardware::to_string(line) + "\n";
    json out = json::parse(hardware::to_json(report), nullptr, false);
    context.emit(out, text);
    co_return report.complete() ? Exit::ok : Exit::failed;
}

}  // namespace

void add_worker_commands(Commands& commands) {
    auto file = std::make_shared<std::string>();
    CLI::App* worker = add_command(
        commands, commands.app, "worker", "Lend this machine: the worker daemon, in the foreground",
        "  sonm worker --config worker.yaml\n  sonm worker benchmark\n  sonm init worker worker.yaml",
        [file](CLI::App& leaf) -> Handler {
            leaf.add_option("--config", *file, "worker.yaml (`sonm init worker` writes one)")
                ->check(CLI::ExistingFile);
            return [file](Context& context, TaskGroup& group) { return serve(context, group, *file); };
        });
    worker->require_subcommand(0, 1);
    add_command(commands, *worker, "benchmark", "Measure this machine, or show what was measured",
                "  sonm worker benchmark --again", [file](CLI::App& leaf) -> Handler {
                    auto again = std::make_shared<bool>(false);
                    leaf.add_flag("--again", *again, "Measure anew");
                    return [file, again](Context& context, TaskGroup&) {
                        return benchmark(context, *file, *again);
                    };
                });
    add_worker_admin_commands(commands, *worker);
}

}  // namespace sonm::cli
