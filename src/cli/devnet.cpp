#include "sonm/base/process.hpp"
#include "sonm/base/stream.hpp"
#include "sonm/base/units.hpp"
#include "sonm/chain/rpc.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/crypto/development_keys.hpp"
#include "sonm/settlement/deploy.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;
using crypto::Address;
using json = nlohmann::ordered_json;

constexpr std::uint64_t devnet_chain_id = 31337;

struct Devnet {
    fs::path folder;
    fs::path pid_file() const { return folder / "anvil.pid"; }
    fs::path state_file() const { return folder / "state.json"; }
    fs::path log_file() const { return folder / "anvil.log"; }
    bool is_up() const {
        auto process = read_pid_file(pid_file());
        return process && is_alive(*process);
    }
};

Devnet devnet_of(const Context& context) { return Devnet{context.home() / "devnet"}; }

Result<fs::path> find_anvil() {
    if (const char* named = std::getenv("SONM_ANVIL")) {
        if (fs::exists(named)) return fs::path(named);
        return fail(Errc::not_found, "SONM_ANVIL names {}, which does not exist", named);
    }
    if (auto found = find_program("anvil")) return *found;
    fs::path modules = SONM_CONTRACTS_MODULES;
    for (const char* machine : {"anvil-linux-amd64", "anvil-linux-arm64"}) {
        fs::path candidate = modules / "@foundry-rs" / machine / "bin" / "anvil";
        if (fs::exists(candidate)) return candidate;
    }
    return fail(
        Errc::not_found,
        "the development chain's program, anvil, is not here: run `npm ci` in {}, or name it in SONM_ANVIL",
        modules.parent_path().string());
}

Result<std::uint16_t> choose_port(const Executor& executor, std::uint16_t wanted) {
    // Bound and let go again: says whether it is free, and finds one for 0.
    SONM_TRY(auto listener, listen_tcp(executor, "127.0.0.1", wanted));
    SONM_TRY(HostPort address, parse_host_port(listener->address()));
    return address.port;
}

Result<std::unique_ptr<chain::JsonRpc>> chain_at(const Executor& executor, const std::string& url) {
    chain::RpcConfig config;
    config.url = url;
    config.attempts_max = 1;
    return chain::JsonRpc::make(executor, std::move(config));
}

