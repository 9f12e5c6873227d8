#include "sonm/base/units.hpp"
#include "sonm/cli/act.hpp"
#include "sonm/settlement/bindings/hub_factory.gen.hpp"
#include "sonm/settlement/bindings/hub_wallet.gen.hpp"
#include "sonm/settlement/bindings/whitelist.gen.hpp"

namespace sonm::cli {
namespace {

using settlement::Network;
namespace wallet = settlement::bindings::hub_wallet;
namespace list = settlement::bindings::whitelist;
namespace factory = settlement::bindings::hub_factory;

const Word wallet_word{"--wallet?",
                       "The hub's wallet: address or name; else the first that the account made"};

/// The wallet meant: the one named, else what `hub create` makes without --salt.
Async<crypto::Address> wallet_of(Office& office) {
    if (office.has("wallet")) co_return office.address("wallet");
    SONM_CO_TRY(crypto::Address maker, office.contract(&Network::hub_factory, "hub factory"));
    factory::Predict question;
    question.owner = office.desk.self();
    auto asking = office.desk.ask(maker, std::move(question));
    SONM_CO_TRY(crypto::Address out, co_await std::move(asking));
    factory::IsWallet known;
    known.wallet = out;
    auto checking = office.desk.ask(maker, std::move(known));
    SONM_CO_TRY(bool exists, co_await std::move(checking));
    if (!exists)
        co_return fail(Errc::not_found, "account {} has no hub wallet: make one with `sonm hub create`",
                       office.desk.self());
    co_return out;
}

/// A plan of one call to the wallet.
template <class Call>
Plan on_wallet(const crypto::Address& where, std::string sentence, std::string what, const Call& call) {
    Plan plan;
    plan.sentence = std::move(sentence);
    plan.calls.push_back(call_of(std::move(what), where, call));
    plan.more["wallet"] = crypto::to_string(where);
    return plan;
}

Async<Plan> create(Office& office) {
    SONM_CO_TRY(crypto::Address maker, office.contract(&Network::hub_factory, "hub factory"));
    factory::CreateCall call;
    if (office.has("salt")) {
        SONM_CO_TRY(call.salt, parse_hash_or_name(office.text("salt")));
    }
    factory::Predict question;
    question.owner = office.desk.self();
    question.salt = call.salt;
    auto asking = office.desk.ask(maker, std::move(question));
    SONM_CO_TRY(crypto::Address where, co_await std::move(asking));
    Plan plan;
    plan.sentence = fmt::format("Makes a hub wallet of {} at {}.", office.desk.self(), where);
    plan.calls.push_back(call_of("make a hub wallet", maker, call));
    plan.more["wallet"] = crypto::to_string(where);
    co_return plan;
}

Async<Plan> do_register(Office& office) {
    SONM_CO_TRY(crypto::Address where, co_await wallet_of(office));
    Plan plan = on_wallet(
        where,
        fmt::format("Registers hub {}: 1 SNM of its money is frozen, a period of 30 days begins.", where),
        "register the hub", wallet::Register());
    if (office.has("endpoint") || office.has("name")) {
        SONM_CO_TRY(crypto::Address whitelist, office.contract(&Network::whitelist, "whitelist"));
        list::Describe call;
        call.wallet = where;
        call.endpoint = office.text("endpoint");
        call.name = office.text("name");
        plan.calls.push_back(call_of("describe the hub", whitelist, call));
    }
    co_return plan;
}

Async<Plan> fund(Office& office) {
    SONM_CO_TRY(crypto::Address where, co_await wallet_of(office));
    SONM_CO_TRY(Tokens amount, office.tokens("amount"));
    wallet::Fund call;
    call.amount = amount;
    Plan plan;
    plan.sentence =
        fmt::format("Moves {} from {} into hub wallet {}.", print_tokens(amount), office.desk.self(), where);
    plan.calls.push_back(office.desk.allow(where, amount));
    plan.calls.push_back(call_of("fund the hub", where, call));
    plan.more["wallet"] = crypto::to_string(where);
    co_return plan;
}

Async<Plan> pay(Office& office) {
    SONM_CO_TRY(crypto::Address where, co_await wallet_of(office));
    SONM_CO_TRY(crypto::Address miner, office.address("miner"));
    SONM_CO_TRY(Tokens amount, office.tokens("amount"));
    wallet::Pay call;
    call.miner = miner;
    call.amount = amount;
    co_return on_wallet(where,
                        fmt::format("Lets {} draw {} from hub {}; 30 % of it more is frozen until payday.",
                                    miner, print_tokens(amount), where),
                        "pay a miner", call);
}

Async<Plan> payday(Office& office) {
    SONM_CO_TRY(crypto::Address where, co_await wallet_of(office));
    co_return on_wallet(
        where, fmt::format("Ends the period of hub {}: 0.5 % of what is frozen goes to the DAO.", where),
        "payday", wallet::Payday());
}

Async<Plan> withdraw(Office& office) {
    SONM_CO_TRY(crypto::Address where, co_await wallet_of(office));
    wallet::Withdraw call;
    call.to = office.desk.self();
    if (office.has("to")) {
        SONM_CO_TRY(call.to, office.address("to"));
    }
    if (office.text("amount") == "all") {
        auto asking = office.desk.ask(where, wallet::Free());
        SONM_CO_TRY(call.amount, co_await std::move(asking));
        if (call.amount.value == 0) co_return fail(Errc::invalid, "the wallet has nothing free to withdraw");
    } else {
        SONM_CO_TRY(call.amount, office.tokens("amount"));
    }
    co_return on_wallet(where,
                        fmt::format("Moves {} from hub {} to {}.", print_tokens(call.amount), where, call.to),
                        "withdraw", call);
}

Async<Plan> rehabilitate(Office& office) {
    SONM_CO_TRY(crypto::Address where, co_await wallet_of(office));
    co_return on_wallet(where,
                        fmt::format("Frees hub {}, which was suspected and not judged in time.", where),
                        "rehabilitate", wallet::Rehabilitate());
}

Async<Plan> rate(Office& office) {
    SONM_CO_TRY(crypto::Address hub, office.address("hub"));
    SONM_CO_TRY(Tokens stake, office.tokens("stake"));
    SONM_CO_TRY(crypto::Address whitelist, office.contract(&Network::whitelist, "whitelist"));
    const std::string& text = office.text("mark");
    if (text != "good" && text != "bad")
        co_return fail(Errc::invalid, "mark is \"{}\": write good or bad", text);
    list::Rate call;
    call.wallet = hub;
    call.mark = text == "good" ? 1 : -1;
    call.stake = stake;
    Plan plan;
    plan.sentence = fmt::format("Stakes {} on hub {} being {}; it comes back after a lock.",
                                print_tokens(stake), hub, text);
    plan.calls.push_back(office.desk.allow(whitelist, stake));
    plan.calls.push_back(call_of("rate a hub", whitelist, call));
    co_return plan;
}

Async<Plan> end_rating(Office& office) {
    SONM_CO_TRY(crypto::Address hub, office.address("hub"));
    SONM_CO_TRY(crypto::Address whitelist, office.contract(&Network::whitelist, "whitelist"));
    list::EndRating call;
    call.wallet = hub;
    Plan plan;
    plan.sentence = fmt::format("Takes the stake on hub {} back.", hub);
    plan.calls.push_back(call_of("end the rating", whitelist, call));
    co_return plan;
}

Async<Shown> show(Office& office) {
    SONM_CO_TRY(crypto::Address where, co_await wallet_of(office));
    SONM_CO_TRY(crypto::Address whitelist, office.contract(&Network::whitelist, "whitelist"));
    auto asking = office.desk.ask(where, wallet::Account());
    SONM_CO_TRY(auto account, co_await std::move(asking));
    auto counting = office.desk.ask(where, wallet::Free());
    SONM_CO_TRY(Tokens free, co_await std::move(counting));
    auto finding = office.desk.ask(where, wallet::Owner());
    SONM_CO_TRY(crypto::Address owner, co_await std::move(finding));
    list::HubOf entry;
    entry.wallet = where;
    auto listing = office.desk.ask(whitelist, std::move(entry));
    SONM_CO_TRY(auto hub, co_await std::move(listing));
    list::ScoreOf score;
    score.wallet = where;
    auto scoring = office.desk.ask(whitelist, std::move(score));
    SONM_CO_TRY(std::int64_t mark, co_await std::move(scoring));
    std::string state = settlement::bindings::show(account.state),
                status = settlement::bindings::show(hub.status);
    Shown out;
    out.json = Json{{"wallet", crypto::to_string(where)},
                    {"owner", crypto::to_string(owner)},
                    {"state", state},
                    {"status", status},
                    {"name", hub.name},
                    {"endpoint", hub.endpoint},
                    {"funds", to_decimal(account.funds.value)},
                    {"frozen", to_decimal(account.frozen.value)},
                    {"owed_to_miners", to_decimal(account.owed.value)},
                    {"free", to_decimal(free.value)},
                    {"period_end", account.period_end},
                    {"suspected_at", account.suspected_at},
                    {"mark_milli", mark}};
    out.text = fmt::format(
        "wallet    {}\nowner     {}\nname      {}\nendpoint  {}\nstate     {}, listed as {}\nfunds     {}\n  "
        "frozen  {}\n  owed    {}"
        "  (to miners)\n  free    {}\nmark      {}\n",
        where, owner, hub.name, hub.endpoint, state, status, print_tokens(account.funds),
        print_tokens(account.frozen), print_tokens(account.owed), print_tokens(free),
        static_cast<double>(mark) / 1000);
    if (account.period_end != 0)
        out.text += fmt::format("period    until {}\n",
                                print_time(UnixTime(static_cast<std::int64_t>(account.period_end))));
    co_return out;
}

Async<Plan> draw(Office& office) {
    SONM_CO_TRY(crypto::Address hub, office.address("hub"));
    wallet::Draw call;
    if (office.text("amount") == "all") {
        wallet::AllowanceOf question;
        question.miner = office.desk.self();
        auto asking = office.desk.ask(hub, std::move(question));
        SONM_CO_TRY(call.amount, co_await std::move(asking));
        if (call.amount.value == 0)
            co_return fail(Errc::invalid, "hub {} owes {} nothing", hub, office.desk.self());
    } else {
        SONM_CO_TRY(call.amount, office.tokens("amount"));
    }
    co_return on_wallet(
        hub, fmt::format("Draws {} from hub {} to {}.", print_tokens(call.amount), hub, office.desk.self()),
        "draw", call);
}

}  // namespace

void add_hub_commands(Commands& commands) {
    CLI::App* hub = commands.app.add_subcommand("hub", "A hub's wallet, its place in the list, its ratings");
    hub->require_subcommand(1);
    add_act(commands, *hub, "create", "Make a wallet that pays miners", "  sonm hub create",
            {{"--salt?",
              "Tells several wallets of one owner apart: up to 32 bytes of text, or 0x and 64 digits"}},
            create);
    add_act(commands, *hub, "register", "Begin a period of 30 days; freezes 1 SNM",
            "  sonm hub register --name 'My hub' --endpoint hub.example:10053",
            {wallet_word, {"--name?", "Name in the list"}, {"--endpoint?", "Where the hub is reached"}},
            do_register);
    add_act(commands, *hub, "fund", "Move SNM into the wallet", "  sonm hub fund '500 SNM'",
            {{"amount", "\"500 SNM\""}, wallet_word}, fund);
    add_act(commands, *hub, "pay", "Let a miner draw", "  sonm hub pay alice '20 SNM'",
            {{"miner", "Address or name"}, {"amount", "\"20 SNM\""}, wallet_word}, pay);
    add_act(commands, *hub, "payday", "End a period that is over; by anybody", "  sonm hub payday",
            {wallet_word}, payday);
    add_act(commands, *hub, "withdraw", "Take free SNM out, while idle", "  sonm hub withdraw all",
            {{"amount", "\"20 SNM\", or all"}, {"--to?", "Address or name; else one's own"}, wallet_word},
            withdraw);
    add_act(commands, *hub, "rehabilitate", "Free a hub that nobody judged in time; by anybody",
            "  sonm hub rehabilitate --wallet 0x...", {wallet_word}, rehabilitate);
    add_act(commands, *hub, "rate", "Stake SNM on a mark for a hub", "  sonm hub rate 0x... good '10 SNM'",
            {{"hub", "Wallet: address or name"}, {"mark", "good or bad"}, {"stake", "\"10 SNM\""}}, rate);
    add_act(commands, *hub, "end-rating", "Take the stake of a rating back", "  sonm hub end-rating 0x...",
            {{"hub", "Wallet: address or name"}}, end_rating);
    add_look(commands, *hub, "show", "State, money and mark of a hub",
             "  sonm hub show\n  sonm hub show --wallet 0x... --json", {wallet_word}, show);

    CLI::App* miner = commands.app.add_subcommand("miner", "What hubs owe to whoever works for them");
    miner->require_subcommand(1);
    add_act(commands, *miner, "draw", "Take what a hub has paid, whatever became of the hub",
            "  sonm miner draw 0x... all",
            {{"hub", "Wallet: address or name"}, {"amount", "\"5 SNM\", or all"}}, draw);
}

}  // namespace sonm::cli
