#pragma once

#include "sonm/cli/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace sonm::cli {

/// Does the work of one command; `group` holds what must live as long as it (connections, followers).
using Handler = std::function<Async<Exit>(Context&, TaskGroup&)>;

/// The command line: CLI11's tree, and what the chosen leaf will do.
struct Commands {
    CLI::App app{"SONM: an open market of computing power", "sonm"};
    Options options;
    Handler chosen;
    bool follows_signals = false;  ///< the chosen one ends in peace by itself when it is asked to
};

/// Adds a leaf. `examples` is printed below its help, one a line. `handler` is copied: state goes in a
/// shared_ptr.
template <class MakeHandler>
CLI::App* add_command(Commands& commands, CLI::App& parent, std::string name, std::string what,
                      std::string examples, MakeHandler make) {
    CLI::App* leaf = parent.add_subcommand(std::move(name), std::move(what));
    if (!examples.empty()) leaf->footer("Examples:\n" + examples);
    Handler handler = make(*leaf);
    // A parent that does something by itself (`sonm run`) is called after its subcommand, and must not take
    // its place.
    leaf->callback([&commands, leaf, handler = std::move(handler)] {
        if (leaf->get_subcommands().empty()) commands.chosen = handler;
    });
    return leaf;
}

/// For daemons: the leaf itself, not what stands below it, follows signals.
inline void follow_signals(Commands& commands, CLI::App& leaf) {
    leaf.parse_complete_callback(
        [&commands, &leaf] { commands.follows_signals = leaf.get_subcommands().empty(); });
}

struct TaskOptions;
/// --image, --in, --out, ... and the command after --.
void add_task_options(CLI::App& leaf, TaskOptions& options);

void add_devnet_commands(Commands& commands);
void add_key_commands(Commands& commands);
void add_money_commands(Commands& commands);
void add_address_commands(Commands& commands);
void add_token_commands(Commands& commands);
void add_hub_commands(Commands& commands);  ///< hub and miner
void add_dao_commands(Commands& commands);
void add_masternode_commands(Commands& commands);  ///< masternode, reward
void add_bridge_commands(Commands& commands);
void add_sale_commands(Commands& commands);
/// A documented plan of a sale.
std::string sale_template();
void add_profile_commands(Commands& commands);  ///< profile and blacklist
void add_contract_commands(Commands& commands);
void add_order_commands(Commands& commands);
void add_order_acts(Commands& commands, CLI::App& order);        ///< place, cancel, take, sign
void add_deal_acts(Commands& commands, CLI::App& deal);          ///< settle, close, change
void add_deal_opening(Commands& commands, CLI::App& deal);       ///< open
void add_master_commands(Commands& commands, CLI::App& worker);  ///< bind, confirm, unbind, ls
void add_bid_commands(Commands& commands);
void add_deal_commands(Commands& commands);
void add_ask_commands(Commands& commands);
void add_node_commands(Commands& commands);
void add_app_commands(Commands& commands);
/// A documented node.yaml, with every type of service.
std::string node_template();
void add_worker_commands(Commands& commands);
/// What the operator asks the daemon, below `sonm worker`.
void add_worker_admin_commands(Commands& commands, CLI::App& parent);
void add_task_commands(Commands& commands);
void add_service_commands(Commands& commands);  ///< service ls, call
void add_run_commands(Commands& commands);
void add_shell_commands(Commands& commands);  ///< completion, init, doctor

}  // namespace sonm::cli
