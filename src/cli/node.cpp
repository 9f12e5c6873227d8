#include "sonm/node/node.hpp"

#include "sonm/base/log.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/cli/worker_service.hpp"
#include "sonm/node/edge.hpp"

#include <nlohmann/json.hpp>

#include <deque>

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;
using services::NodeAdminClient;
using services::NodeInfo;

/// What services that the command line knows stand on. Lives as long as the command, and so longer than the
/// tasks of a node that has ended.
struct Roles {
    std::deque<Context> contexts;
};

/// `args` of a worker: its own file says the rest.
std::string worker_file(YamlReader& args) {
    std::string file;
    args.required({"config", "The worker's own file; `sonm init worker` writes one.", "worker.yaml"}, file,
                  yaml_text);
    return file;
}

void add_roles(node::Types& types, services::Factory worker) {
    types.add("worker", "Lends this machine on the market; has a port of its own (docs/worker.md).",
              std::move(worker));
}

/// What a node is made from here.
struct Daemon {
    Daemon(Context& context, TaskGroup& group, Roles& roles, const fs::path& file)
        : types(node::platform_types()) {
        fs::path folder = fs::absolute(file).parent_path();
        auto worker = [&context, &group, &roles, folder](
                          services::Environment,
                          YamlReader& args) -> Result<std::unique_ptr<services::PlatformService>> {
            std::string named = worker_file(args);
            if (named.empty()) return std::unique_ptr<services::PlatformService>();
            SONM_TRY(auto config, worker::read_config(folder / named));
            Context& own = roles.contexts.emplace_back(context.executor(), context.options());
            return make_worker(own, group, std::move(config));
        };
        add_roles(types, std::move(worker));
    }
    node::NodeParts parts(Context& context) const {
        node::NodeParts out{context.executor(), context.clock(), types, SONM_VERSION};
        out.log_level_given = context.options().log_level_given;
        out.follow_signals = true;
        return out;
    }
    node::Types types;
};

void adopt(Context& context, const node::NodeConfig& config) {
    context.adopt(config.key, config.keys, config.passphrase_file, config.network);
}

/// Whether the daemon will have its key: opened where nobody has to be asked for the passphrase, else looked
/// for.
Async<void> check_key(Context& context) {
    const Options& options = context.options();
    if (options.key.empty()) co_return Result<void>();
    auto account = context.account();
    if (!account) co_return wrap(std::move(account.error()), "key {}", options.key);
    if (options.passphrase_file.empty()) co_return Result<void>();
    auto opening = context.signer();
    auto key = co_await std::move(opening);
    if (!key) co_return wrap(std::move(key.error()), "key {}", options.key);
    co_return Result<void>();
}

Async<Exit> check(Context& context, TaskGroup& group, Roles& roles, std::string file) {
    Daemon daemon(context, group, roles, file);
    SONM_CO_TRY(node::NodeConfig config, node::Node::check(daemon.parts(context), file));
    adopt(context, config);
    auto checking = check_key(context);
    if (auto checked = co_await std::move(checking); !checked)
        co_return wrap(std::move(checked.error()), "{}", file);
    context.emit(json{{"ok", true}, {"name", config.name}}, file + " is good\n");
    co_return Exit::ok;
}

Async<Exit> serve(Context& context, TaskGroup& group, Roles& roles, std::string file) {
    Daemon daemon(context, group, roles, file);
    node::Node node(daemon.parts(context));
    SONM_CO_CHECK(node.load(file));
    adopt(context, node.config());
    if (!context.options().key.empty()) {
        SONM_CO_TRY(const crypto::Signer* signer, co_await context.signer());
        node.set_signer(signer);
    }
    auto serving = node.serve();
    SONM_CO_CHECK(co_await std::move(serving));
    co_return Exit::ok;
}

Async<Exit> run(Context& context, TaskGroup& group, Roles& roles, std::string file, bool only_check) {
    if (file.empty())
        co_return fail(Errc::invalid,
                       "say which node: --config node.yaml (`sonm init node node.yaml` writes one)");
    auto doing = only_check ? check(context, group, roles, file) : serve(context, group, roles, file);
    co_return co_await std::move(doing);
}

// ---- what the operator asks a daemon

struct Which {
    std::string config, socket;
};

void add_which(CLI::App& leaf, Which& which) {
    leaf.add_option("--config", which.config, "node.yaml of the daemon")->check(CLI::ExistingFile);
    leaf.add_option("--socket", which.socket, "Its admin socket, <state>/node.sock")
        ->envname("SONM_NODE_SOCKET");
}

