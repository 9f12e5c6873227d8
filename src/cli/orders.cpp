#include "sonm/base/units.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/cli/explain.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/cli/run_options.hpp"
#include "sonm/cli/stall.hpp"
#include "sonm/model/order_file.hpp"

namespace sonm::cli {
namespace {

using json = nlohmann::ordered_json;

struct ListOptions {
    bool all = false, mine = false;
    std::string side;
};

Async<Exit> list(Context& context, TaskGroup& group, ListOptions options) {
    SONM_CO_TRY(market::Ledger * ledger, co_await context.reader(group));
    SONM_CO_TRY(auto view, co_await market_view(context, group, *ledger));
    Table table({"ORDER", "SIDE", "STATE", "PRICE", "DURATION", "MACHINE", "AUTHOR"});
    json out = json::array();
    for (const auto& [id, entry] : view->orders) {
        if (!options.all && entry.state != OrderState::open) continue;
        if (options.mine && entry.order.author != ledger->self()) continue;
        if (!options.side.empty() && options.side != model::to_string(entry.order.side)) continue;
        table.add({short_id(id), std::string(model::to_string(entry.order.side)),
                   std::string(to_string(entry.state)), price_text(entry.order.price, entry.order.currency),
                   span_text(entry.order.duration), machine_text(entry.order.benchmarks),
                   crypto::to_string(entry.order.author)});
        out.push_back(order_json(entry));
    }
    context.emit(out, table.empty() ? "no orders\n" : table.to_text());
    co_return Exit::ok;
}

/// An order that is signed in a file, and whether a market would take it.
Async<Exit> show_signed(Context& context, TaskGroup& group, std::string file, bool explain) {
    SONM_CO_TRY(settlement::Desk * desk, co_await context.watching_desk());
    Office office{context, group, *desk, {}};
    auto opening = open_stall(office);
    SONM_CO_TRY(Stall stall, co_await std::move(opening));
    SONM_CO_TRY(auto read, settlement::read_signed_order(file));
    OrderEntry entry{model::order_id(read.order), read.order, Tokens(), OrderState::open, std::nullopt};
    json out = order_json(entry);
    std::string text = order_text(entry);
    auto signer = settlement::signer_of(read);
    auto checking = settlement::check_signed(*desk, std::move(read), stall.view->head_time);
    auto checked = co_await std::move(checking);
    out["signer"] = signer ? json(crypto::to_string(*signer)) : json(nullptr);
    out["good"] = checked.has_value();
    out["problem"] = checked ? json(nullptr) : json(checked.error().message());
    text += fmt::format("  {:<13} {}\n", "signature",
                        checked ? "good: a deal can be opened with it" : checked.error().message());
    if (explain && checked) {
        Explanation why = explain_order(*stall.view, entry);
        out["explanation"] = why.lines;
        text += "\n" + fmt::format("{}\n", fmt::join(why.lines, "\n"));
    }
    context.emit(out, text);
    co_return checked ? Exit::ok : Exit::failed;
}

Async<Exit> show(Context& context, TaskGroup& group, std::string id, bool explain) {
    if (names_a_file(id)) {
        auto showing = show_signed(context, group, std::move(id), explain);
        co_return co_await std::move(showing);
    }
    SONM_CO_TRY(market::Ledger * ledger, co_await context.reader(group));
    SONM_CO_TRY(auto view, co_await market_view(context, group, *ledger));
    SONM_CO_TRY(OrderEntry entry, view->order(id));
    json out = order_json(entry);
    std::string text = order_text(entry);
    if (explain) {
        Explanation why = explain_order(*view, entry);
        out["explanation"] = why.lines;
        text += "\n" + fmt::format("{}\n", fmt::join(why.lines, "\n"));
    }
    context.emit(out, text);
    co_return Exit::ok;
}

Async<Exit> wait_for_deal(Context& context, TaskGroup& group, market::Ledger& ledger, model::OrderId id,
                          Seconds limit) {
    SONM_CO_TRY(auto view, co_await market_view(context, group, ledger));
    UnixTime until = context.clock().now() + limit;
    std::string told;
    while (true) {
        auto found = view->orders.find(id);
        if (found != view->orders.end() && found->second.deal) {
            const DealEntry& entry = view->deals.at(*found->second.deal);
            context.emit(deal_json(entry, view->head_time), deal_text(entry, view->head_time));
            co_return Exit::ok;
        }
        bool open = found != view->orders.end() && found->second.state == OrderState::open;
        if (found != view->orders.end() && !open)
            co_return fail(Errc::conflict, "bid {} is {}", short_id(id), to_string(found->second.state));
        if (context.clock().now() >= until) {
            note(fmt::format(
                "bid {} stays in the book; `sonm order show {} --explain` says why nobody takes it",
                short_id(id), short_id(id)));
            co_return Exit::no_deal;
        }
        if (found != view->orders.end()) {
            Explanation why = explain_order(*view, found->second);
            std::string text = fmt::format("{}", fmt::join(why.lines, "\n"));
            if (text != told && !why.matches) note(text);
            told = std::move(text);
        }
        co_await sleep_for(Millis(500));
    }
}

struct BidFileOptions {
    std::string file;
    bool wait = false;
    std::string wait_max = "10 min";
};

Async<Exit> create_bid(Context& context, TaskGroup& group, BidFileOptions options) {
    SONM_CO_TRY(Seconds patience, parse_span(options.wait_max));
    SONM_CO_TRY(market::Ledger * ledger, co_await context.ledger(group));
    SONM_CO_TRY(model::BidFile file, model::read_bid_file(options.file));
    model::Order bid = model::make_order(model::Side::bid, file.terms, file.needs, ledger->self(),
                                         context.clock().now(), random_nonce());
    SONM_CO_CHECK(model::validate(bid));
    SONM_CO_TRY(Tokens escrow, co_await ledger->escrow_needed(bid));
    SONM_CO_CHECK(context.confirm_intent(
        fmt::format("Places a bid for {} at up to {}, {}: freezes {}.", machine_text(bid.benchmarks),
                    price_text(bid.price, bid.currency), span_text(bid.duration), print_tokens(escrow))));
    model::OrderId id = model::order_id(bid);
    SONM_CO_TRY(auto done, co_await ledger->place("bid/" + crypto::to_string(id.value), bid, escrow));
    if (options.wait) {
        note(fmt::format("bid {} is in the book, waiting for a supplier", short_id(id)));
        co_return co_await wait_for_deal(context, group, *ledger, id, patience);
    }
    json out{{"id", crypto::to_string(id.value)},
             {"txn", crypto::to_string(done.txn)},
             {"escrow", to_decimal(escrow.value)}};
    context.emit(out, fmt::format("bid {}\n", id));
    co_return Exit::ok;
}

}  // namespace

void add_order_commands(Commands& commands) {
    CLI::App* order = commands.app.add_subcommand("order", "Orders of the market: asks and bids");
    order->require_subcommand(1);
    add_command(
        commands, *order, "ls", "Open orders",
        "  sonm order ls --side ask\n  sonm order ls --mine --all --json", [](CLI::App& leaf) -> Handler {
            auto options = std::make_shared<ListOptions>();
            leaf.add_flag("--all", options->all, "Matched, cancelled and expired ones too");
            leaf.add_flag("--mine", options->mine, "Only this account's");
            leaf.add_option("--side", options->side, "ask or bid")->check(CLI::IsMember({"ask", "bid"}));
            return [options](Context& context, TaskGroup& group) { return list(context, group, *options); };
        });
    add_command(
        commands, *order, "show", "One order",
        "  sonm order show 0x3f21 --explain\n  sonm order show ask.json", [](CLI::App& leaf) -> Handler {
            auto id = std::make_shared<std::string>();
            auto explain = std::make_shared<bool>(false);
            leaf.add_option("order", *id, "Its id or the beginning of it, or a file with a signed order")
                ->required();
            leaf.add_flag("--explain", *explain, "Say why it does not match, and what would change that");
            return [id, explain](Context& context, TaskGroup& group) {
                return show(context, group, *id, *explain);
            };
        });
    add_order_acts(commands, *order);
}

void add_bid_commands(Commands& commands) {
    CLI::App* bid = commands.app.add_subcommand("bid", "Ask the market for a machine");
    bid->require_subcommand(1);
    add_command(
        commands, *bid, "create", "Place a bid from a file (`sonm init bid` writes one)",
        "  sonm bid create bid.yaml --wait", [](CLI::App& leaf) -> Handler {
            auto options = std::make_shared<BidFileOptions>();
            leaf.add_option("file", options->file, "The bid")->required()->check(CLI::ExistingFile);
            leaf.add_flag("--wait", options->wait, "Wait for the deal, saying why there is none yet");
            leaf.add_option("--wait-max", options->wait_max, "How long to wait")->capture_default_str();
            return [options](Context& context, TaskGroup& group) {
                return create_bid(context, group, *options);
            };
        });
}

}  // namespace sonm::cli
