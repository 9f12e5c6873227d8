#include "sonm/base/units.hpp"
#include "sonm/cli/act.hpp"
#include "sonm/cli/address_names.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/crypto/keccak.hpp"
#include "sonm/settlement/bindings/dao.gen.hpp"
#include "sonm/settlement/bindings/hub_wallet.gen.hpp"
#include "sonm/settlement/bindings/snm.gen.hpp"
#include "sonm/settlement/bindings/vault.gen.hpp"
#include "sonm/settlement/bindings/whitelist.gen.hpp"

namespace sonm::cli {
namespace {

using settlement::Network;
namespace dao = settlement::bindings::dao;
using Proposal = dao::ProposalCreatedEvent;

Async<std::vector<Proposal>> proposals(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::dao, "DAO"));
    auto reading = office.desk.facts<Proposal>(where);
    SONM_CO_TRY(auto facts, co_await std::move(reading));
    std::vector<Proposal> out;
    for (auto& said : facts) out.push_back(std::move(said.fact));
    co_return out;
}

Async<Proposal> find(Office& office) {
    SONM_CO_TRY(U256 id, parse_u256(office.text("id")));
    auto reading = proposals(office);
    SONM_CO_TRY(auto all, co_await std::move(reading));
    for (Proposal& one : all)
        if (one.proposal_id == id) co_return std::move(one);
    co_return fail(Errc::not_found, "there is no proposal {}: see `sonm dao ls`", office.text("id"));
}

// ---- what may be proposed

struct Action {
    const char* name;
    const char* arguments;
    Result<settlement::ContractCall> (*make)(const Office& office, const std::vector<std::string>& arguments);
};

Result<crypto::Address> at(const Office& office, const std::string& text) {
    return resolve_address(office.context, office.network(), text);
}

Result<settlement::ContractCall> suspect(const Office& office, const std::vector<std::string>& arguments) {
    settlement::bindings::hub_wallet::Suspect call;
    SONM_TRY(crypto::Address hub, at(office, arguments[0]));
    SONM_TRY(call.evidence, parse_hash_or_name(arguments[1]));
    return call_of(fmt::format("suspect hub {}", hub), hub, call);
}
Result<settlement::ContractCall> rehabilitate(const Office& office,
                                              const std::vector<std::string>& arguments) {
    SONM_TRY(crypto::Address hub, at(office, arguments[0]));
    return call_of(fmt::format("rehabilitate hub {}", hub), hub,
                   settlement::bindings::hub_wallet::Rehabilitate());
}
Result<settlement::ContractCall> ban(const Office& office, const std::vector<std::string>& arguments) {
    SONM_TRY(crypto::Address hub, at(office, arguments[0]));
    return call_of(fmt::format("ban hub {}", hub), hub, settlement::bindings::hub_wallet::Ban());
}
Result<settlement::ContractCall> trust(const Office& office, const std::vector<std::string>& arguments) {
    SONM_TRY(crypto::Address whitelist, office.contract(&Network::whitelist, "whitelist"));
    settlement::bindings::whitelist::SetStatus call;
    SONM_TRY(call.wallet, at(office, arguments[0]));
    using settlement::bindings::HubStatus;
    if (arguments[1] == "unverified")
        call.status = HubStatus::unverified;
    else if (arguments[1] == "verified")
        call.status = HubStatus::verified;
    else if (arguments[1] == "trusted")
        call.status = HubStatus::trusted;
    else
        return fail(Errc::invalid, "status is \"{}\": write unverified, verified or trusted", arguments[1]);
    return call_of(fmt::format("list hub {} as {}", call.wallet, arguments[1]), whitelist, call);
}
Result<settlement::ContractCall> release(const Office& office, const std::vector<std::string>& arguments) {
    SONM_TRY(crypto::Address vault, office.contract(&Network::vault, "vault"));
    settlement::bindings::vault::Release call;
    SONM_TRY(call.id, parse_u256(arguments[0]));
    SONM_TRY(call.to, at(office, arguments[1]));
    SONM_TRY(call.amount, parse_tokens(arguments[2]));
    return call_of(fmt::format("release {} of vault entry {} to {}", arguments[2], arguments[0], call.to),
                   vault, call);
}
Result<settlement::ContractCall> any_call(const Office& office, const std::vector<std::string>& arguments) {
    SONM_TRY(crypto::Address contract, at(office, arguments[0]));
    SONM_TRY(Bytes data, parse_hex(arguments[1]));
    return settlement::ContractCall{fmt::format("call {}", contract), contract, std::move(data), Tokens()};
}

