#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/cli/run_options.hpp"
#include "sonm/cli/stall.hpp"
#include "sonm/market/billing.hpp"
#include "sonm/model/order_file.hpp"

/// Verbs of orders that change something: many at once, and orders that are signed instead of placed.
namespace sonm::cli {
namespace {

using settlement::ContractCall;

Result<std::uint64_t> count_of(const Office& office) {
    if (!office.has("count")) return 1;
    auto count = parse_int<std::uint64_t>(office.text("count"));
    if (!count || *count == 0 || *count > settlement::batch_max)
        return fail(Errc::invalid, "--count is \"{}\": 1 to {} orders at a time", office.text("count"),
                    settlement::batch_max);
    return count;
}

Result<model::Side> side_of(const std::string& text) {
    return text.empty() ? Result<model::Side>(model::Side::bid) : model::parse_side(text);
}

/// "bid for 1 core, 512 MiB RAM at 0.1 SNM/h, 2 h"
std::string summary(const model::Order& order) {
    return fmt::format("{} {} {} at {}, {}", model::to_string(order.side),
                       order.side == model::Side::bid ? "for" : "of", machine_text(order.benchmarks),
                       price_text(order.price, order.currency), span_text(order.duration));
}

Result<model::Order> read_order(const std::string& file, model::Side side, const crypto::Address& author,
                                UnixTime now) {
    SONM_TRY(model::BidFile read, model::read_bid_file(file));
    model::Order order = model::make_order(side, read.terms, read.needs, author, now, random_nonce());
    SONM_CHECK(model::validate(order));
    return order;
}

Async<Plan> place(Office& office) {
    SONM_CO_TRY(model::Side side, side_of(office.text("side")));
    SONM_CO_TRY(std::uint64_t count, count_of(office));
    auto opening = open_stall(office);
    SONM_CO_TRY(Stall stall, co_await std::move(opening));
    std::vector<ContractCall> places;
    std::vector<std::string> names;
    Tokens total;
    Json ids = Json::array();
    UnixTime now = std::max(stall.view->head_time, office.context.clock().now());
    for (const std::string& file : office.list("files")) {
        for (std::uint64_t i = 0; i < count; ++i) {
            SONM_CO_TRY(model::Order order, read_order(file, side, office.desk.self(), now));
            Tokens escrow;
            if (side == model::Side::bid) {
                auto needing = stall.ledger->escrow_needed(order);
                SONM_CO_TRY(escrow, co_await std::move(needing));
            }
            total = Tokens(total.value + escrow.value);
            places.push_back(settlement::place_call(office.network(), order, escrow));
            names.push_back(crypto::to_string(model::order_id(order).value));
            ids.push_back(names.back());
        }
    }
    Plan plan;
    plan.sentence = fmt::format("Places {} {}{} in one transaction{}.", places.size(), model::to_string(side),
                                places.size() == 1 ? "" : "s",
                                total.value == 0 ? "" : fmt::format("; freezes {}", print_tokens(total)));
    auto bringing = bring(office, stall, total);
    SONM_CO_TRY(plan.calls, co_await std::move(bringing));
    std::string what = fmt::format("place {} orders", places.size());
    SONM_CO_TRY(ContractCall batch, settlement::batch_call(office.network(), what, std::move(places)));
    plan.calls.push_back(std::move(batch));
    plan.more = Json{{"orders", ids}};
    plan.outcome = tell_skipped(office.network(), std::move(names));
    co_return plan;
}

Async<Plan> cancel(Office& office) {
    std::vector<ContractCall> calls;
    std::vector<std::string> names;
    Tokens freed;
    if (office.has("nonce")) {
        SONM_CO_TRY(U256 nonce, parse_u256(office.text("nonce")));
        calls.push_back(settlement::cancel_nonce_call(office.network(), model::OrderNonce(nonce)));
        names.push_back("nonce " + office.text("nonce"));
    }
    if (office.list("orders").empty() && calls.empty())
        co_return fail(Errc::invalid, "say which orders: ids, files with signed orders, or --nonce");
    Stall stall;
    if (!office.list("orders").empty()) {
        auto opening = open_stall(office);
        SONM_CO_TRY(stall, co_await std::move(opening));
    }
    for (const std::string& word : office.list("orders")) {
        names.push_back(word);
        if (names_a_file(word)) {
            SONM_CO_TRY(auto read, settlement::read_signed_order(word));
            if (read.order.author != office.desk.self())
                co_return fail(Errc::denied, "signed order {} is {}'s: only its author can cancel it", word,
                               read.order.author);
            calls.push_back(settlement::cancel_nonce_call(office.network(), read.order.nonce));
            continue;
        }
        SONM_CO_TRY(OrderEntry entry, stall.view->order(word));
        if (entry.state == OrderState::matched)
            co_return fail(Errc::conflict, "order {} is matched: see deal {}", word, entry.deal->value);
        if (entry.state == OrderState::cancelled)
            co_return fail(Errc::conflict, "order {} is cancelled already", word);
        calls.push_back(settlement::cancel_call(office.network(), entry.order));
        freed = Tokens(freed.value + entry.escrow.value);
    }
    Plan plan;
    plan.sentence = fmt::format("Takes {} back; {} returns to the balance in the market.",
                                fmt::join(names, ", "), print_tokens(freed));
    std::string what = fmt::format("cancel {} orders", calls.size());
    SONM_CO_TRY(ContractCall batch, settlement::batch_call(office.network(), what, std::move(calls)));
    plan.calls.push_back(std::move(batch));
    plan.outcome = tell_skipped(office.network(), std::move(names));
    co_return plan;
}

/// The bid that takes an ask as it is: the contract's quickBuy makes the same.
model::Order bid_for(const model::Order& ask, Seconds duration, const crypto::Address& author) {
    model::Order bid = ask;
    bid.side = model::Side::bid;
    bid.author = author;
    bid.counterparty = ask.author;
    bid.duration = duration;
    bid.identity = model::Identity::anonymous;
    bid.blacklist = crypto::Address();
    bid.tag = crypto::Hash();
    bid.rate_min = bid.rate_max = model::Rate();
    bid.nonce = random_nonce();
    return bid;
}

Async<Plan> take(Office& office) {
    auto opening = open_stall(office);
    SONM_CO_TRY(Stall stall, co_await std::move(opening));
    auto finding = find_deal_order(office, stall, office.text("ask"));
    SONM_CO_TRY(settlement::DealOrder ask, co_await std::move(finding));
    if (ask.order.side != model::Side::ask)
        co_return fail(Errc::invalid, "{} is a bid: only asks can be taken", office.text("ask"));
    Seconds duration;
    if (office.has("for")) {
        SONM_CO_TRY(duration, model::parse_duration(office.text("for")));
    } else if (!ask.order.is_spot()) {
        co_return fail(Errc::invalid, "say for how long with --for; this ask takes at most {}",
                       span_text(ask.order.duration));
    }
    if (duration > ask.order.duration || (duration.value == 0) != ask.order.is_spot())
        co_return fail(Errc::invalid, "--for is {}, the ask takes {}{}", span_text(duration),
                       ask.order.is_spot() ? "" : "at most ", span_text(ask.order.duration));
    model::Order bid = bid_for(ask.order, duration, office.desk.self());
    auto needing = stall.ledger->escrow_needed(bid);
    SONM_CO_TRY(Tokens escrow, co_await std::move(needing));
    Plan plan;
    plan.sentence = fmt::format("Takes {} for {}: {} goes into escrow.", summary(ask.order),
                                span_text(duration), print_tokens(escrow));
    auto bringing = bring(office, stall, escrow);
    SONM_CO_TRY(plan.calls, co_await std::move(bringing));
    if (ask.signature.empty()) {
        plan.calls.push_back(
            settlement::quick_buy_call(office.network(), ask.order, duration, escrow, bid.nonce));
    } else {
        SONM_CO_TRY(const crypto::Signer* signer, co_await office.context.signer());
        auto own = settlement::sign_order(office.network(), bid, *signer);
        settlement::DealOrder answer{own.order, own.signature};
        plan.calls.push_back(settlement::open_call(office.network(), ask, answer));
    }
    plan.outcome = tell_deal(office.network());
    co_return plan;
}

Async<Plan> open(Office& office) {
    auto opening = open_stall(office);
    SONM_CO_TRY(Stall stall, co_await std::move(opening));
    auto asking = find_deal_order(office, stall, office.text("ask"));
    SONM_CO_TRY(settlement::DealOrder ask, co_await std::move(asking));
    auto bidding = find_deal_order(office, stall, office.text("bid"));
    SONM_CO_TRY(settlement::DealOrder bid, co_await std::move(bidding));
    Plan plan;
    plan.sentence = fmt::format("Opens a deal between {} and {}.", office.text("ask"), office.text("bid"));
    plan.calls.push_back(settlement::open_call(office.network(), ask, bid));
    plan.outcome = tell_deal(office.network());
    co_return plan;
}

// ---- signing

struct SignWords {
    std::string file, side = "bid", wallet, out;
};

Async<Exit> sign(Context& context, SignWords words) {
    SONM_CO_TRY(model::Side side, model::parse_side(words.side));
    SONM_CO_TRY(auto network, context.network());
    SONM_CO_TRY(const crypto::Signer* signer, co_await context.signer());
    crypto::Address author = signer->address();
    if (!words.wallet.empty()) {
        SONM_CO_TRY(author, crypto::parse_address(words.wallet));
    }
    SONM_CO_TRY(model::Order order, read_order(words.file, side, author, context.clock().now()));
    auto done = settlement::sign_order(network, order, *signer);
    std::string text = settlement::to_text(done);
    note(fmt::format("signed: {}; good until {}, for one deal", summary(order), to_utc(order.expiry)));
    if (words.out.empty()) {
        print(text);
        co_return Exit::ok;
    }
    SONM_CO_CHECK(write_atomically(words.out, as_bytes(text)));
    Json report{{"file", words.out},
                {"id", crypto::to_string(model::order_id(order).value)},
                {"nonce", to_decimal(order.nonce.value)}};
    context.emit(report, fmt::format("{}\n", words.out));
    co_return Exit::ok;
}

}  // namespace

void add_order_acts(Commands& commands, CLI::App& order) {
    add_act(commands, order, "place",
            "Place orders from files, in one transaction (`sonm init bid` writes one)",
            "  sonm order place bid.yaml\n  sonm order place a.yaml b.yaml --side ask\n"
            "  sonm order place bid.yaml --count 10",
            {{"files...", "Order files"},
             {"--side?", "bid (default) or ask: then the resources are what is sold"},
             {"--count?", "How many orders of each file"}},
            place);
    add_act(commands, order, "cancel",
            "Take orders back, in one transaction; signed ones by their file or nonce",
            "  sonm order cancel 0x3f21\n  sonm order cancel ask.json\n  sonm order cancel --nonce 1234",
            {{"orders...?", "Ids or the beginning of them, or files with signed orders"},
             {"--nonce?", "Of a signed order whose file is lost"}},
            cancel);
    add_act(commands, order, "take", "Take an ask at once, of the book or signed",
            "  sonm order take 0x3f21 --for '2 h'\n  sonm order take ask.json --for '30 min'",
            {{"ask", "Its id or the beginning of it, or its file"},
             {"--for?", "How long; for spot asks nothing"}},
            take);
    add_command(commands, order, "sign",
                "Sign an order instead of placing it: costs nothing until it is matched",
                "  sonm order sign ask.yaml --side ask --out ask.json\n  sonm order sign bid.yaml > bid.json",
                [](CLI::App& leaf) -> Handler {
                    auto words = std::make_shared<SignWords>();
                    leaf.add_option("file", words->file, "Order file")->required()->check(CLI::ExistingFile);
                    leaf.add_option("--side", words->side, "bid or ask: then the resources are what is sold")
                        ->capture_default_str();
                    leaf.add_option("--wallet", words->wallet,
                                    "Author: a wallet contract that takes this account's signature");
                    leaf.add_option("--out", words->out, "File to write; else standard output");
                    return [words](Context& context, TaskGroup&) { return sign(context, *words); };
                });
}

void add_deal_opening(Commands& commands, CLI::App& deal) {
    add_act(commands, deal, "open", "Open a deal between two matching orders; anybody may",
            "  sonm deal open 0x3f21 0x99ab\n  sonm deal open ask.json bid.json",
            {{"ask", "Id or the beginning of it, or a file with a signed order"}, {"bid", "Likewise"}}, open);
}

}  // namespace sonm::cli
