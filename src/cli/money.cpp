#include "sonm/base/units.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/print.hpp"

#include <nlohmann/json.hpp>

namespace sonm::cli {
namespace {

using json = nlohmann::ordered_json;

Async<Exit> balance(Context& context, TaskGroup& group, std::string account_text) {
    SONM_CO_TRY(market::Ledger * ledger, co_await context.reader(group));
    crypto::Address account = ledger->self();
    if (!account_text.empty()) {
        SONM_CO_TRY(account, crypto::parse_address(account_text));
    }
    SONM_CO_TRY(auto have, co_await ledger->balances(account));
    json out{{"account", crypto::to_string(account)},
             {"wallet", to_decimal(have.wallet.value)},
             {"market", to_decimal(have.market.value)},
             {"coin", to_decimal(have.coin.value)},
             {"decimals", 18}};
    context.emit(out, fmt::format("account  {}\nwallet   {}\nmarket   {}  (free; what bids and deals hold is "
                                  "not in it)\nfees     {} of the chain's own coin\n",
                                  account, print_tokens(have.wallet), print_tokens(have.market),
                                  print_decimal(have.coin.value, 18)));
    co_return Exit::ok;
}

Async<Exit> move(Context& context, TaskGroup& group, std::string text, bool in) {
    SONM_CO_TRY(market::Ledger * ledger, co_await context.ledger(group));
    SONM_CO_TRY(auto have, co_await ledger->balances(ledger->self()));
    Tokens amount = in ? have.wallet : have.market;
    if (text != "all") {
        SONM_CO_TRY(amount, parse_tokens(text));
    }
    if (amount.value == 0) co_return fail(Errc::invalid, "there is nothing to move");
    SONM_CO_CHECK(context.confirm_intent(fmt::format(
        "Moves {} from {}.", print_tokens(amount),
        in ? "your wallet to your balance in the market" : "your balance in the market to your wallet")));
    std::string intent = fmt::format("move/{}", to_hex(random_bytes(8)));
    auto done = in ? co_await ledger->deposit(intent, amount) : co_await ledger->withdraw(intent, amount);
    if (!done) co_return tl::unexpected<Error>(done.error());
    json out{{"txn", crypto::to_string(done->txn)}, {"amount", to_decimal(amount.value)}};
    context.emit(out, fmt::format("done, txn {}\n", done->txn));
    co_return Exit::ok;
}

}  // namespace

void add_money_commands(Commands& commands) {
    add_command(commands, commands.app, "balance", "SNM in the wallet and in the market",
                "  sonm balance\n  sonm balance 0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                [](CLI::App& leaf) -> Handler {
                    auto account = std::make_shared<std::string>();
                    leaf.add_option("account", *account, "Another account than one's own");
                    return [account](Context& context, TaskGroup& group) {
                        return balance(context, group, *account);
                    };
                });
    for (bool in : {true, false}) {
        add_command(
            commands, commands.app, in ? "deposit" : "withdraw",
            in ? "Move SNM from the wallet into the market" : "Move free SNM from the market to the wallet",
            in ? "  sonm deposit '50 SNM'" : "  sonm withdraw all", [in](CLI::App& leaf) -> Handler {
                auto amount = std::make_shared<std::string>();
                leaf.add_option("amount", *amount, "\"12.5 SNM\", or all")->required();
                return [in, amount](Context& context, TaskGroup& group) {
                    return move(context, group, *amount, in);
                };
            });
    }
}

}  // namespace sonm::cli
