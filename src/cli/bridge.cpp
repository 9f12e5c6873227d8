#include "sonm/settlement/bridge.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/cli/act.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/settlement/bindings/gatekeeper.gen.hpp"
#include "sonm/settlement/bindings/masternodes.gen.hpp"

/// SNM between two chains.
namespace sonm::cli {
namespace {

using settlement::Desk;
using settlement::Network;
namespace on_gate = settlement::bindings::gatekeeper;
namespace on_stakes = settlement::bindings::masternodes;

constexpr std::size_t vote_bytes_max = 16 * KiB;

/// A desk at the other chain, for looking only.
Result<std::unique_ptr<Desk>> other_desk(const Context& context, const std::string& file,
                                         const crypto::Signer& signer) {
    SONM_TRY(Network network, settlement::read_network(file));
    if (network.gatekeeper.is_zero())
        return fail(Errc::invalid, "network {} ({}) has no gatekeeper: `sonm bridge deploy` makes a pair",
                    network.name, file);
    return Desk::open(context.executor(), std::move(network), signer, {});
}

Async<Plan> send_over(Office& office) {
    SONM_CO_TRY(crypto::Address gate, office.contract(&Network::gatekeeper, "gatekeeper"));
    on_gate::Deposit call;
    SONM_CO_TRY(call.to, office.address("to"));
    SONM_CO_TRY(call.amount, office.tokens("amount"));
    auto asking = office.desk.ask(gate, on_gate::PeerChain());
    SONM_CO_TRY(U256 chain, co_await std::move(asking));
    auto counting = office.desk.ask(gate, on_gate::DepositCount());
    SONM_CO_TRY(U256 count, co_await std::move(counting));
    Plan plan;
    plan.sentence = fmt::format("Locks {} here; the masternodes release it to {} on chain {}.",
                                print_tokens(call.amount), call.to, to_decimal(chain));
    plan.calls.push_back(office.desk.allow(gate, call.amount));
    plan.calls.push_back(call_of("send over the bridge", gate, call));
    plan.more = Json{{"peer_chain", to_decimal(chain)}, {"deposits_before", to_decimal(count)}};
    co_return plan;
}

Async<Plan> finish(Office& office) {
    SONM_CO_TRY(crypto::Address gate, office.contract(&Network::gatekeeper, "gatekeeper"));
    on_gate::Finish call;
    SONM_CO_TRY(call.id, parse_u256(office.text("id")));
    Plan plan;
    plan.sentence = fmt::format("Pays deposit {} of the other chain, which has waited.", office.text("id"));
    plan.calls.push_back(call_of("finish a release", gate, call));
    co_return plan;
}

Async<Shown> status(Office& office) {
    SONM_CO_TRY(crypto::Address gate, office.contract(&Network::gatekeeper, "gatekeeper"));
    auto counting = office.desk.ask(gate, on_gate::Free());
    SONM_CO_TRY(U256 free, co_await std::move(counting));
    auto freezing = office.desk.ask(gate, on_gate::FrozenUntil());
    SONM_CO_TRY(std::uint64_t until, co_await std::move(freezing));
    UnixTime frozen(until);
    Shown out;
    out.json = Json{
        {"gatekeeper", crypto::to_string(gate)}, {"free", to_decimal(free)}, {"frozen_until", frozen.value}};
    out.text = fmt::format(
        "gate     {}\ntokens   {} to release from\n{}", gate, print_tokens(Tokens(free)),
        frozen.value == 0 ? std::string() : fmt::format("frozen   until {}\n", print_time(frozen)));
    if (office.has("id")) {
        on_gate::StateOf question;
        SONM_CO_TRY(question.id, parse_u256(office.text("id")));
        auto asking = office.desk.ask(gate, std::move(question));
        SONM_CO_TRY(auto state, co_await std::move(asking));
        out.json["state"] = settlement::bindings::show(state);
        out.text += fmt::format("deposit  {} of the other chain: {}\n", office.text("id"),
                                settlement::bindings::show(state));
    }
    co_return out;
}

Async<Plan> fund(Office& office) {
    SONM_CO_TRY(crypto::Address gate, office.contract(&Network::gatekeeper, "gatekeeper"));
    on_gate::Fund call;
    SONM_CO_TRY(call.amount, office.tokens("amount"));
    Plan plan;
    plan.sentence = fmt::format("Gives {} to the gate, for releases; they cannot be taken back.",
                                print_tokens(call.amount));
    plan.calls.push_back(office.desk.allow(gate, call.amount));
    plan.calls.push_back(call_of("fund the gate", gate, call));
    co_return plan;
}

// ---- releases: masternodes sign, anybody brings the signatures

/// A release as it is signed: what and by whose set.
struct Pending {
    settlement::bindings::GatekeeperTransfer transfer;
    settlement::bindings::SignerSet set;
    crypto::Hash digest;
};

Async<Pending> pending(Context& context, Desk& desk, std::string id, std::string from,
                       const crypto::Signer& signer) {
    if (desk.network().gatekeeper.is_zero())
        co_return fail(Errc::invalid, "network {} has no gatekeeper", desk.network().name);
    SONM_CO_TRY(U256 deposit, parse_u256(id));
    SONM_CO_TRY(auto source, other_desk(context, from, signer));
    Pending out;
    auto finding = settlement::transfer_of(*source, desk, deposit);
    SONM_CO_TRY(out.transfer, co_await std::move(finding));
    auto looking = settlement::speaking_set(desk, *source);
    SONM_CO_TRY(out.set, co_await std::move(looking));
    settlement::Verifier gate{desk.network().chain_id, desk.network().gatekeeper};
    out.digest = settlement::release_digest(gate, out.transfer, out.set.epoch);
    co_return out;
}

struct SignWords {
    std::string id, from, out;
};

Async<Exit> sign(Context& context, SignWords words) {
    SONM_CO_TRY(const crypto::Signer* signer, co_await context.signer());
    SONM_CO_TRY(Desk * desk, co_await context.watching_desk());
    auto finding = pending(context, *desk, words.id, words.from, *signer);
    SONM_CO_TRY(Pending release, co_await std::move(finding));
    const auto& members = release.set.members;
    auto member = std::find_if(members.begin(), members.end(),
                               [&](const auto& one) { return one.signer == signer->address(); });
    if (member == members.end())
        co_return fail(Errc::denied, "{} is not the key of a masternode in the set of epoch {}",
                       signer->address(), release.set.epoch);
    auto amount = print_tokens(release.transfer.amount);
    SONM_CO_CHECK(context.confirm_intent(
        fmt::format("Signs that deposit {} of chain {} is {} for {}, to be released on chain {}.", words.id,
                    to_decimal(release.transfer.source_chain), amount, release.transfer.to,
                    to_decimal(release.transfer.destination_chain))));
    Json vote{{"deposit", words.id},
              {"digest", crypto::to_string(release.digest)},
              {"member", member - members.begin()},
              {"signature", to_hex0x(crypto::to_rsv(signer->sign(release.digest)))}};
    if (words.out.empty()) {
        print(vote.dump(2) + "\n");
        co_return Exit::ok;
    }
    SONM_CO_CHECK(write_atomically(words.out, as_bytes(vote.dump(2) + "\n")));
    context.emit(vote, fmt::format("{}\n", words.out));
    co_return Exit::ok;
}

/// A masternode's signature from its file.
Result<settlement::bindings::Signature> read_vote(const std::string& file, const Pending& release) {
    SONM_TRY(std::string text, read_text(file, vote_bytes_max));
    Json vote = Json::parse(text, nullptr, false);
    auto is_text = [&](const char* name) { return vote.contains(name) && vote[name].is_string(); };
    if (!vote.is_object() || !is_text("digest") || !is_text("signature") || !vote.contains("member") ||
        !vote["member"].is_number_unsigned())
        return fail(Errc::invalid,
                    "{}: digest, member and signature are needed: `sonm bridge sign` writes them", file);
    if (vote["digest"] != crypto::to_string(release.digest))
        return fail(Errc::invalid,
                    "{} is a signature for something else: another deposit, gate or set of masternodes",
                    file);
    SONM_TRY(Bytes bytes, parse_hex(vote["signature"].get<std::string>()));
    auto signature = crypto::parse_rsv(bytes);
    if (!signature) return wrap(std::move(signature).error(), "{}", file);
    settlement::bindings::Signature out;
    out.member = vote["member"].get<std::uint64_t>();
    const auto& members = release.set.members;
    if (out.member >= members.size() ||
        crypto::recover(release.digest, *signature) != members[out.member].signer)
        return fail(Errc::denied, "{} is not signed by member {} of the set", file, out.member);
    out.v = 27 + signature->recovery;
    out.r = crypto::Hash{signature->r};
    out.s = crypto::Hash{signature->s};
    return out;
}

Async<Plan> release(Office& office) {
    SONM_CO_TRY(const crypto::Signer* signer, co_await office.context.signer());
    auto finding = pending(office.context, office.desk, office.text("id"), office.text("from"), *signer);
    SONM_CO_TRY(Pending wanted, co_await std::move(finding));
    on_gate::Release call;
    for (const std::string& file : office.list("signatures")) {
        SONM_CO_TRY(auto signature, read_vote(file, wanted));
        call.signatures.push_back(std::move(signature));
    }
    call.transfer = wanted.transfer;
    call.set = wanted.set;
    Plan plan;
    plan.sentence = fmt::format("Releases {} to {} by {} signatures.", print_tokens(call.transfer.amount),
                                call.transfer.to, call.signatures.size());
    plan.calls.push_back(call_of("release what was bridged", office.network().gatekeeper, call));
    plan.outcome = [gate = office.network().gatekeeper](const std::vector<settlement::Sent>& sent,
                                                        Json& more) -> Result<std::string> {
        for (const chain::Log& log : sent.back().logs) {
            if (log.address != gate) continue;
            if (auto queued = on_gate::QueuedEvent::decode(log)) {
                more["state"] = "waiting";
                more["ready_at"] = queued->ready_at.value;
                return fmt::format("it waits until {}; then `sonm bridge finish {}`\n",
                                   print_time(queued->ready_at), to_decimal(queued->id));
            }
        }
        more["state"] = "released";
        return std::string("released\n");
    };
    co_return plan;
}

Async<Shown> list_deposits(Office& office) {
    SONM_CO_TRY(crypto::Address gate, office.contract(&Network::gatekeeper, "gatekeeper"));
    auto reading = office.desk.facts<on_gate::DepositedEvent, on_gate::RefundedEvent, on_gate::QueuedEvent,
                                     on_gate::ReleasedEvent>(gate);
    SONM_CO_TRY(auto facts, co_await std::move(reading));
    Table table({"TIME", "WHAT", "ID", "AMOUNT", "TO"}, {2, 3});
    Shown out{Json::array(), ""};
    auto add = [&](UnixTime time, const char* what, U256 id, Tokens amount, const crypto::Address& to) {
        table.add({print_time(time), what, to_decimal(id), print_tokens(amount), crypto::to_string(to)});
        out.json.push_back({{"time", time.value},
                            {"what", what},
                            {"id", to_decimal(id)},
                            {"amount", to_decimal(amount.value)},
                            {"to", crypto::to_string(to)}});
    };
    for (const auto& [block, time, fact] : facts) {
        if (auto* sent = std::get_if<on_gate::DepositedEvent>(&fact))
            add(time, "sent", sent->id, sent->amount, sent->to);
        else if (auto* back = std::get_if<on_gate::RefundedEvent>(&fact))
            add(time, "refunded", back->id, back->amount, back->to);
        else if (auto* waits = std::get_if<on_gate::QueuedEvent>(&fact))
            add(time, "waits", waits->id, waits->amount, waits->to);
        else if (auto* paid = std::get_if<on_gate::ReleasedEvent>(&fact))
            add(time, "released", paid->id, paid->amount, paid->to);
    }
    out.text = table.empty() ? "nothing has gone over this gate\n" : table.to_text();
    co_return out;
}

// ---- a new pair

struct DeployWords {
    std::string to, large = "10000 SNM", day = "100000 SNM", delay = "1 d";
};

Async<Exit> deploy(Context& context, DeployWords words) {
    SONM_CO_TRY(Network home, context.network());
    SONM_CO_TRY(Network away, settlement::read_network(words.to));
    for (const Network* network : {&home, &away})
        if (!network->gatekeeper.is_zero())
            co_return fail(Errc::exists, "network {} has a gatekeeper already: {}", network->name,
                           network->gatekeeper);
    settlement::bindings::GatekeeperParams limits;
    SONM_CO_TRY(Tokens large, parse_tokens(words.large));
    SONM_CO_TRY(Tokens day, parse_tokens(words.day));
    SONM_CO_TRY(Seconds delay, parse_span(words.delay));
    limits.large_amount = large;
    limits.day_limit = day;
    limits.delay = delay.value;
    limits.freeze_length = 86'400;
    limits.freeze_pause = 30 * 86'400;
    SONM_CO_TRY(Desk * desk, co_await context.desk());
    SONM_CO_TRY(const crypto::Signer* signer, co_await context.signer());
    auto looking = settlement::taken_set(*desk, std::nullopt);
    SONM_CO_TRY(auto set, co_await std::move(looking));
    SONM_CO_CHECK(context.confirm_intent(fmt::format(
        "Deploys a gatekeeper on {} and one on {}; the {} masternodes of epoch {} release on both.",
        home.name, away.name, set.members.size(), set.epoch)));
    auto told = [](std::string contract) { note("  " + contract); };
    auto keep = [file = context.network_file(), to = std::filesystem::path(words.to),
                 chain = home.chain_id](const Network& network) {
        return settlement::write_network(network.chain_id == chain ? file : to, network);
    };
    auto deploying = settlement::deploy_bridge(context.executor(), home, away, *signer, limits,
                                               std::move(set), told, keep);
    SONM_CO_TRY(settlement::Bridge bridge, co_await std::move(deploying));
    Json out{{"gatekeeper", crypto::to_string(bridge.home_gate)},
             {"peer", crypto::to_string(bridge.away_gate)},
             {"mirror_set", crypto::to_string(bridge.mirror_set)}};
    context.emit(out, fmt::format("gate on {}  {}\ngate on {}  {}\nmirror set  {}\n", home.name,
                                  bridge.home_gate, away.name, bridge.away_gate, bridge.mirror_set));
    co_return Exit::ok;
}

}  // namespace

void add_bridge_commands(Commands& commands) {
    CLI::App* bridge = commands.app.add_subcommand("bridge", "SNM between two chains");
    bridge->require_subcommand(1);
    add_act(commands, *bridge, "send", "Send SNM to the other chain", "  sonm bridge send alice '10 SNM'",
            {{"to", "Receiver there: address or name"}, {"amount", "\"10 SNM\""}}, send_over);
    add_act(commands, *bridge, "finish", "Pay a release that has waited long enough; by anybody",
            "  sonm bridge finish 7", {{"id", "Number of the other chain's deposit"}}, finish);
    add_look(commands, *bridge, "status", "The gate here, and what became of a deposit there",
             "  sonm bridge status\n  sonm bridge status 7", {{"id?", "Number of the other chain's deposit"}},
             status);
    add_act(commands, *bridge, "fund", "Give SNM to the gate for releases", "  sonm bridge fund '1000 SNM'",
            {{"amount", "\"1000 SNM\""}}, fund);
    add_look(commands, *bridge, "ls", "Everything that has gone over this gate", "  sonm bridge ls", {},
             list_deposits);
    add_command(commands, *bridge, "sign",
                "Sign a deposit of the other chain for release here; for masternodes",
                "  sonm --network away.json bridge sign 7 --from network.json --out vote-a.json",
                [](CLI::App& leaf) -> Handler {
                    auto words = std::make_shared<SignWords>();
                    leaf.add_option("id", words->id, "Number of the other chain's deposit")->required();
                    leaf.add_option("--from", words->from, "Network file of the other chain")
                        ->required()
                        ->check(CLI::ExistingFile);
                    leaf.add_option("--out", words->out, "File to write; else standard output");
                    return [words](Context& context, TaskGroup&) { return sign(context, *words); };
                });
    add_act(commands, *bridge, "release",
            "Bring the signatures of more than two thirds of the stake; by anybody",
            "  sonm --network away.json bridge release 7 vote-a.json vote-b.json --from network.json",
            {{"id", "Number of the other chain's deposit"},
             {"signatures...", "Files that `sonm bridge sign` wrote"},
             {"--from", "Network file of the other chain"}},
            release);
    add_command(
        commands, *bridge, "deploy", "Put a pair of gatekeepers on two chains, by the same account",
        "  sonm bridge deploy --to away.json --large '10000 SNM' --day '100000 SNM'",
        [](CLI::App& leaf) -> Handler {
            auto words = std::make_shared<DeployWords>();
            leaf.add_option("--to", words->to, "Network file of the other chain")
                ->required()
                ->check(CLI::ExistingFile);
            leaf.add_option("--large", words->large, "Above this a release waits")->capture_default_str();
            leaf.add_option("--day", words->day, "More than this a day waits, too")->capture_default_str();
            leaf.add_option("--delay", words->delay, "How long")->capture_default_str();
            return [words](Context& context, TaskGroup&) { return deploy(context, *words); };
        });
}

}  // namespace sonm::cli
