#include "sonm/base/units.hpp"
#include "sonm/base/yaml.hpp"
#include "sonm/cli/act.hpp"
#include "sonm/settlement/bindings/token_sale.gen.hpp"
#include "sonm/settlement/deploy.hpp"

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

// ---- the seller's side

/// "1.5" of the chain's coin.
Result<U256> parse_coins(std::string_view text) {
    return parse_tokens(std::string(text) + " SNM").map([](Tokens coins) { return coins.value; });
}

/// A plan as people write it: times count from its deployment.
struct PlanFile {
    struct Stage {
        Seconds starts_in, lasts;
        Tokens cap;
        U256 price = 0;
    };
    Stage presale, sale;
    Tokens buyer_max, team_share;
    U256 soft_cap = 0;
    crypto::Address treasury, team;
    Seconds cliff, vesting;
};

void stage_fields(YamlReader& reader, PlanFile::Stage& stage) {
    reader.required({"starts_in", "How long after the deployment it begins.", "1 d"}, stage.starts_in,
                    parse_span);
    reader.required({"lasts", "How long it lasts.", "14 d"}, stage.lasts, parse_span);
    reader.required({"cap", "Most that is sold.", "1000000 SNM"}, stage.cap, parse_tokens);
    reader.required({"price", "Of one SNM, in the chain's own coin.", "0.0002"}, stage.price, parse_coins);
}

void plan_fields(YamlReader& reader, PlanFile& plan) {
    reader.child({"presale", "The first stage."}, true,
                 [&](YamlReader& r) { stage_fields(r, plan.presale); });
    reader.child({"sale", "The second stage; it cannot begin before the first has ended."}, true,
                 [&](YamlReader& r) { stage_fields(r, plan.sale); });
    reader.required({"buyer_max", "Most that one buyer gets, over both stages.", "10000 SNM"}, plan.buyer_max,
                    parse_tokens);
    reader.required({"soft_cap", "Less than this raised: everybody gets its coins back.", "100"},
                    plan.soft_cap, parse_coins);
    reader.required({"treasury", "Gets the coins raised, and what was not sold.",
                     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"},
                    plan.treasury, crypto::parse_address);
    reader.optional({"team_share", "For the team, if the sale succeeds.", "200000 SNM"}, plan.team_share,
                    parse_tokens);
    reader.optional({"team", "Who gets that.", "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"}, plan.team,
                    crypto::parse_address);
    reader.optional(
        {"cliff", "The team gets nothing before this, counted from the end of the sale.", "180 d"},
        plan.cliff, parse_span);
    reader.optional({"vesting", "And all after this.", "730 d"}, plan.vesting, parse_span);
    if (plan.team_share.value != 0 && plan.team.is_zero())
        reader.problem("team", "is missing: who gets the share?");
}

settlement::bindings::TokenSaleStage stage_of(const PlanFile::Stage& stage, UnixTime now) {
    settlement::bindings::TokenSaleStage out;
    out.start = (now + stage.starts_in).value;
    out.end = out.start + stage.lasts.value;
    out.cap = stage.cap;
    out.price = stage.price;
    return out;
}

Async<UnixTime> chain_time(settlement::Desk& desk) {
    chain::BlockRef latest = chain::BlockTag::latest;
    auto looking = desk.node().header(latest);
    SONM_CO_TRY(auto block, co_await std::move(looking));
    if (!block) co_return fail(Errc::unavailable, "the chain has no block");
    co_return block->time;
}

Async<Exit> deploy(Context& context, std::string file) {
    PlanFile written;
    SONM_CO_CHECK(read_yaml_file(file, [&](YamlReader& reader) { plan_fields(reader, written); }));
    SONM_CO_TRY(Network network, context.network());
    if (!network.sale.is_zero())
        co_return fail(Errc::exists, "network {} has a sale already: {}", network.name, network.sale);
    SONM_CO_TRY(settlement::Desk * desk, co_await context.desk());
    SONM_CO_TRY(const crypto::Signer* signer, co_await context.signer());
    auto looking = chain_time(*desk);
    SONM_CO_TRY(UnixTime now, co_await std::move(looking));
    settlement::bindings::TokenSalePlan plan;
    plan.presale = stage_of(written.presale, now);
    plan.sale = stage_of(written.sale, now);
    plan.buyer_max = written.buyer_max;
    plan.team_share = written.team_share;
    plan.soft_cap = written.soft_cap;
    plan.treasury = written.treasury;
    plan.team = written.team.is_zero() ? written.treasury : written.team;
    plan.cliff = written.cliff.value;
    plan.vesting = written.vesting.value;
    SONM_CO_CHECK(context.confirm_intent(
        fmt::format("Deploys a sale of up to {} from {} to {}; it sells nothing before `sonm sale fill`.",
                    print_tokens(Tokens(plan.presale.cap.value + plan.sale.cap.value)),
                    print_time(UnixTime(plan.presale.start)), print_time(UnixTime(plan.sale.end)))));
    auto deploying = settlement::deploy_sale(context.executor(), network, *signer, std::move(plan));
    SONM_CO_TRY(network.sale, co_await std::move(deploying));
    SONM_CO_CHECK(settlement::write_network(context.network_file(), network));
    Json out{{"sale", crypto::to_string(network.sale)}};
    context.emit(out, fmt::format("sale {}\n", network.sale));
    co_return Exit::ok;
}

Async<Plan> fill(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::sale, "token sale"));
    auto asking = office.desk.ask(where, sale::Plan());
    SONM_CO_TRY(auto terms, co_await std::move(asking));
    Tokens all(terms.presale.cap.value + terms.sale.cap.value + terms.team_share.value);
    Plan plan;
    plan.sentence =
        fmt::format("Puts {} into the sale: all that it sells, and the team's share.", print_tokens(all));
    plan.calls.push_back(office.desk.allow(where, all));
    plan.calls.push_back(call_of("fill the sale", where, sale::Fill()));
    co_return plan;
}

