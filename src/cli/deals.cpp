#include "sonm/base/units.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/cli/print.hpp"

namespace sonm::cli {
namespace {

using json = nlohmann::ordered_json;

struct ListOptions {
    bool all = false, everybody = false;
};

bool is_party(const model::Deal& deal, const crypto::Address& account) {
    return deal.consumer == account || deal.supplier == account || deal.master == account;
}

Async<Exit> list(Context& context, TaskGroup& group, ListOptions options) {
    SONM_CO_TRY(market::Ledger * ledger, co_await context.reader(group));
    SONM_CO_TRY(auto view, co_await market_view(context, group, *ledger));
    Table table({"DEAL", "STATUS", "SUPPLIER", "CONSUMER", "PRICE", "USED", "ESCROW", "PAID"}, {0, 5, 6, 7});
    json out = json::array();
    for (const auto& [id, entry] : view->deals) {
        if (!options.all && entry.state.status != model::DealStatus::open) continue;
        if (!options.everybody && !is_party(entry.deal, ledger->self())) continue;
        table.add({std::to_string(id.value), std::string(model::to_string(entry.state.status)),
                   crypto::to_string(entry.deal.supplier), crypto::to_string(entry.deal.consumer),
                   price_text(entry.deal.price, entry.deal.currency),
                   print_span(used(entry, view->head_time)), print_tokens(entry.state.escrow),
                   print_tokens(entry.state.paid)});
        out.push_back(deal_json(entry, view->head_time));
    }
    context.emit(out, table.empty() ? "no deals\n" : table.to_text());
    co_return Exit::ok;
}

Async<Exit> show(Context& context, TaskGroup& group, std::string id) {
    SONM_CO_TRY(market::Ledger * ledger, co_await context.reader(group));
    SONM_CO_TRY(auto view, co_await market_view(context, group, *ledger));
    SONM_CO_TRY(DealEntry entry, view->deal(id));
    context.emit(deal_json(entry, view->head_time), deal_text(entry, view->head_time));
    co_return Exit::ok;
}

Async<Exit> top_up(Context& context, TaskGroup& group, std::string id, std::string amount_text) {
    SONM_CO_TRY(Tokens amount, parse_tokens(amount_text));
    SONM_CO_TRY(market::Ledger * ledger, co_await context.ledger(group));
    SONM_CO_TRY(auto view, co_await market_view(context, group, *ledger));
    SONM_CO_TRY(DealEntry entry, view->deal(id));
    SONM_CO_CHECK(context.confirm_intent(
        fmt::format("Adds {} to the escrow of deal {}; what is left at its end goes to the consumer.",
                    print_tokens(amount), entry.deal.id)));
    SONM_CO_TRY(auto done,
                co_await ledger->top_up(fmt::format("topup/{}/{}", entry.deal.id, to_hex(random_bytes(8))),
                                        entry.deal, amount));
    json out{{"id", entry.deal.id.value}, {"txn", crypto::to_string(done.txn)}};
    context.emit(out, fmt::format("added, txn {}\n", done.txn));
    co_return Exit::ok;
}

}  // namespace

void add_deal_commands(Commands& commands) {
    CLI::App* deal = commands.app.add_subcommand("deal", "Deals: orders bound by the contract");
    deal->require_subcommand(1);
    add_command(commands, *deal, "ls", "This account's open deals", "  sonm deal ls --all --json",
                [](CLI::App& leaf) -> Handler {
                    auto options = std::make_shared<ListOptions>();
                    leaf.add_flag("--all", options->all, "Closed ones too");
                    leaf.add_flag("--everybody", options->everybody, "Not only this account's");
                    return [options](Context& context, TaskGroup& group) {
                        return list(context, group, *options);
                    };
                });
    add_command(commands, *deal, "show", "One deal", "  sonm deal show 7", [](CLI::App& leaf) -> Handler {
        auto id = std::make_shared<std::string>();
        leaf.add_option("deal", *id, "Its number")->required();
        return [id](Context& context, TaskGroup& group) { return show(context, group, *id); };
    });
    add_deal_acts(commands, *deal);
    add_command(commands, *deal, "topup", "Add to the escrow of a spot deal (or one priced in USD)",
                "  sonm deal topup 7 '5 SNM'", [](CLI::App& leaf) -> Handler {
                    auto id = std::make_shared<std::string>();
                    auto amount = std::make_shared<std::string>();
                    leaf.add_option("deal", *id, "Its number")->required();
                    leaf.add_option("amount", *amount, "\"5 SNM\"")->required();
                    return [id, amount](Context& context, TaskGroup& group) {
                        return top_up(context, group, *id, *amount);
                    };
                });
    add_deal_opening(commands, *deal);
}

}  // namespace sonm::cli