constexpr Action actions[] = {
    {"suspect", "HUB EVIDENCE", suspect},
    {"rehabilitate", "HUB", rehabilitate},
    {"ban", "HUB", ban},
    {"status", "HUB unverified|verified|trusted", trust},
    {"release", "ENTRY TO AMOUNT", release},
    {"call", "CONTRACT DATA", any_call},
};

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    std::string word;
    bool quoted = false;
    for (char c : text) {
        if (c == '\'') {
            quoted = !quoted;
        } else if (c == ' ' && !quoted) {
            if (!word.empty()) out.push_back(std::exchange(word, {}));
        } else {
            word += c;
        }
    }
    if (!word.empty()) out.push_back(word);
    return out;
}

Result<settlement::ContractCall> parse_action(const Office& office, const std::string& text) {
    std::vector<std::string> words = split(text);
    std::string known;
    for (const Action& action : actions) {
        known += fmt::format("\n  {} {}", action.name, action.arguments);
        if (words.empty() || words[0] != action.name) continue;
        std::size_t wanted = split(action.arguments).size();
        words.erase(words.begin());
        if (words.size() != wanted)
            return fail(Errc::invalid, "action {} takes {}", action.name, action.arguments);
        return action.make(office, words);
    }
    return fail(Errc::invalid, "\"{}\" is no action. There are:{}", text, known);
}

// ---- verbs

Async<Plan> propose(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::dao, "DAO"));
    SONM_CO_TRY(settlement::ContractCall action, parse_action(office, office.text("action")));
    dao::HashProposal question;
    question.targets = {action.contract};
    question.values = {U256(0)};
    question.calldatas = {action.data};
    question.description_hash = crypto::keccak256(as_bytes(office.text("description")));
    auto asking = office.desk.ask(where, std::move(question));
    SONM_CO_TRY(U256 id, co_await std::move(asking));
    dao::Propose call;
    call.targets = {action.contract};
    call.values = {U256(0)};
    call.calldatas = {action.data};
    call.description = office.text("description");
    Plan plan;
    plan.sentence = fmt::format("Proposes to the DAO: {}.", action.what);
    plan.calls.push_back(call_of("propose", where, call));
    plan.more["id"] = to_decimal(id);
    co_return plan;
}

Async<Plan> vote(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::dao, "DAO"));
    dao::CastVoteWithReason call;
    SONM_CO_TRY(call.proposal_id, parse_u256(office.text("id")));
    const std::string& choice = office.text("choice");
    if (choice != "for" && choice != "against" && choice != "abstain")
        co_return fail(Errc::invalid, "choice is \"{}\": write for, against or abstain", choice);
    call.support = choice == "for" ? 1 : choice == "against" ? 0 : 2;
    call.reason = office.text("reason");
    Plan plan;
    plan.sentence = fmt::format("Votes {} proposal {}.",
                                choice == "abstain" ? "neither for nor against" : choice, office.text("id"));
    plan.calls.push_back(call_of("vote", where, call));
    co_return plan;
}

/// queue and execute: the same arguments.
template <class Call>
Async<Plan> pass_on(Office& office, std::string what) {
    auto finding = find(office);
    SONM_CO_TRY(Proposal one, co_await std::move(finding));
    Call call;
    call.targets = one.targets;
    call.values = one.values;
    call.calldatas = one.calldatas;
    call.description_hash = crypto::keccak256(as_bytes(one.description));
    Plan plan;
    plan.sentence = fmt::format("{}s proposal {}: {}", what == "queue" ? "Queue" : "Execute",
                                office.text("id"), one.description);
    plan.calls.push_back(call_of(what, office.network().dao, call));
    co_return plan;
}

Async<Plan> delegate(Office& office) {
    settlement::bindings::snm::Delegate call;
    call.delegatee = office.desk.self();
    if (office.has("to")) {
        SONM_CO_TRY(call.delegatee, office.address("to"));
    }
    Plan plan;
    plan.sentence = fmt::format("Lets {} vote with the SNM of {}; the money stays where it is.",
                                call.delegatee, office.desk.self());
    plan.calls.push_back(call_of("delegate votes", office.network().snm, call));
    co_return plan;
}

Async<Json> describe(Office& office, const Proposal& one) {
    dao::State state;
    state.id = one.proposal_id;
    auto asking = office.desk.ask(office.network().dao, std::move(state));
    SONM_CO_TRY(auto now, co_await std::move(asking));
    dao::ProposalVotes votes;
    votes.proposal_id = one.proposal_id;
    auto counting = office.desk.ask(office.network().dao, std::move(votes));
    SONM_CO_TRY(auto counted, co_await std::move(counting));
    Json calls = Json::array();
    for (std::size_t i = 0; i < one.targets.size() && i < one.calldatas.size(); ++i)
        calls.push_back(
            {{"contract", crypto::to_string(one.targets[i])}, {"data", "0x" + to_hex(one.calldatas[i])}});
    co_return Json{{"id", to_decimal(one.proposal_id)},
                   {"state", settlement::bindings::show(now)},
                   {"description", one.description},
                   {"proposer", crypto::to_string(one.proposer)},
                   {"vote_start", to_decimal(one.vote_start)},
                   {"vote_end", to_decimal(one.vote_end)},
                   {"for", to_decimal(counted.for_votes)},
                   {"against", to_decimal(counted.against_votes)},
                   {"abstain", to_decimal(counted.abstain_votes)},
                   {"calls", calls}};
}

