#include "sonm/cli/command.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/cli/worker_service.hpp"
#include "sonm/node/node.hpp"

#include <nlohmann/json.hpp>

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

/// Measuring a large machine takes minutes, and a passphrase may have to be typed.
constexpr Millis measuring_max{3'600'000};

/// The file, completed with what the command line and the account say.
Result<worker::WorkerConfig> config_of(const Context& context, const std::string& file) {
    worker::WorkerConfig config;
    if (!file.empty()) {
        SONM_TRY(config, worker::read_config(file));
    }
    if (config.state.empty()) config.state = context.home() / "worker";
    return config;
}

/// A node with one service.
Async<Exit> serve(Context& context, TaskGroup& group, std::string file) {
    SONM_CO_TRY(worker::WorkerConfig config, config_of(context, file));
    node::NodeConfig preset;
    preset.name = config.name;
    preset.state = config.state;
    preset.ports.none = true;
    preset.http.listen = config.metrics;
    preset.http.calls = node::CallsFrom::nobody;
    preset.start_max = measuring_max;
    preset.log_level = config.log_level;
    node::Types types;
    node::NodeParts parts{context.executor(), context.clock(), types, SONM_VERSION};
    parts.log_level_given = context.options().log_level_given;
    parts.follow_signals = true;
    node::Node daemon(std::move(parts));
    daemon.preset(std::move(preset));
    node::ServiceEntry entry{config.name, "worker", {}};
    daemon.add(std::move(entry), make_worker(context, group, std::move(config)));
    auto serving = daemon.serve();
    SONM_CO_CHECK(co_await std::move(serving));
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
        [file, &commands](CLI::App& leaf) -> Handler {
            follow_signals(commands, leaf);
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
    add_master_commands(commands, *worker);
}

}  // namespace sonm::cli
