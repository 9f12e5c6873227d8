#include "sonm/cli/main.hpp"

#include "sonm/base/log.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/print.hpp"

#include <nlohmann/json.hpp>

namespace sonm::cli {
namespace {

void add_options(CLI::App& app, Options& options) {
    app.add_option("--home", options.home, "Folder with keys, networks and journals (default ~/.sonm)")
        ->envname("SONM_HOME");
    app.add_option("--network", options.network, "Network file (default <home>/network.json)")
        ->envname("SONM_NETWORK");
    app.add_option(
           "--key", options.key,
           "Account to act for: its address or the beginning of it; dev:0 to dev:9 on the private chain")
        ->envname("SONM_KEY");
    app.add_option("--passphrase-file", options.passphrase_file,
                   "File whose first line is the passphrase (else SONM_PASSPHRASE, else the terminal)");
    app.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off; goes to stderr")
        ->envname("SONM_LOG")
        ->capture_default_str();
    app.add_flag("--json", options.json, "Print JSON");
    app.add_flag("-y,--yes", options.yes, "Do not ask before sending");
}

void report(const Options& options, const Error& error) {
    if (options.json) {
        nlohmann::ordered_json out{{"error", error.message()},
                                   {"code", error.code.message()},
                                   {"category", error.code.category().name()}};
        print(out.dump(2) + "\n");
    }
    note("error: " + error.message());
}

Task<int> work(Commands& commands) {
    Context context(co_await asio::this_coro::executor, commands.options);
    std::optional<Result<Exit>> ended;
    auto body = [&](TaskGroup& group) -> Task<void> {
        auto handling = commands.chosen(context, group);
        ended = co_await std::move(handling);
    };
    // Cancelled, this would say "interrupted" in place of what the command says.
    if (commands.follows_signals)
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    auto working = scope(64, std::move(body));
    co_await std::move(working);
    if (*ended) co_return static_cast<int>(**ended);
    report(commands.options, ended->error());
    co_return static_cast<int>(exit_of(ended->error()));
}

}  // namespace

int run(int argc, char** argv) {
    Commands commands;
    commands.app.require_subcommand(1);
    commands.app.fallthrough();
    commands.app.set_version_flag("--version", "sonm " SONM_VERSION);
    commands.app.footer(
        "Start here: sonm devnet up, then sonm run --help. All about it: README.md.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong use, 3 not found, 4 too late, 5 no deal, 6 not allowed, 7 out "
        "of reach, 130 interrupted.");
    add_options(commands.app, commands.options);
    for (auto add : {add_run_commands,     add_devnet_commands,     add_key_commands,     add_money_commands,
                     add_node_commands,    add_app_commands,        add_service_commands, add_worker_commands,
                     add_ask_commands,     add_order_commands,      add_bid_commands,     add_deal_commands,
                     add_task_commands,    add_token_commands,      add_address_commands, add_hub_commands,
                     add_dao_commands,     add_masternode_commands, add_bridge_commands,  add_sale_commands,
                     add_profile_commands, add_contract_commands,   add_shell_commands})
        add(commands);
    try {
        commands.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {  // CLI11 reports by exception: help, version, wrong use
        // CLI11 would only say that a command is missing, not that the word which stands there is none.
        auto strangers = commands.app.remaining(true);
        if (error.get_name() == "RequiredError" && !strangers.empty()) {
            note(fmt::format("unknown command '{}': `sonm --help` lists them", strangers.front()));
            return static_cast<int>(Exit::usage);
        }
        int code = commands.app.exit(error);
        return code == 0 ? 0 : static_cast<int>(Exit::usage);
    }
    commands.options.log_level_given = commands.app.get_option("--log-level")->count() > 0;
    init_log(commands.options.log_level);
    asio::io_context context(1);
    return run_main(context, work(commands));
}

}  // namespace sonm::cli