std::string votes_text(const Json& one, const char* side) {
    auto votes = parse_u256(one[side].get<std::string>());
    return print_tokens(Tokens(votes.value_or(0)));
}

Async<Shown> list(Office& office) {
    auto reading = proposals(office);
    SONM_CO_TRY(auto all, co_await std::move(reading));
    Shown out{Json::array(), ""};
    Table table({"PROPOSAL", "STATE", "FOR", "AGAINST", "DESCRIPTION"}, {2, 3});
    for (const Proposal& one : all) {
        auto describing = describe(office, one);
        SONM_CO_TRY(Json entry, co_await std::move(describing));
        table.add({entry["id"].get<std::string>(), entry["state"].get<std::string>(),
                   votes_text(entry, "for"), votes_text(entry, "against"), one.description.substr(0, 60)});
        out.json.push_back(std::move(entry));
    }
    out.text = table.empty() ? "nothing was proposed yet\n" : table.to_text();
    co_return out;
}

Async<Shown> show(Office& office) {
    auto finding = find(office);
    SONM_CO_TRY(Proposal one, co_await std::move(finding));
    auto describing = describe(office, one);
    SONM_CO_TRY(Json entry, co_await std::move(describing));
    auto time_of = [](const U256& value) { return print_time(UnixTime(static_cast<std::int64_t>(value))); };
    std::string text = fmt::format(
        "proposal  {}\nstate     {}\nsays      {}\nby        {}\nvoting    {} to {}\nfor       {}\nagainst   "
        "{}\nabstain   {}\n",
        entry["id"].get<std::string>(), entry["state"].get<std::string>(), one.description, one.proposer,
        time_of(one.vote_start), time_of(one.vote_end), votes_text(entry, "for"),
        votes_text(entry, "against"), votes_text(entry, "abstain"));
    for (const Json& call : entry["calls"])
        text += fmt::format("calls     {} with {}\n", call["contract"].get<std::string>(),
                            call["data"].get<std::string>());
    co_return Shown{std::move(entry), std::move(text)};
}

}  // namespace

void add_dao_commands(Commands& commands) {
    CLI::App* app = commands.app.add_subcommand("dao", "What holders of SNM decide");
    app->require_subcommand(1);
    add_act(commands, *app, "delegate", "Say who votes with one's SNM: oneself, before the first vote",
            "  sonm dao delegate\n  sonm dao delegate --to alice",
            {{"--to?", "Address or name; else oneself"}}, delegate);
    add_act(commands, *app, "propose", "Propose one action",
            "  sonm dao propose 'suspect 0x... evidence-1' 'Hub X does not pay'\n  sonm dao propose 'status "
            "0x... trusted' 'Trust hub Y'\n"
            "  sonm dao propose \"release 1 alice '5 SNM'\" 'Give it back'\n  sonm dao propose 'call market "
            "0x...' 'Anything else'",
            {{"action", "suspect|rehabilitate|ban|status|release|call and its arguments, as one word"},
             {"description", "What and why; part of the proposal"}},
            propose);
    add_act(commands, *app, "vote", "Vote on a proposal",
            "  sonm dao vote 1234... for --reason 'It did pay me'",
            {{"id", "Number of the proposal"},
             {"choice", "for, against or abstain"},
             {"--reason?", "Said on the chain"}},
            vote);
    add_act(commands, *app, "queue", "Queue a proposal that has won; by anybody", "  sonm dao queue 1234...",
            {{"id", "Number of the proposal"}},
            [](Office& office) { return pass_on<dao::Queue>(office, "queue"); });
    add_act(commands, *app, "execute", "Execute a queued proposal after its delay; by anybody",
            "  sonm dao execute 1234...", {{"id", "Number of the proposal"}},
            [](Office& office) { return pass_on<dao::Execute>(office, "execute"); });
    add_look(commands, *app, "ls", "All proposals", "  sonm dao ls", {}, list);
    add_look(commands, *app, "show", "One proposal", "  sonm dao show 1234...",
             {{"id", "Number of the proposal"}}, show);
}

}  // namespace sonm::cli