Async<void> wait_ready(Executor executor, std::string address, ProcessId process, fs::path log) {
    for (int attempt = 0; attempt < 300; ++attempt) {
        if (!is_alive(process))
            co_return fail(Errc::unavailable, "anvil ended at once; its last words are in {}", log.string());
        SONM_CO_TRY(auto node, chain_at(executor, address));
        auto asking = node->chain_id();
        auto id = co_await within(Millis(1'000), std::move(asking));
        if (id && *id == devnet_chain_id) co_return Result<void>();
        if (id) co_return fail(Errc::conflict, "{} is another chain (id {})", address, *id);
        co_await sleep_for(Millis(100));
    }
    co_return fail(Errc::timeout, "anvil did not answer on {}; see {}", address, log.string());
}

Result<std::vector<crypto::PrivateKey>> development_signers() {
    std::vector<crypto::PrivateKey> out;
    for (auto text : crypto::development_keys) {
        SONM_TRY(auto secret, parse_hex_fixed<32>(text));
        SONM_TRY(auto key, crypto::PrivateKey::from_bytes(secret));
        out.push_back(std::move(key));
    }
    return out;
}

struct UpOptions {
    std::uint16_t port = 8545;
    std::uint32_t block_seconds = 1;
    std::string fund = "100000 SNM";
    std::vector<std::string> accounts;
};

Async<ProcessId> start_anvil(Context& context, Devnet devnet, std::uint16_t port,
                             std::uint32_t block_seconds) {
    SONM_CO_TRY(fs::path program, find_anvil());
    std::vector<std::string> argv{program.string(),
                                  "--host",
                                  "127.0.0.1",
                                  "--port",
                                  std::to_string(port),
                                  "--chain-id",
                                  std::to_string(devnet_chain_id),
                                  "--block-time",
                                  std::to_string(block_seconds),
                                  "--state",
                                  devnet.state_file().string(),
                                  "--state-interval",
                                  "5",
                                  "--quiet"};
    SONM_CO_TRY(ProcessId process, spawn_daemon(argv, devnet.log_file()));
    SONM_CO_CHECK(write_pid_file(devnet.pid_file(), process));
    auto ready = co_await wait_ready(context.executor(), fmt::format("http://127.0.0.1:{}", port), process,
                                     devnet.log_file());
    if (!ready) {
        auto stopped = co_await stop_process(process, Millis(2'000));
        (void)stopped;
        co_return tl::unexpected<Error>(ready.error());
    }
    co_return process;
}

/// Whether the contracts of an earlier run are still on the chain that came up.
Async<bool> is_deployed(Context& context, settlement::Network network) {
    SONM_CO_TRY(auto node, chain_at(context.executor(), network.rpc_url));
    SONM_CO_TRY(Bytes code, co_await node->code(network.market));
    co_return !code.empty();
}

Async<Exit> up(Context& context, UpOptions options) {
    Devnet devnet = devnet_of(context);
    fs::path network_file = context.home() / "network.json";
    std::error_code error;
    fs::create_directories(devnet.folder, error);
    if (error) co_return fail(Errc::io, "making {}: {}", devnet.folder.string(), error.message());
    SONM_CO_TRY(Tokens snm, parse_tokens(options.fund));
    std::vector<Address> accounts;
    SONM_CO_TRY(auto signers, development_signers());
    for (const auto& key : signers) accounts.push_back(key.address());
    for (const auto& text : options.accounts) {
        SONM_CO_TRY(Address account, crypto::parse_address(text));
        accounts.push_back(account);
    }

    auto known = settlement::read_network(network_file);
    if (devnet.is_up() && known) {
        note(fmt::format("the private chain is up already: {}", known->rpc_url));
    } else {
        SONM_CO_TRY(std::uint16_t port, choose_port(context.executor(), options.port));
        note("starting a private chain (anvil)");
        SONM_CO_CHECK(co_await start_anvil(context, devnet, port, options.block_seconds));
        std::string url = fmt::format("http://127.0.0.1:{}", port);
        bool deployed = false;
        if (known && known->chain_id == devnet_chain_id) {
            known->rpc_url = url;
            SONM_CO_TRY(deployed, co_await is_deployed(context, *known));
        }
        if (!deployed) {
            settlement::DeployOptions deployment;
            deployment.snm_holder = accounts[0];
            deployment.oracle_feeder = accounts[0];
            auto told = [](std::string contract) { note("  deployed " + contract); };
            SONM_CO_TRY(known, co_await settlement::deploy(context.executor(), url, signers[0],
                                                           std::move(deployment), std::move(told)));
            known->poll = Millis(200);
        }
        SONM_CO_CHECK(settlement::write_network(network_file, *known));
    }
    U256 coin = U256(100) * U256(1'000'000'000'000'000'000ULL);
    std::vector<Address> receivers(accounts.begin() + 1, accounts.end());
    SONM_CO_CHECK(
        co_await settlement::fund(context.executor(), *known, signers[0], std::move(receivers), snm, coin));

    Table table({"KEY", "ACCOUNT", "SNM"}, {2});
    json listed = json::array();
    for (std::size_t i = 1; i < accounts.size(); ++i) {
        std::string name = i < signers.size() ? fmt::format("dev:{}", i) : "";
        table.add({name, crypto::to_string(accounts[i]), print_tokens(snm)});
        listed.push_back({{"key", name}, {"account", crypto::to_string(accounts[i])}});
    }
    json out{{"rpc_url", known->rpc_url},
             {"chain_id", known->chain_id},
             {"network", network_file.string()},
             {"market", crypto::to_string(known->market)},
             {"snm", crypto::to_string(known->snm)},
             {"accounts", listed}};
    context.emit(out, fmt::format("chain    {} (id {})\nnetwork  {}\nmarket   {}\n\n{}", known->rpc_url,
                                  known->chain_id, network_file.string(), known->market, table.to_text()));
    co_return Exit::ok;
}

Async<Exit> down(Context& context, bool purge) {
    Devnet devnet = devnet_of(context);
    auto process = read_pid_file(devnet.pid_file());
    bool was_up = process && is_alive(*process);
    if (was_up) SONM_CO_CHECK(co_await stop_process(*process, Millis(15'000)));
    std::error_code ignored;
    fs::remove(devnet.pid_file(), ignored);
    if (purge) {
        fs::remove_all(devnet.folder, ignored);
        fs::remove(context.home() / "network.json", ignored);
    }
    json out{{"was_up", was_up}, {"purged", purge}};
    context.emit(out, was_up ? "the private chain is down\n" : "no private chain was up\n");
    co_return Exit::ok;
}

Async<Exit> status(Context& context) {
    bool is_up = devnet_of(context).is_up();
    auto network = context.network();
    json out{{"up", is_up}, {"rpc_url", network ? network->rpc_url : ""}};
    context.emit(out, is_up && network ? fmt::format("up: {}\n", network->rpc_url) : "down\n");
    co_return is_up ? Exit::ok : Exit::failed;
}

}  // namespace

void add_devnet_commands(Commands& commands) {
    CLI::App* devnet =
        commands.app.add_subcommand("devnet", "A private chain on this machine, with the contracts deployed");
    devnet->require_subcommand(1);
    add_command(
        commands, *devnet, "up", "Start it, or say where it is",
        "  sonm devnet up\n  sonm devnet up --port 0 --fund '500 SNM'", [](CLI::App& leaf) -> Handler {
            auto options = std::make_shared<UpOptions>();
            leaf.add_option("--port", options->port, "Port on 127.0.0.1; 0 = any that is free")
                ->capture_default_str();
            leaf.add_option("--block-time", options->block_seconds, "Seconds between blocks")
                ->check(CLI::Range(1, 60))
                ->capture_default_str();
            leaf.add_option("--fund", options->fund, "SNM that each account gets")->capture_default_str();
            leaf.add_option("--account", options->accounts, "One more account to fund (may be repeated)")
                ->allow_extra_args(false);
            return [options](Context& context, TaskGroup&) { return up(context, *options); };
        });
    add_command(commands, *devnet, "down", "Stop it; its state is kept",
                "  sonm devnet down\n  sonm devnet down --purge", [](CLI::App& leaf) -> Handler {
                    auto purge = std::make_shared<bool>(false);
                    leaf.add_flag("--purge", *purge, "Forget the chain's state too");
                    return [purge](Context& context, TaskGroup&) { return down(context, *purge); };
                });
    add_command(
        commands, *devnet, "status", "Say whether it is up; exit code 1 if not", "",
        [](CLI::App&) -> Handler { return [](Context& context, TaskGroup&) { return status(context); }; });
}

}  // namespace sonm::cli