Async<Plan> collect(Office& office) {
    SONM_CO_TRY(crypto::Address where, office.contract(&Network::sale, "token sale"));
    sale::Collect call;
    call.to = office.desk.self();
    Plan plan;
    plan.sentence =
        fmt::format("Takes the coins raised, if the sale has succeeded, and what was not sold, to {}.",
                    office.desk.self());
    plan.calls.push_back(call_of("collect", where, call));
    co_return plan;
}

}  // namespace

std::string sale_template() {
    PlanFile none;
    return "# A sale of SNM for the chain's own coin. Deploy it: sonm sale deploy sale.yaml\n" +
           describe_yaml([&](YamlReader& reader) { plan_fields(reader, none); });
}

void add_sale_commands(Commands& commands) {
    CLI::App* app = commands.app.add_subcommand("sale", "The first distribution of SNM");
    app->require_subcommand(1);
    add_act(commands, *app, "buy", "Buy SNM for the chain's own coin", "  sonm sale buy 1.5",
            {{"coins", "How many of the chain's own coin"}}, buy);
    add_act(commands, *app, "refund", "Take the coins back, if the sale has failed", "  sonm sale refund", {},
            refund);
    add_act(commands, *app, "claim", "Take the SNM, if the sale has succeeded", "  sonm sale claim", {},
            claim);
    add_command(commands, *app, "deploy", "Put a sale on the chain, by a plan (`sonm init sale` writes one)",
                "  sonm sale deploy sale.yaml", [](CLI::App& leaf) -> Handler {
                    auto file = std::make_shared<std::string>();
                    leaf.add_option("file", *file, "The plan")->required()->check(CLI::ExistingFile);
                    return [file](Context& context, TaskGroup&) { return deploy(context, *file); };
                });
    add_act(commands, *app, "fill", "Put all SNM of the plan into the sale; it sells from then on",
            "  sonm sale fill", {}, fill);
    add_act(commands, *app, "collect", "Take what the sale has raised, or what is left; for the treasury",
            "  sonm sale collect", {}, collect);
    add_look(commands, *app, "show", "Where the sale stands", "  sonm sale show", {}, show);
}

}  // namespace sonm::cli
