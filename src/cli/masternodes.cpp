#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/cli/act.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/settlement/bindings/coordinator.gen.hpp"
#include "sonm/settlement/bindings/masternodes.gen.hpp"

namespace sonm::cli {
namespace {

using settlement::Network;
namespace on_stakes = settlement::bindings::masternodes;
namespace on_rewards = settlement::bindings::coordinator;
using settlement::bindings::MasternodesNode;
using settlement::bindings::MasternodesState;

/// Limit of the contract for one transaction.
constexpr std::size_t claims_max = 50;
constexpr std::size_t claims_bytes_max = 4 * MiB;

Async<MasternodesNode> node_of(Office& office, crypto::Address account) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::masternodes, "masternodes contract"));
    on_stakes::NodeOf question;
    question.account = account;
    auto asking = office.desk.ask(where, std::move(question));
    co_return co_await std::move(asking);
}

Async<Plan> stake(Office& office) {
    SONM_CO_TRY(Tokens amount, office.tokens("amount"));
    auto looking = node_of(office, office.desk.self());
    SONM_CO_TRY(MasternodesNode node, co_await std::move(looking));
    crypto::Address where = office.network().masternodes;
    Plan plan;
    plan.calls.push_back(office.desk.allow(where, amount));
    if (node.state == MasternodesState::active) {
        if (office.has("signer"))
            co_return fail(Errc::invalid,
                           "this account is a masternode already: leave --signer out to add to its stake");
        on_stakes::AddStake call;
        call.amount = amount;
        plan.sentence = fmt::format("Adds {} to the stake of {}.", print_tokens(amount), office.desk.self());
        plan.calls.push_back(call_of("add to the stake", where, call));
        co_return plan;
    }
    on_stakes::Join call;
    call.amount = amount;
    call.signer = office.desk.self();
    if (office.has("signer")) {
        SONM_CO_TRY(call.signer, office.address("signer"));
    }
    if (office.has("network-key")) {
        SONM_CO_TRY(call.network_key, parse_hash_or_name(office.text("network-key")));
    }
    plan.sentence = fmt::format("Stakes {} of {} and makes it a masternode that votes with key {}.",
                                print_tokens(amount), office.desk.self(), call.signer);
    plan.calls.push_back(call_of("become a masternode", where, call));
    co_return plan;
}

Async<Plan> unstake(Office& office) {
    auto looking = node_of(office, office.desk.self());
    SONM_CO_TRY(MasternodesNode node, co_await std::move(looking));
    crypto::Address where = office.network().masternodes;
    Plan plan;
    if (node.state == MasternodesState::active) {
        plan.sentence =
            fmt::format("Ends being a masternode; {} can be taken out seven days later, by the same command.",
                        print_tokens(node.stake));
        plan.calls.push_back(call_of("begin to unbond", where, on_stakes::Resign()));
        co_return plan;
    }
    if (node.state == MasternodesState::unbonding) {
        plan.sentence = fmt::format("Takes {} out (possible from {} on).", print_tokens(node.stake),
                                    print_time(node.free_at));
        plan.calls.push_back(call_of("take the stake out", where, on_stakes::Withdraw()));
        co_return plan;
    }
    co_return fail(Errc::not_found, "account {} has no stake", office.desk.self());
}

Json node_json(const crypto::Address& account, const MasternodesNode& node) {
    return Json{{"account", crypto::to_string(account)},
                {"state", settlement::bindings::show(node.state)},
                {"stake", to_decimal(node.stake.value)},
                {"signer", crypto::to_string(node.signer)},
                {"free_at", node.free_at.value}};
}

Async<Shown> show(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::masternodes, "masternodes contract"));
    std::vector<crypto::Address> accounts;
    if (office.has("account")) {
        SONM_CO_TRY(crypto::Address one, office.address("account"));
        accounts.push_back(one);
    } else {
        auto listing = office.desk.ask(where, on_stakes::Active());
        SONM_CO_TRY(accounts, co_await std::move(listing));
    }
    Table table({"ACCOUNT", "STATE", "STAKE", "SIGNER", "FREE"}, {2});
    Shown out{Json::array(), ""};
    for (const crypto::Address& account : accounts) {
        auto looking = node_of(office, account);
        SONM_CO_TRY(MasternodesNode node, co_await std::move(looking));
        table.add({crypto::to_string(account), settlement::bindings::show(node.state),
                   print_tokens(node.stake), crypto::to_string(node.signer),
                   node.free_at.value == 0 ? "" : print_time(node.free_at)});
        out.json.push_back(node_json(account, node));
    }
    out.text = table.empty() ? "there are no masternodes\n" : table.to_text();
    co_return out;
}

Async<Plan> take_set(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::masternodes, "masternodes contract"));
    Plan plan;
    plan.sentence = "Writes down who the masternodes are in this epoch; what they sign counts by this set.";
    plan.calls.push_back(call_of("take the set", where, on_stakes::TakeSet()));
    co_return plan;
}

// ---- rewards

