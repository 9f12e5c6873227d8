#include "sonm/base/units.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/cli/stall.hpp"
#include "sonm/model/order_file.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"

/// Verbs that change deals: many at once, and other terms for one.
namespace sonm::cli {
namespace {

using settlement::Change;
using settlement::ContractCall;

constexpr Seconds offer_stands{86'400};

/// The deals that the word "deals" names, open ones only.
Result<std::vector<DealEntry>> named_deals(const Office& office, const Stall& stall) {
    std::vector<DealEntry> out;
    for (const std::string& word : office.list("deals")) {
        SONM_TRY(DealEntry entry, stall.view->deal(word));
        if (entry.state.status == model::DealStatus::closed)
            return fail(Errc::conflict, "deal {} is closed already", word);
        out.push_back(std::move(entry));
    }
    return out;
}

/// A plan of one batch, an entry for each named deal.
Result<Plan> for_each_deal(const Office& office, const std::vector<DealEntry>& deals, std::string sentence,
                           const std::function<ContractCall(const DealEntry&)>& make) {
    std::vector<ContractCall> calls;
    std::vector<std::string> names;
    for (const DealEntry& entry : deals) {
        calls.push_back(make(entry));
        names.push_back(fmt::format("deal {}", entry.deal.id));
    }
    Plan plan;
    plan.sentence = std::move(sentence);
    plan.more = Json{{"deals", Json::array()}};
    for (const DealEntry& entry : deals) plan.more["deals"].push_back(entry.deal.id.value);
    SONM_TRY(
        ContractCall batch,
        settlement::batch_call(office.network(), fmt::format("{} deals", calls.size()), std::move(calls)));
    plan.calls.push_back(std::move(batch));
    plan.outcome = tell_skipped(office.network(), std::move(names));
    return plan;
}

Async<Plan> settle(Office& office) {
    auto opening = open_stall(office);
    SONM_CO_TRY(Stall stall, co_await std::move(opening));
    SONM_CO_TRY(auto deals, named_deals(office, stall));
    auto make = [&](const DealEntry& entry) { return settlement::settle_call(office.network(), entry.deal); };
    co_return for_each_deal(
        office, deals,
        fmt::format("Pays out what is earned by now in {} deals; those that are over are closed.",
                    deals.size()),
        make);
}

Async<Plan> close(Office& office) {
    auto choice = model::BlacklistChoice::nobody;
    std::string listed = office.text("blacklist");
    if (listed == "worker" || listed == "consumer")
        choice = model::BlacklistChoice::counterparty;
    else if (listed == "master")
        choice = model::BlacklistChoice::master;
    else if (!listed.empty() && listed != "nobody")
        co_return fail(Errc::invalid, "--blacklist is \"{}\": write nobody, worker, master or consumer",
                       listed);
    auto opening = open_stall(office);
    SONM_CO_TRY(Stall stall, co_await std::move(opening));
    SONM_CO_TRY(auto deals, named_deals(office, stall));
    std::string sentence;
    for (const DealEntry& entry : deals)
        sentence += fmt::format(
            "Closes deal {} after {}: the time used is paid from {} in escrow, the rest goes back. ",
            entry.deal.id, print_span(used(entry, stall.view->head_time)), print_tokens(entry.state.escrow));
    sentence += "Tasks in it are stopped.";
    auto make = [&](const DealEntry& entry) {
        return settlement::close_call(office.network(), entry.deal, choice);
    };
    co_return for_each_deal(office, deals, std::move(sentence), make);
}

// ---- other terms

/// What stands offered for a deal, and which side we are.
struct Changes {
    DealEntry entry;
    Change by_consumer, by_supplier;
    bool is_supplier = false;
    UnixTime now;  ///< of the chain
    const Change& own() const { return is_supplier ? by_supplier : by_consumer; }
    const Change& others() const { return is_supplier ? by_consumer : by_supplier; }
};

bool stands(const Change& change) { return change.price.value != 0; }

std::string terms_text(const Change& change, model::Currency currency) {
    return fmt::format("{}{}", price_text(change.price, currency),
                       change.end.value == 0 ? ", spot" : fmt::format(", until {}", to_utc(change.end)));
}

Json terms_json(const Change& change) {
    if (!stands(change)) return nullptr;
    return Json{{"price_per_second", to_decimal(change.price.value)},
                {"end", change.end.value},
                {"offer_expires", change.expiry.value}};
}

Async<Changes> changes_of(Office& office, DealEntry entry) {
    settlement::bindings::market::ChangesOf question;
    question.deal = entry.deal;
    auto asking = office.desk.ask(office.network().market, std::move(question));
    SONM_CO_TRY(auto standing, co_await std::move(asking));
    Changes out;
    out.by_consumer = standing.by_consumer;
    out.by_supplier = standing.by_supplier;
    out.is_supplier = office.desk.self() != entry.deal.consumer;
    out.entry = std::move(entry);
    co_return out;
}

Async<Changes> find_changes(Office& office) {
    auto opening = open_stall(office);
    SONM_CO_TRY(Stall stall, co_await std::move(opening));
    SONM_CO_TRY(DealEntry entry, stall.view->deal(office.text("deal")));
    if (entry.state.status == model::DealStatus::closed)
        co_return fail(Errc::conflict, "deal {} is closed already", office.text("deal"));
    auto finding = changes_of(office, std::move(entry));
    SONM_CO_TRY(Changes out, co_await std::move(finding));
    out.now = stall.view->head_time;
    co_return std::move(out);
}

/// For Plan::outcome: whether the terms hold or wait.
Tell tell_change(const settlement::Network& network) {
    return [market = network.market](const std::vector<settlement::Sent>& sent,
                                     Json& more) -> Result<std::string> {
        more["applied"] = false;
        for (const chain::Log& log : sent.back().logs) {
            if (log.address != market) continue;
            auto event = settlement::bindings::market::DealChangedEvent::decode(log);
            if (!event) continue;
            more["applied"] = true;
            more["escrow"] = to_decimal(event->state.escrow.value);
            return fmt::format("the new terms hold; {} in escrow\n", print_tokens(event->state.escrow));
        }
        return std::string("the new terms wait for the other side\n");
    };
}

Async<Plan> propose(Office& office) {
    auto finding = find_changes(office);
    SONM_CO_TRY(Changes changes, co_await std::move(finding));
    const model::Deal& deal = changes.entry.deal;
    Change change;
    change.price = deal.price;
    change.end = deal.end;
    if (office.has("price")) {
        SONM_CO_TRY(model::Price price, model::parse_order_price(office.text("price")));
        if (price.currency != deal.currency)
            co_return fail(Errc::invalid, "--price is in {}, the deal is in {}",
                           model::to_string(price.currency), model::to_string(deal.currency));
        change.price = price.per_second;
    }
    if (office.has("longer") && office.has("shorter"))
        co_return fail(Errc::invalid, "--longer and --shorter contradict each other");
    if ((office.has("longer") || office.has("shorter")) && deal.end.value == 0)
        co_return fail(Errc::invalid, "deal {} is spot: it has no end to move", deal.id);
    if (office.has("longer")) {
        SONM_CO_TRY(Seconds by, parse_span(office.text("longer")));
        change.end = change.end + by;
    }
    if (office.has("shorter")) {
        SONM_CO_TRY(Seconds by, parse_span(office.text("shorter")));
        if (by.value >= deal.end.value) co_return fail(Errc::invalid, "--shorter is longer than the deal");
        change.end = UnixTime(change.end.value - by.value);
    }
    if (change.price == deal.price && change.end == deal.end)
        co_return fail(Errc::invalid, "say what shall change: --price, --longer or --shorter");
    Seconds standing = offer_stands;
    if (office.has("expiry")) {
        SONM_CO_TRY(standing, parse_span(office.text("expiry")));
    }
    change.expiry = std::max(changes.now, office.context.clock().now()) + standing;
    Plan plan;
    bool at_once = change.end == deal.end &&
                   (changes.is_supplier ? change.price < deal.price : change.price > deal.price);
    plan.sentence = fmt::format("Deal {} is {}; {} {}.", deal.id,
                                terms_text(Change{deal.price, deal.end, {}}, deal.currency),
                                at_once ? "better for the other side, these hold at once:"
                                        : "offers the other side until it answers:",
                                terms_text(change, deal.currency));
    plan.calls.push_back(settlement::request_change_call(office.network(), deal, change));
    plan.outcome = tell_change(office.network());
    co_return plan;
}

Async<Plan> accept(Office& office) {
    auto finding = find_changes(office);
    SONM_CO_TRY(Changes changes, co_await std::move(finding));
    const model::Deal& deal = changes.entry.deal;
    if (!stands(changes.others()))
        co_return fail(Errc::not_found, "the other side offers no other terms for deal {}", deal.id);
    Plan plan;
    plan.sentence = fmt::format(
        "Accepts for deal {}: {}. What a longer or dearer deal lacks comes from the consumer's balance in "
        "the market.",
        deal.id, terms_text(changes.others(), deal.currency));
    plan.calls.push_back(settlement::accept_change_call(office.network(), deal, changes.others()));
    plan.outcome = tell_change(office.network());
    co_return plan;
}

Async<Plan> withdraw(Office& office) {
    auto finding = find_changes(office);
    SONM_CO_TRY(Changes changes, co_await std::move(finding));
    const model::Deal& deal = changes.entry.deal;
    if (!stands(changes.own()))
        co_return fail(Errc::not_found, "this account's side offers no other terms for deal {}", deal.id);
    Plan plan;
    plan.sentence = fmt::format("Takes the offer back: {}.", terms_text(changes.own(), deal.currency));
    plan.calls.push_back(settlement::withdraw_change_call(office.network(), deal, changes.own()));
    co_return plan;
}

Async<Shown> list_changes(Office& office) {
    auto opening = open_stall(office);
    SONM_CO_TRY(Stall stall, co_await std::move(opening));
    Table table({"DEAL", "TERMS", "CONSUMER OFFERS", "SUPPLIER OFFERS"}, {0});
    Shown out{Json::array(), ""};
    crypto::Address self = office.desk.self();
    for (const auto& [id, entry] : stall.view->deals) {
        const model::Deal& deal = entry.deal;
        bool mine = self == deal.consumer || self == deal.supplier || self == deal.master;
        if (!mine || entry.over) continue;
        auto finding = changes_of(office, entry);
        SONM_CO_TRY(Changes changes, co_await std::move(finding));
        if (!stands(changes.by_consumer) && !stands(changes.by_supplier)) continue;
        auto text = [&](const Change& change) {
            return stands(change) ? terms_text(change, deal.currency) : std::string();
        };
        table.add({std::to_string(id.value), text(Change{deal.price, deal.end, {}}),
                   text(changes.by_consumer), text(changes.by_supplier)});
        out.json.push_back({{"deal", id.value},
                            {"by_consumer", terms_json(changes.by_consumer)},
                            {"by_supplier", terms_json(changes.by_supplier)}});
    }
    out.text = table.empty() ? "nobody offers other terms for a deal of this account\n" : table.to_text();
    co_return out;
}

}  // namespace

void add_deal_acts(Commands& commands, CLI::App& deal) {
    add_act(commands, deal, "settle",
            "Pay out what is earned by now, of several deals in one transaction; anybody may",
            "  sonm deal settle 7 8 9", {{"deals...", "Numbers"}}, settle);
    add_act(commands, deal, "close", "End deals, in one transaction",
            "  sonm deal close 7 --blacklist worker\n  sonm deal close 7 8 9",
            {{"deals...", "Numbers"},
             {"--blacklist?", "Also make no more deals with: worker or master; a supplier: consumer"}},
            close);
    CLI::App* change = deal.add_subcommand("change", "Other terms for a living deal");
    change->require_subcommand(1);
    const Word which{"deal", "Its number"};
    add_act(commands, *change, "propose",
            "Offer other terms; what is only better for the other side holds at once",
            "  sonm deal change propose 7 --longer '2 h'\n  sonm deal change propose 7 --price '0.08 SNM/h'",
            {which,
             {"--price?", "\"0.08 SNM/h\""},
             {"--longer?", "By how much later the deal ends"},
             {"--shorter?", "By how much earlier"},
             {"--expiry?", "How long the offer stands; else a day"}},
            propose);
    add_act(commands, *change, "accept", "Accept what the other side offers", "  sonm deal change accept 7",
            {which}, accept);
    add_act(commands, *change, "withdraw", "Take one's own offer back", "  sonm deal change withdraw 7",
            {which}, withdraw);
    add_look(commands, *change, "ls", "Offers for deals of this account", "  sonm deal change ls", {},
             list_changes);
}

}  // namespace sonm::cli
