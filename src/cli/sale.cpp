#include "sonm/base/units.hpp"
#include "sonm/cli/act.hpp"
#include "sonm/settlement/bindings/token_sale.gen.hpp"

namespace sonm::cli {
namespace {

using settlement::Network;
namespace sale = settlement::bindings::token_sale;

Async<Plan> buy(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::sale, "token sale"));
    // The chain's own coin has 18 decimals as SNM has; only the unit's name differs.
    SONM_CO_TRY(Tokens coins, parse_tokens(office.text("coins") + " SNM"));
    if (coins.value == 0) co_return fail(Errc::invalid, "coins is zero");
    settlement::ContractCall call = call_of("buy SNM", where, sale::Buy());
    call.coin = coins;
    Plan plan;
    plan.sentence = fmt::format("Pays {} of the chain's own coin for SNM, kept by the sale until its end.",
                                office.text("coins"));
    plan.calls.push_back(std::move(call));
    co_return plan;
}

Async<Plan> refund(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::sale, "token sale"));
    sale::Refund call;
    call.to = office.desk.self();
    Plan plan;
    plan.sentence = fmt::format("Takes back what {} paid in a sale that has failed.", office.desk.self());
    plan.calls.push_back(call_of("take the coins back", where, call));
    co_return plan;
}

Async<Plan> claim(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::sale, "token sale"));
    Plan plan;
    plan.sentence = fmt::format("Takes the SNM that {} has bought.", office.desk.self());
    plan.calls.push_back(call_of("take the SNM", where, sale::Claim()));
    co_return plan;
}

Async<Shown> show(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::sale, "token sale"));
    auto asking = office.desk.ask(where, sale::Plan());
    SONM_CO_TRY(auto plan, co_await std::move(asking));
    auto looking = office.desk.ask(where, sale::Progress());
    SONM_CO_TRY(auto progress, co_await std::move(looking));
    sale::PurchaseOf question;
    question.buyer = office.desk.self();
    auto finding = office.desk.ask(where, std::move(question));
    SONM_CO_TRY(auto own, co_await std::move(finding));
    auto time_of = [](std::uint64_t value) { return print_time(UnixTime(static_cast<std::int64_t>(value))); };
    std::string outcome = settlement::bindings::show(progress.outcome);
    Shown out;
    out.json = Json{{"sale", crypto::to_string(where)},      {"outcome", outcome},
                    {"raised", to_decimal(progress.raised)}, {"soft_cap", to_decimal(plan.soft_cap)},
                    {"presale_start", plan.presale.start},   {"presale_end", plan.presale.end},
                    {"sale_start", plan.sale.start},         {"sale_end", plan.sale.end},
                    {"own_paid", to_decimal(own.paid)},      {"own_amount", to_decimal(own.amount.value)}};
    out.text = fmt::format(
        "sale     {}\noutcome  {}\npresale  {} to {}, {} SNM left\nsale     {} to {}\nraised   {} of at "
        "least {} coins\nown      {} for {} coins\n",
        where, outcome, time_of(plan.presale.start), time_of(plan.presale.end),
        print_decimal(saturating_sub(plan.presale.cap.value, progress.sold_in_presale.value), 18),
        time_of(plan.sale.start), time_of(plan.sale.end), print_decimal(progress.raised, 18),
        print_decimal(plan.soft_cap, 18), print_tokens(own.amount), print_decimal(own.paid, 18));
    co_return out;
}

}  // namespace

void add_sale_commands(Commands& commands) {
    CLI::App* app = commands.app.add_subcommand("sale", "The first distribution of SNM");
    app->require_subcommand(1);
    add_act(commands, *app, "buy", "Buy SNM for the chain's own coin", "  sonm sale buy 1.5",
            {{"coins", "How many of the chain's own coin"}}, buy);
    add_act(commands, *app, "refund", "Take the coins back, if the sale has failed", "  sonm sale refund", {},
            refund);
    add_act(commands, *app, "claim", "Take the SNM, if the sale has succeeded", "  sonm sale claim", {},
            claim);
    add_look(commands, *app, "show", "Where the sale stands", "  sonm sale show", {}, show);
}

}  // namespace sonm::cli