Async<Shown> show_rewards(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::coordinator, "coordinator"));
    crypto::Address account = office.desk.self();
    if (office.has("account")) {
        SONM_CO_TRY(account, office.address("account"));
    }
    on_rewards::PartOf question;
    question.account = account;
    auto asking = office.desk.ask(where, std::move(question));
    SONM_CO_TRY(U256 part, co_await std::move(asking));
    auto reading = office.desk.facts<on_rewards::ClaimedEvent>(where);
    SONM_CO_TRY(auto claims, co_await std::move(reading));
    U256 claimed = 0;
    for (const auto& [block, time, claim] : claims)
        if (claim.account == account) claimed += claim.amount.value;
    auto counting = office.desk.ask(where, on_rewards::Pool());
    SONM_CO_TRY(U256 pool, co_await std::move(counting));
    Shown out;
    out.json = Json{{"account", crypto::to_string(account)},
                    {"part", to_decimal(part)},
                    {"claimed", to_decimal(claimed)},
                    {"pool", to_decimal(pool)}};
    out.text = fmt::format(
        "account  {}\nwaiting  {} SNO (a masternode's or the DAO's part)\nclaimed  {} as worker\npool     {} "
        "SNO for rewards to come\n",
        account, print_decimal(part, 18), print_decimal(claimed, 18), print_decimal(pool, 18));
    co_return out;
}

Result<on_rewards::Claim> parse_claims(const Json& file) {
    if (!file.is_array() || file.empty() || file.size() > claims_max)
        return fail(Errc::invalid,
                    "claims are a list of 1 to {}: [{{\"pot\": \"0x...\", \"index\": 0, \"account\": "
                    "\"0x...\", \"amount\": \"1000\", \"proof\": [[\"0x...\", \"sum\"], ...]}}]",
                    claims_max);
    on_rewards::Claim out;
    for (const Json& one : file) {
        settlement::bindings::CoordinatorClaim claim;
        if (!one.is_object() || !one.contains("pot") || !one.contains("proof") || !one["proof"].is_array())
            return fail(Errc::invalid, "claim {}: fields pot, index, account, amount, proof are needed",
                        out.claims.size());
        SONM_TRY(claim.pot, parse_hash_or_name(one.value("pot", "")));
        claim.leaf.index = one.value("index", std::uint64_t(0));
        SONM_TRY(claim.leaf.account, crypto::parse_address(one.value("account", "")));
        SONM_TRY(U256 amount, parse_u256(one.value("amount", "")));
        claim.leaf.amount = Tokens(amount);
        for (const Json& step : one["proof"]) {
            if (!step.is_array() || step.size() != 2 || !step[0].is_string() || !step[1].is_string())
                return fail(Errc::invalid, "claim {}: a proof is a list of [\"0x...\", \"sum\"]",
                            out.claims.size());
            settlement::bindings::MerkleSumSibling sibling;
            SONM_TRY(sibling.hash, parse_hash_or_name(step[0].get<std::string>()));
            SONM_TRY(U256 sum, parse_u256(step[1].get<std::string>()));
            sibling.sum = Tokens(sum);
            claim.proof.push_back(std::move(sibling));
        }
        out.claims.push_back(std::move(claim));
    }
    return out;
}

Async<Plan> claim(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::coordinator, "coordinator"));
    Plan plan;
    if (!office.has("file")) {
        plan.sentence = fmt::format("Collects the part of the emission that {} has earned as masternode.",
                                    office.desk.self());
        plan.calls.push_back(call_of("collect", where, on_rewards::Collect()));
        co_return plan;
    }
    SONM_CO_TRY(std::string content, read_text(office.text("file"), claims_bytes_max));
    Json file = Json::parse(content, nullptr, false);
    auto parsed = parse_claims(file);
    if (!parsed) co_return wrap(std::move(parsed).error(), "{}", office.text("file"));
    plan.sentence = fmt::format("Claims {} rewards; each goes to its own account.", parsed->claims.size());
    plan.calls.push_back(call_of("claim rewards", where, *parsed));
    co_return plan;
}

}  // namespace

void add_masternode_commands(Commands& commands) {
    CLI::App* node = commands.app.add_subcommand("masternode", "Stakes of those who do the chain's duties");
    node->require_subcommand(1);
    add_act(commands, *node, "stake", "Become a masternode, or add to the stake",
            "  sonm masternode stake '1000 SNM' --signer 0x...\n  sonm masternode stake '50 SNM'",
            {{"amount", "\"1000 SNM\""},
             {"--signer?", "Account whose key votes; else one's own"},
             {"--network-key?", "Hash of the node's network key: 0x and 64 digits"}},
            stake);
    add_act(commands, *node, "unstake", "Begin to unbond; seven days later: take the stake out",
            "  sonm masternode unstake", {}, unstake);
    add_look(commands, *node, "show", "The active masternodes, or one account",
             "  sonm masternode show\n  sonm masternode show alice", {{"account?", "Address or name"}}, show);

    add_act(commands, *node, "take-set", "Write down the set of this epoch; by anybody, once an epoch",
            "  sonm masternode take-set", {}, take_set);

    CLI::App* reward = commands.app.add_subcommand("reward", "SNO from the emission");
    reward->require_subcommand(1);
    add_look(commands, *reward, "show", "What waits and what was claimed", "  sonm reward show",
             {{"account?", "Address or name; else one's own"}}, show_rewards);
    add_act(commands, *reward, "claim",
            "Collect a masternode's part, or claim a worker's rewards with their proofs",
            "  sonm reward claim\n  sonm reward claim --file claims.json",
            {{"--file?", "Claims with proofs, as JSON: at most 50"}}, claim);
}

}  // namespace sonm::cli
