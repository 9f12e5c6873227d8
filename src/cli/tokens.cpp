#include "sonm/base/units.hpp"
#include "sonm/cli/act.hpp"
#include "sonm/settlement/bindings/faucet.gen.hpp"
#include "sonm/settlement/bindings/snm.gen.hpp"
#include "sonm/settlement/bindings/sno.gen.hpp"

namespace sonm::cli {
namespace {

using settlement::Network;
namespace snm = settlement::bindings::snm;

Async<Shown> balance(Office& office) {
    crypto::Address account = office.desk.self();
    if (office.has("account")) {
        SONM_CO_TRY(account, office.address("account"));
    }
    snm::BalanceOf wallet;
    wallet.account = account;
    auto asking = office.desk.ask(office.network().snm, std::move(wallet));
    SONM_CO_TRY(Tokens has, co_await std::move(asking));
    snm::GetVotes voting;
    voting.account = account;
    auto counting = office.desk.ask(office.network().snm, std::move(voting));
    SONM_CO_TRY(U256 votes, co_await std::move(counting));
    Tokens rewards;
    if (office.network().sno != crypto::Address()) {
        settlement::bindings::sno::BalanceOf earned;
        earned.account = account;
        auto looking = office.desk.ask(office.network().sno, std::move(earned));
        SONM_CO_TRY(rewards, co_await std::move(looking));
    }
    Shown out;
    out.json = Json{{"account", crypto::to_string(account)},
                    {"snm", to_decimal(has.value)},
                    {"sno", to_decimal(rewards.value)},
                    {"votes", to_decimal(votes)},
                    {"decimals", 18}};
    out.text = fmt::format("account  {}\nSNM      {}\nSNO      {}\nvotes    {}\n", account, print_tokens(has),
                           print_decimal(rewards.value, 18), print_decimal(votes, 18));
    co_return out;
}

Async<Plan> transfer(Office& office) {
    SONM_CO_TRY(crypto::Address to, office.address("to"));
    SONM_CO_TRY(Tokens amount, office.tokens("amount"));
    snm::Transfer call;
    call.to = to;
    call.value = amount;
    Plan plan;
    plan.sentence = fmt::format("Sends {} from {} to {}.", print_tokens(amount), office.desk.self(), to);
    plan.calls.push_back(call_of(fmt::format("send {}", print_tokens(amount)), office.network().snm, call));
    co_return plan;
}

Async<Plan> approve(Office& office) {
    SONM_CO_TRY(crypto::Address spender, office.address("spender"));
    SONM_CO_TRY(Tokens amount, parse_tokens(office.text("amount")));
    Plan plan;
    plan.sentence =
        fmt::format("Lets {} take up to {} out of {}.", spender, print_tokens(amount), office.desk.self());
    plan.calls.push_back(office.desk.allow(spender, amount));
    co_return plan;
}

Async<Plan> drip(Office& office) {
    SONM_CO_TRY(crypto::Address faucet, office.contract(&Network::faucet, "faucet"));
    Plan plan;
    plan.sentence = fmt::format("Asks the test network's faucet for SNM for {}.", office.desk.self());
    plan.calls.push_back(call_of("ask the faucet", faucet, settlement::bindings::faucet::Drip()));
    co_return plan;
}

}  // namespace

void add_token_commands(Commands& commands) {
    CLI::App* token = commands.app.add_subcommand("token", "SNM in wallets");
    token->require_subcommand(1);
    add_look(commands, *token, "balance", "SNM, SNO and votes of an account",
             "  sonm token balance\n  sonm token balance alice",
             {{"account?", "Address or name; else one's own"}}, balance);
    add_act(commands, *token, "transfer", "Send SNM", "  sonm token transfer alice '12.5 SNM'",
            {{"to", "Address or name"}, {"amount", "\"12.5 SNM\""}}, transfer);
    add_act(commands, *token, "approve", "Let an account or contract take SNM, 0 to take that back",
            "  sonm token approve job_escrow '100 SNM'\n  sonm token approve job_escrow '0 SNM'",
            {{"spender", "Address or name"}, {"amount", "\"100 SNM\""}}, approve);
    add_act(commands, *token, "faucet", "Ask a test network's faucet for SNM, once a day",
            "  sonm token faucet", {}, drip);
}

}  // namespace sonm::cli
