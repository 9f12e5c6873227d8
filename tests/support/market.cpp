#include "support/market.hpp"

#include "sonm/settlement/detail/burst.hpp"

#include <gtest/gtest.h>

namespace sonm::test {

void Told::take(const market::Step& step) {
    if (step.rewind_to) {
        ++rewinds;
        std::erase_if(facts, [&](const market::Fact& fact) { return fact.block > *step.rewind_to; });
    }
    facts.insert(facts.end(), step.facts.begin(), step.facts.end());
    head = step.head_block;
    now = step.head_time;
    live = step.live;
}

std::map<crypto::Address, Tokens> Told::balances() const {
    std::map<crypto::Address, Tokens> out;
    for (const auto& change : all<market::BalanceChanged>()) out[change.account] = change.balance;
    return out;
}

model::Order make_order(model::Side side, crypto::Address author, UnixTime now, std::uint64_t nonce) {
    model::Order order;
    order.side = side;
    order.author = author;
    order.price = model::PricePerSecond(U256(1'000'000'000'000'000));  // 0.001 SNM/s
    order.duration = Seconds(3'600);
    // The same all day, so that an order made again is the same order.
    order.expiry = UnixTime((now.value / 86'400 + 3) * 86'400);
    order.nonce = model::OrderNonce(nonce);
    order.benchmarks[model::Benchmark::cpu_cores] = 100;
    return order;
}

Task<void> Market::until(std::string what, std::function<bool(const Told&)> done) {
    for (int i = 0; i < 500 && !done(told); ++i) co_await sleep_for(Millis(10));
    EXPECT_TRUE(done(told)) << what;
}

Task<model::Deal> Market::open_deal(std::uint64_t nonce, std::uint64_t duration) {
    auto ask = make_order(model::Side::ask, supplier.address(), told.now, nonce);
    auto bid = make_order(model::Side::bid, consumer.address(), told.now, nonce);
    ask.duration = bid.duration = Seconds(duration);
    auto asking = selling->place(fmt::format("ask {}", nonce), ask, Tokens());
    auto asked = co_await std::move(asking);
    EXPECT_TRUE(asked) << asked.error().message();
    auto needing = buying->escrow_needed(bid);
    auto needed = co_await std::move(needing);
    EXPECT_TRUE(needed) << needed.error().message();
    auto bidding = buying->place(fmt::format("bid {}", nonce), bid, needed.value_or(Tokens()));
    auto placed = co_await std::move(bidding);
    EXPECT_TRUE(placed) << placed.error().message();
    auto opening = selling->open_deal(fmt::format("open {}", nonce), ask, bid);
    auto opened = co_await std::move(opening);
    EXPECT_TRUE(opened) << opened.error().message();
    model::Deal deal;
    auto found = [&](const Told& told) {
        for (const auto& fact : told.all<market::DealOpened>()) {
            if (fact.deal.bid != model::order_id(bid)) continue;
            deal = fact.deal;
            return true;
        }
        return false;
    };
    auto waiting = until("the deal", found);
    co_await std::move(waiting);
    co_return deal;
}

Task<void> Market::call_as(std::size_t by, crypto::Address contract, Bytes data) {
    Executor executor = co_await asio::this_coro::executor;
    auto node = connect(executor, anvil->url());
    auto key = development_key(by);
    auto opening = settlement::detail::Burst::open(*node, key);
    auto burst = co_await std::move(opening);
    SONM_ASSERT(burst);
    burst->call("call", contract, std::move(data));
    auto sending = burst->send(nullptr);
    auto sent = co_await std::move(sending);
    EXPECT_TRUE(sent) << sent.error().message();
}

void Market::run(Body body, std::vector<std::string> arguments) {
    auto started = Anvil::start(std::move(arguments));
    ASSERT_TRUE(started) << started.error().message();
    anvil = std::move(*started);
    run_test(live(body, true));
}

void Market::run_again(Body body) {
    told = Told();
    network.rpc_url = anvil->url();
    run_test(live(body, false));
}

Task<void> Market::live(Body body, bool deploy) {
    Executor executor = co_await asio::this_coro::executor;
    if (deploy) {
        settlement::DeployOptions options;
        options.snm_holder = options.oracle_feeder = admin.address();
        auto deploying = settlement::deploy(executor, anvil->url(), admin, options, nullptr);
        auto deployed = co_await std::move(deploying);
        SONM_ASSERT(deployed);
        network = *deployed;
        network.poll = Millis(20);
        std::vector<crypto::Address> accounts{supplier.address(), consumer.address()};
        auto funding = settlement::fund(executor, network, admin, accounts, tokens(1'000), 1);
        auto funded = co_await std::move(funding);
        SONM_ASSERT(funded);
    }
    selling = std::move(*settlement::ChainLedger::open(executor, network, supplier, folder / "supplier"));
    buying = std::move(*settlement::ChainLedger::open(executor, network, consumer, folder / "consumer"));
    auto inside = [&](TaskGroup& group) -> Task<void> {
        group.spawn(selling->run());
        group.spawn(buying->run());
        auto take = [this](const market::Step& step) { told.take(step); };
        group.spawn(buying->follow(0, take));
        auto waiting = until("the market's history", [](const Told& told) { return told.live; });
        co_await std::move(waiting);
        auto doing = body(*this);
        co_await std::move(doing);
    };
    auto running = scope(8, inside);
    co_await std::move(running);
    selling.reset();
    buying.reset();
}

}  // namespace sonm::test
