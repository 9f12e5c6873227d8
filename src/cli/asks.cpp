#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/model/json.hpp"
#include "sonm/model/order_file.hpp"
#include "sonm/services/worker_admin.hpp"
#include "sonm/worker/config.hpp"

namespace sonm::cli {
namespace {

using json = nlohmann::ordered_json;
using services::PlanInfo;
using services::WorkerAdminClient;

/// Which worker's daemon is meant.
struct WorkerOptions {
    std::string config, socket;
};

void add_worker_options(CLI::App& leaf, WorkerOptions& options) {
    leaf.add_option("--config", options.config,
                    "worker.yaml of the daemon (default: the worker in <home>/worker)")
        ->check(CLI::ExistingFile);
    leaf.add_option("--worker", options.socket, "Its admin socket")->envname("SONM_WORKER");
}

Async<WorkerAdminClient> reach(Context& context, TaskGroup& group, WorkerOptions options) {
    std::string socket = options.socket;
    if (socket.empty()) {
        worker::WorkerConfig config;
        config.state = context.home() / "worker";
        if (!options.config.empty()) {
            SONM_CO_TRY(config, worker::read_config(options.config));
            if (config.state.empty()) config.state = context.home() / "worker";
        }
        socket = worker::admin_socket(config).string();
    }
    rpc::ConnectOptions connect;
    auto connection = co_await rpc::connect(group, "unix:" + socket, "worker_admin", connect);
    if (!connection)
        co_return wrap(connection.error(),
                       "no worker answers on {}: start one with `sonm worker --config worker.yaml`, or name "
                       "it with --worker",
                       socket);
    co_return WorkerAdminClient(std::move(*connection));
}

json plan_json(const PlanInfo& plan) {
    json out{{"id", plan.id},
             {"state", services::to_string(plan.state)},
             {"price_per_second", to_decimal(plan.price.value)},
             {"currency", model::to_string(plan.currency)},
             {"duration", plan.duration.value},
             {"resources", model::to_json(plan.resources)},
             {"note", plan.note}};
    out["ask"] = plan.ask ? json(crypto::to_string(plan.ask->value)) : json(nullptr);
    out["deal"] = plan.deal ? json(plan.deal->value) : json(nullptr);
    return out;
}

Async<Exit> create(Context& context, TaskGroup& group, std::string file, WorkerOptions options) {
    SONM_CO_TRY(std::string text, read_text(file, 1 * MiB));
    SONM_CO_TRY(auto worker, co_await reach(context, group, std::move(options)));
    SONM_CO_CHECK(context.confirm_intent(fmt::format(
        "The worker will keep an ask with the plan {} on the market (each placing costs gas).", file)));
    SONM_CO_TRY(PlanInfo plan, co_await worker.call<"ask_create">(text, file));
    context.emit(plan_json(plan),
                 fmt::format("plan {} {}: {} at {}\n", plan.id, services::to_string(plan.state),
                             model::to_string(plan.resources), price_text(plan.price, plan.currency)));
    co_return Exit::ok;
}

Async<Exit> list(Context& context, TaskGroup& group, WorkerOptions options) {
    SONM_CO_TRY(auto worker, co_await reach(context, group, std::move(options)));
    SONM_CO_TRY(auto plans, co_await worker.call<"ask_list">());
    Table table({"PLAN", "STATE", "PRICE", "DURATION", "RESOURCES", "ASK", "DEAL", "NOTE"});
    json out = json::array();
    for (const auto& plan : plans) {
        table.add({plan.id, std::string(services::to_string(plan.state)),
                   price_text(plan.price, plan.currency), span_text(plan.duration),
                   model::to_string(plan.resources), plan.ask ? short_id(*plan.ask) : "",
                   plan.deal ? std::to_string(plan.deal->value) : "", plan.note});
        out.push_back(plan_json(plan));
    }
    context.emit(
        out, table.empty() ? "no ask plans: add one with `sonm ask create plan.yaml`\n" : table.to_text());
    co_return Exit::ok;
}

Async<Exit> remove(Context& context, TaskGroup& group, std::string plan, bool end_spot,
                   WorkerOptions options) {
    SONM_CO_TRY(auto worker, co_await reach(context, group, std::move(options)));
    SONM_CO_CHECK(context.confirm_intent(
        fmt::format("Takes the ask of plan {} off the market; a deal in it goes on to its end{}.", plan,
                    end_spot ? ", a spot deal ends now" : "")));
    SONM_CO_CHECK(co_await worker.call<"ask_remove">(plan, end_spot));
    context.emit(json{{"removed", plan}}, "removed\n");
    co_return Exit::ok;
}

Async<Exit> info(Context& context, TaskGroup& group, WorkerOptions options) {
    SONM_CO_TRY(auto worker, co_await reach(context, group, std::move(options)));
    SONM_CO_TRY(auto about, co_await worker.call<"info">());
    json out{{"name", about.name},
             {"address", crypto::to_string(about.address)},
             {"version", about.version},
             {"capacity", model::to_json(about.capacity)},
             {"sold", model::to_json(about.sold)},
             {"deals_open", about.deals_open},
             {"tasks_alive", about.tasks_alive},
             {"selling", about.selling},
             {"note", about.note}};
    context.emit(
        out,
        fmt::format("worker   {} {}\nmay sell {}\nsold     {}\ndeals    {}\ntasks    {}\nselling  {}{}\n",
                    about.name, about.address, model::to_string(about.capacity), model::to_string(about.sold),
                    about.deals_open, about.tasks_alive, about.selling ? "yes" : "no",
                    about.note.empty() ? "" : ": " + about.note));
    co_return Exit::ok;
}

Async<Exit> drain(Context& context, TaskGroup& group, bool on, WorkerOptions options) {
    SONM_CO_TRY(auto worker, co_await reach(context, group, std::move(options)));
    SONM_CO_TRY(bool draining, co_await worker.call<"drain">(on));
    context.emit(json{{"draining", draining}},
                 draining ? "sells nothing more; deals run to their end\n" : "sells again\n");
    co_return Exit::ok;
}

}  // namespace

void add_ask_commands(Commands& commands) {
    CLI::App* ask =
        commands.app.add_subcommand("ask", "What the worker on this machine sells: its ask plans");
    ask->require_subcommand(1);
    add_command(commands, *ask, "create", "Add an ask plan (`sonm init ask` writes one)",
                "  sonm ask create plan.yaml", [](CLI::App& leaf) -> Handler {
                    auto file = std::make_shared<std::string>();
                    auto worker = std::make_shared<WorkerOptions>();
                    leaf.add_option("file", *file, "The plan")->required()->check(CLI::ExistingFile);
                    add_worker_options(leaf, *worker);
                    return [file, worker](Context& context, TaskGroup& group) {
                        return create(context, group, *file, *worker);
                    };
                });
    add_command(commands, *ask, "ls", "Ask plans and where they stand", "  sonm ask ls --json",
                [](CLI::App& leaf) -> Handler {
                    auto worker = std::make_shared<WorkerOptions>();
                    add_worker_options(leaf, *worker);
                    return [worker](Context& context, TaskGroup& group) {
                        return list(context, group, *worker);
                    };
                });
    add_command(commands, *ask, "rm", "Remove an ask plan", "  sonm ask rm half-machine",
                [](CLI::App& leaf) -> Handler {
                    auto plan = std::make_shared<std::string>();
                    auto end_spot = std::make_shared<bool>(false);
                    auto worker = std::make_shared<WorkerOptions>();
                    leaf.add_option("plan", *plan, "Its name")->required();
                    leaf.add_flag("--end-spot", *end_spot, "End its spot deal now");
                    add_worker_options(leaf, *worker);
                    return [plan, end_spot, worker](Context& context, TaskGroup& group) {
                        return remove(context, group, *plan, *end_spot, *worker);
                    };
                });
}

void add_worker_admin_commands(Commands& commands, CLI::App& parent) {
    add_command(commands, parent, "info", "What the running daemon says of itself", "  sonm worker info",
                [](CLI::App& leaf) -> Handler {
                    auto worker = std::make_shared<WorkerOptions>();
                    add_worker_options(leaf, *worker);
                    return [worker](Context& context, TaskGroup& group) {
                        return info(context, group, *worker);
                    };
                });
    add_command(commands, parent, "drain", "Sell nothing more; deals run to their end",
                "  sonm worker drain\n  sonm worker drain --off", [](CLI::App& leaf) -> Handler {
                    auto off = std::make_shared<bool>(false);
                    auto worker = std::make_shared<WorkerOptions>();
                    leaf.add_flag("--off", *off, "Sell again");
                    add_worker_options(leaf, *worker);
                    return [off, worker](Context& context, TaskGroup& group) {
                        return drain(context, group, !*off, *worker);
                    };
                });
}

}  // namespace sonm::cli
