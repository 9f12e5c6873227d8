#include "sonm/base/units.hpp"
#include "sonm/chain/rpc.hpp"
#include "sonm/cli/act.hpp"
#include "sonm/cli/address_names.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/settlement/audit.hpp"
#include "sonm/settlement/deploy.hpp"

namespace sonm::cli {
namespace {

struct DeployWords {
    std::string rpc, name = "main", holder, feeder, out, rate = "0.05";
    bool test = false, own_admin = false;
};

Async<std::uint64_t> chain_id_at(Context& context, std::string rpc) {
    chain::RpcConfig config;
    config.url = std::move(rpc);
    SONM_CO_TRY(auto node, chain::JsonRpc::make(context.executor(), std::move(config)));
    auto asking = node->chain_id();
    co_return co_await std::move(asking);
}

Async<Exit> deploy(Context& context, DeployWords words) {
    settlement::DeployOptions options;
    options.name = words.name;
    options.is_test = words.test;
    options.dao_is_admin = !words.own_admin;
    settlement::Network bare;
    bare.name = words.name;
    bare.rpc_url = words.rpc;
    SONM_CO_TRY(bare.chain_id, co_await chain_id_at(context, words.rpc));
    SONM_CO_TRY(const crypto::Signer* signer, co_await context.signer_for(bare));
    options.snm_holder = signer->address();
    if (!words.holder.empty()) {
        SONM_CO_TRY(options.snm_holder, resolve_address(context, bare, words.holder));
    }
    if (!words.feeder.empty()) {
        SONM_CO_TRY(options.oracle_feeder, resolve_address(context, bare, words.feeder));
    }
    SONM_CO_TRY(Tokens rate, parse_tokens(words.rate + " SNM"));
    options.usd_per_snm = rate.value;
    std::filesystem::path out =
        words.out.empty() ? context.home() / "network.json" : std::filesystem::path(words.out);
    if (std::filesystem::exists(out))
        co_return fail(Errc::exists, "{} exists: name another file with --out, or move it away",
                       out.string());
    SONM_CO_CHECK(context.confirm_intent(fmt::format(
        "Deploys all contracts at {} from {}; {} gets the whole supply of SNM; {} is admin.", words.rpc,
        signer->address(), options.snm_holder, words.own_admin ? "the deployer" : "the DAO")));
    auto told = [](std::string contract) { note("  " + contract); };
    auto deploying =
        settlement::deploy(context.executor(), words.rpc, *signer, std::move(options), std::move(told));
    SONM_CO_TRY(settlement::Network network, co_await std::move(deploying));
    SONM_CO_CHECK(settlement::write_network(out, network));
    Json contracts = Json::object();
    Table table({"CONTRACT", "ADDRESS"});
    for (const auto& field : settlement::contract_fields()) {
        if (network.*field.place == crypto::Address()) continue;
        contracts[field.name] = crypto::to_string(network.*field.place);
        table.add({field.name, crypto::to_string(network.*field.place)});
    }
    Json report{{"network", out.string()},
                {"chain_id", network.chain_id},
                {"start_block", network.start_block},
                {"contracts", contracts}};
    context.emit(report, table.to_text() + fmt::format("network file: {}\n", out.string()));
    co_return Exit::ok;
}

Async<Exit> check(Context& context) {
    SONM_CO_TRY(settlement::Desk * desk, co_await context.watching_desk());
    auto walking = settlement::audit(*desk);
    SONM_CO_TRY(auto findings, co_await std::move(walking));
    Json out = Json::array();
    Table table({"CONTRACT", "ASKED FOR", "IS", "WHICH", ""});
    std::size_t wrong = 0;
    for (const auto& finding : findings) {
        wrong += finding.is_right ? 0 : 1;
        table.add({finding.contract, finding.question, finding.who, finding.means,
                   finding.is_right ? "" : "WRONG"});
        out.push_back({{"contract", finding.contract},
                       {"question", finding.question},
                       {"answer", crypto::to_string(finding.answer)},
                       {"who", finding.who},
                       {"means", finding.means},
                       {"right", finding.is_right}});
    }
    context.emit(out,
                 table.to_text() + (wrong ? fmt::format("{} of {} are wrong\n", wrong, findings.size())
                                          : fmt::format("all {} are as they should be\n", findings.size())));
    co_return wrong ? Exit::failed : Exit::ok;
}

}  // namespace

void add_contract_commands(Commands& commands) {
    CLI::App* app = commands.app.add_subcommand(
        "contracts", "The contracts on a chain: deploy them, check who can do what");
    app->require_subcommand(1);
    add_command(
        commands, *app, "deploy", "Put all contracts on a chain; the same for test and main chains",
        "  sonm contracts deploy --rpc http://127.0.0.1:8545 --test\n"
        "  sonm contracts deploy --rpc http://node:8545 --name main --holder treasury --out main.json",
        [](CLI::App& leaf) -> Handler {
            auto words = std::make_shared<DeployWords>();
            leaf.add_option("--rpc", words->rpc, "JSON-RPC address of a node of the chain")->required();
            leaf.add_option("--name", words->name, "Name of the network")->capture_default_str();
            leaf.add_option("--holder", words->holder, "Gets the supply of SNM; else the deployer");
            leaf.add_option("--feeder", words->feeder,
                            "One account reports the price; else the masternodes do");
            leaf.add_option("--rate", words->rate, "First price of SNM, USD")->capture_default_str();
            leaf.add_option("--out", words->out, "Network file to write; else <home>/network.json");
            leaf.add_flag("--test", words->test, "Short delays, and a faucet");
            leaf.add_flag("--own-admin", words->own_admin,
                          "The deployer may pause and name validators; else the DAO");
            return [words](Context& context, TaskGroup&) { return deploy(context, *words); };
        });
    add_command(
        commands, *app, "check", "Walk every reference and role on the chain; exit code 1 if one is wrong",
        "  sonm contracts check\n  sonm contracts check --json",
        [](CLI::App&) -> Handler { return [](Context& context, TaskGroup&) { return check(context); }; });
}

}  // namespace sonm::cli
