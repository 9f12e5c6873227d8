#include "sonm/base/clock.hpp"
#include "sonm/base/units.hpp"
#include "sonm/crypto/development_keys.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"
#include "sonm/settlement/bindings/snm.gen.hpp"
#include "sonm/settlement/deploy.hpp"
#include "sonm/settlement/market_calls.hpp"
#include "sonm/settlement/signed_order.hpp"

#include <cstdio>

/// Deals opened, settled and closed per second on a development chain, through what the command line uses:
/// each account sends one transaction after the other and waits for its receipt. Run it through
/// bench/deals_bench.py.
namespace sonm {
namespace {

using settlement::ContractCall;
using settlement::Desk;
using settlement::Network;

constexpr std::size_t batch_size = 10;

/// A supplier and a consumer who trade with each other.
struct Pair {
    crypto::PrivateKey supplier = crypto::PrivateKey::generate(), consumer = crypto::PrivateKey::generate();
    std::unique_ptr<Desk> selling, buying;
    std::uint64_t nonce = 0, sent = 0, gas = 0;
};
using Pairs = std::vector<std::unique_ptr<Pair>>;

[[noreturn]] void give_up(const Error& error) {
    fmt::print(stderr, "deals_bench: {}\n", error.message());
    std::exit(1);
}

Task<settlement::Sent> send(Pair& pair, Desk& desk, ContractCall call) {
    std::vector<ContractCall> calls;
    calls.push_back(std::move(call));
    auto sending = desk.send(fmt::format("bench/{}/{}", desk.self(), ++pair.sent), std::move(calls));
    auto done = co_await std::move(sending);
    if (!done) give_up(done.error());
    if (auto skipped = settlement::skipped_in(desk.network(), done->front()); !skipped.empty())
        give_up(skipped.front().reason);
    pair.gas += done->front().gas_used;
    co_return std::move(done->front());
}

model::Order make_order(Pair& pair, model::Side side, std::uint64_t nonce) {
    model::Order order;
    order.side = side;
    order.author = (side == model::Side::ask ? pair.supplier : pair.consumer).address();
    order.price = model::PricePerSecond(U256(1'000'000'000'000));
    order.duration = Seconds(3'600);
    order.expiry = SystemClock().now() + Seconds(30 * 86'400);
    order.nonce = model::OrderNonce(U256(nonce));
    for (std::size_t i = 0; i < 12; ++i) order.benchmarks.values[i] = 100 + i;
    order.netflags = model::NetFlags{7};
    return order;
}

std::vector<model::Deal> opened_in(const settlement::Sent& sent) {
    std::vector<model::Deal> out;
    for (const chain::Log& log : sent.logs) {
        if (auto event = settlement::bindings::market::DealOpenedEvent::decode(log))
            out.push_back(event->deal);
    }
    return out;
}

// ---- what is measured: one round of one pair

Task<void> transfers(Pair& pair) {
    settlement::bindings::snm::Transfer call;
    call.to = pair.supplier.address();
    call.value = Tokens(U256(1));
    ContractCall plain{"transfer", pair.buying->network().snm, call.encode(), Tokens(), 0};
    (void)co_await send(pair, *pair.buying, std::move(plain));
}

Task<void> end_deals(Pair& pair, std::vector<model::Deal> deals) {
    const Network& network = pair.selling->network();
    std::vector<ContractCall> settles, closes;
    for (const model::Deal& deal : deals) {
        settles.push_back(settlement::settle_call(network, deal));
        closes.push_back(settlement::close_call(network, deal, model::BlacklistChoice::nobody));
    }
    ContractCall settle = *settlement::batch_call(network, "settle", std::move(settles));
    (void)co_await send(pair, *pair.selling, std::move(settle));
    ContractCall close = *settlement::batch_call(network, "close", std::move(closes));
    (void)co_await send(pair, *pair.buying, std::move(close));
}

Task<void> from_the_book(Pair& pair) {
    const Network& network = pair.selling->network();
    auto ask = make_order(pair, model::Side::ask, ++pair.nonce),
         bid = make_order(pair, model::Side::bid, pair.nonce);
    ContractCall offer = settlement::place_call(network, ask, Tokens());
    (void)co_await send(pair, *pair.selling, std::move(offer));
    ContractCall want = settlement::place_call(network, bid, Tokens(bid.price.value * bid.duration.value));
    (void)co_await send(pair, *pair.buying, std::move(want));
    settlement::DealOrder first{ask, {}}, second{bid, {}};
    ContractCall open = settlement::open_call(network, first, second);
    auto opened = co_await send(pair, *pair.selling, std::move(open));
    auto ending = end_deals(pair, opened_in(opened));
    co_await std::move(ending);
}

ContractCall signed_opening(Pair& pair) {
    const Network& network = pair.selling->network();
    auto ask =
        settlement::sign_order(network, make_order(pair, model::Side::ask, ++pair.nonce), pair.supplier);
    auto bid = settlement::sign_order(network, make_order(pair, model::Side::bid, pair.nonce), pair.consumer);
    settlement::DealOrder first{ask.order, ask.signature}, second{bid.order, bid.signature};
    return settlement::open_call(network, first, second);
}

Task<void> signed_orders(Pair& pair) {
    ContractCall open = signed_opening(pair);
    auto opened = co_await send(pair, *pair.selling, std::move(open));
    auto ending = end_deals(pair, opened_in(opened));
    co_await std::move(ending);
}

Task<void> signed_batches(Pair& pair) {
    std::vector<ContractCall> openings;
    for (std::size_t i = 0; i < batch_size; ++i) openings.push_back(signed_opening(pair));
    ContractCall open = *settlement::batch_call(pair.selling->network(), "open", std::move(openings));
    auto opened = co_await send(pair, *pair.selling, std::move(open));
    auto ending = end_deals(pair, opened_in(opened));
    co_await std::move(ending);
}

struct Row {
    const char* what;
    Task<void> (*round)(Pair&);
    std::size_t things;  ///< transfers or deals a round
};
constexpr Row rows[] = {
    {"plain token transfer", transfers, 1},
    {"deal of two orders in the book: place, place, open, settle, close", from_the_book, 1},
    {"deal of two signed orders: open, settle, close", signed_orders, 1},
    {"the same, ten in a batch", signed_batches, batch_size},
};

Task<void> repeat(Pair& pair, const Row& row, std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) {
        auto once = row.round(pair);
        co_await std::move(once);
    }
}

/// Runs `row` with all pairs at once and prints its line.
Task<void> measure(Pairs& pairs, const Row& row, std::size_t rounds, double& base) {
    std::uint64_t gas = 0, sent = 0;
    for (const auto& pair : pairs) pair->gas = 0, sent += pair->sent;
    auto begin = std::chrono::steady_clock::now();
    auto all = [&](TaskGroup& group) -> Task<void> {
        for (const auto& pair : pairs) group.spawn(repeat(*pair, row, rounds));
        auto waiting = group.join();
        co_await std::move(waiting);
    };
    auto running = scope(pairs.size(), std::move(all));
    co_await std::move(running);
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::uint64_t after = 0;
    for (const auto& pair : pairs) gas += pair->gas, after += pair->sent;
    double things = static_cast<double>(pairs.size() * rounds * row.things);
    double rate = things / seconds;
    if (base == 0) base = rate;
    fmt::print("| {} | {:.1f} | {:.1f} | {:.2f} | {:.0f} |\n", row.what, rate,
               static_cast<double>(after - sent) / seconds, rate / base, static_cast<double>(gas) / things);
    std::fflush(stdout);
}

Task<void> prepare(Pair& pair) {
    Tokens all(U256(900) * U256(1'000'000'000'000'000'000ULL));
    ContractCall allow = pair.buying->allow(pair.buying->network().market, all);
    (void)co_await send(pair, *pair.buying, std::move(allow));
    ContractCall deposit = settlement::deposit_call(pair.buying->network(), all);
    (void)co_await send(pair, *pair.buying, std::move(deposit));
}

Task<int> work(std::string url, std::size_t count, std::size_t rounds) {
    Executor executor = co_await asio::this_coro::executor;
    auto admin = *crypto::PrivateKey::from_bytes(*parse_hex_fixed<32>(crypto::development_keys[0]));
    settlement::DeployOptions options;
    options.snm_holder = options.oracle_feeder = admin.address();
    auto deploying = settlement::deploy(executor, url, admin, options, nullptr);
    auto network = co_await std::move(deploying);
    if (!network) give_up(network.error());
    network->poll = Millis(2);
    Pairs pairs;
    std::vector<crypto::Address> accounts;
    for (std::size_t i = 0; i < count; ++i) {
        auto& pair = *pairs.emplace_back(std::make_unique<Pair>());
        pair.selling = std::move(*Desk::open(executor, *network, pair.supplier, {}));
        pair.buying = std::move(*Desk::open(executor, *network, pair.consumer, {}));
        accounts.push_back(pair.supplier.address());
        accounts.push_back(pair.consumer.address());
    }
    Tokens each(U256(1'000) * U256(1'000'000'000'000'000'000ULL));
    auto funding = settlement::fund(executor, *network, admin, accounts, each, each.value / 10);
    auto funded = co_await std::move(funding);
    if (!funded) give_up(funded.error());
    for (const auto& pair : pairs) {
        auto preparing = prepare(*pair);
        co_await std::move(preparing);
    }
    fmt::print("{} suppliers and {} consumers at once, {} rounds each\n\n", count, count, rounds);
    fmt::print(
        "| | a second | transactions/s | times the transfers | gas each |\n|---|---:|---:|---:|---:|\n");
    double base = 0;
    for (const Row& row : rows) {
        auto measuring = measure(pairs, row, rounds, base);
        co_await std::move(measuring);
    }
    co_return 0;
}

}  // namespace
}  // namespace sonm

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("deals_bench RPC-URL PAIRS ROUNDS: see bench/deals_bench.py\n", stderr);
        return 2;
    }
    asio::io_context context(1);
    auto pairs = sonm::parse_int<std::size_t>(argv[2]), rounds = sonm::parse_int<std::size_t>(argv[3]);
    if (!pairs || !rounds || *pairs == 0 || *rounds == 0) return 2;
    return sonm::run_main(context, sonm::work(argv[1], *pairs, *rounds));
}