Async<NodeAdminClient> reach(Context& context, TaskGroup& group, Which which) {
    std::string socket = which.socket;
    if (socket.empty()) {
        if (which.config.empty())
            co_return fail(Errc::invalid, "say which node: --config node.yaml, or --socket STATE/node.sock");
        Roles roles;
        Daemon daemon(context, group, roles, which.config);
        SONM_CO_TRY(node::NodeConfig config, node::Node::check(daemon.parts(context), which.config));
        socket = node::admin_socket(config).string();
    }
    rpc::ConnectOptions connect;
    auto connection = co_await rpc::connect(group, "unix:" + socket, "node_admin", connect);
    if (!connection) co_return wrap(connection.error(), "no node answers on {}", socket);
    co_return NodeAdminClient(std::move(*connection));
}

std::string endpoints_text(const std::vector<rpc::Endpoint>& endpoints) {
    std::vector<std::string> out;
    for (const auto& [host, port] : endpoints) out.push_back(fmt::format("{}:{}", host, port));
    return fmt::format("{}", fmt::join(out, " "));
}

Async<Exit> status(Context& context, TaskGroup& group, Which which) {
    SONM_CO_TRY(NodeAdminClient node, co_await reach(context, group, which));
    SONM_CO_TRY(NodeInfo info, co_await node.call<"info">());
    auto up = context.clock().now().value - std::min(info.started.value, context.clock().now().value);
    std::string text = fmt::format("node {} {}, {} for {}, {} clients\nlocator {}\nhttp    {}\n", info.name,
                                   info.version, info.state, to_human(Seconds(up)), info.connections,
                                   endpoints_text(info.locator), info.http.empty() ? "off" : info.http);
    Table table({"service", "type", "protocol", "state", "clients", "endpoints", "note"}, {4});
    for (const auto& one : info.services)
        table.add({one.name, one.type, fmt::format("{} {}", one.protocol, one.version), one.state,
                   fmt::format("{}", one.sessions), endpoints_text(one.endpoints), one.note});
    context.emit(node::to_json(info), text + table.to_text());
    bool failed = std::ranges::any_of(info.services, [](const auto& one) { return one.state == "failed"; });
    co_return failed ? Exit::failed : Exit::ok;
}

Async<Exit> reload(Context& context, TaskGroup& group, Which which) {
    SONM_CO_TRY(NodeAdminClient node, co_await reach(context, group, which));
    SONM_CO_TRY(std::vector<std::string> lines, co_await node.call<"reload">());
    std::string text = lines.empty() ? "nothing has changed\n" : fmt::format("{}\n", fmt::join(lines, "\n"));
    context.emit(json(lines), text);
    co_return Exit::ok;
}

Async<Exit> stop(Context& context, TaskGroup& group, Which which) {
    SONM_CO_TRY(NodeAdminClient node, co_await reach(context, group, which));
    SONM_CO_CHECK(co_await node.call<"stop">());
    context.emit(json{{"stopping", true}}, "the node is stopping\n");
    co_return Exit::ok;
}

using Verb = Async<Exit> (*)(Context&, TaskGroup&, Which);

void add_verb(Commands& commands, CLI::App& parent, const char* name, const char* what, Verb verb) {
    std::string example = fmt::format("  sonm node {} --config node.yaml", name);
    add_command(commands, parent, name, what, example, [verb](CLI::App& leaf) -> Handler {
        auto which = std::make_shared<Which>();
        add_which(leaf, *which);
        return [which, verb](Context& context, TaskGroup& group) { return verb(context, group, *which); };
    });
}

}  // namespace

std::string node_template() {
    node::Types types = node::platform_types();
    auto worker = [](services::Environment,
                     YamlReader& args) -> Result<std::unique_ptr<services::PlatformService>> {
        (void)worker_file(args);
        return std::unique_ptr<services::PlatformService>();
    };
    add_roles(types, worker);
    return node::config_template(types);
}

void add_node_commands(Commands& commands) {
    CLI::App* node = add_command(
        commands, commands.app, "node", "Serve: a locator with services, in the foreground",
        "  sonm init node node.yaml\n  sonm node --config node.yaml --check\n  sonm node --config node.yaml",
        [&commands](CLI::App& leaf) -> Handler {
            auto file = std::make_shared<std::string>();
            auto only_check = std::make_shared<bool>(false);
            auto roles = std::make_shared<Roles>();
            follow_signals(commands, leaf);
            leaf.add_option("--config", *file, "node.yaml (`sonm init node` writes one)")
                ->check(CLI::ExistingFile);
            leaf.add_flag("--check", *only_check, "Only say whether the file is good");
            return [file, only_check, roles](Context& context, TaskGroup& group) {
                return run(context, group, *roles, *file, *only_check);
            };
        });
    node->require_subcommand(0, 1);
    add_verb(commands, *node, "status", "What a running node serves, and how it is", status);
    add_verb(commands, *node, "reload", "Let a running node read its file again, as SIGHUP does", reload);
    add_verb(commands, *node, "stop", "Let a running node end in peace, as SIGTERM does", stop);
}

}  // namespace sonm::cli
