#include "sonm/market/testing.hpp"

#include <cmath>

namespace sonm::market {

using model::benchmark_count;
using model::Currency;
using model::Identity;
using model::NetFlags;
using model::Side;

std::vector<Address> some_accounts(std::size_t count) {
    std::vector<Address> accounts(count);
    for (std::size_t i = 0; i < count; ++i) {
        accounts[i].bytes[0] = 0xa0;
        for (int byte = 0; byte < 4; ++byte)
            accounts[i].bytes[19 - byte] = static_cast<std::uint8_t>((i + 1) >> (8 * byte));
    }
    return accounts;
}

RandomOrders::RandomOrders(std::uint64_t seed, UnixTime now, std::vector<Address> accounts)
    : random_(seed), now_(now), accounts_(std::move(accounts)) {}

Order RandomOrders::order(Side side) {
    Order order;
    order.side = side;
    order.author = account();
    if (once_in(4)) order.counterparty = account();
    order.price = model::PricePerSecond(U256(1 + below(20)));
    if (once_in(20)) order.price = model::PricePerSecond((U256(1) << 95) + U256(below(3)));
    order.currency = once_in(3) ? Currency::usd : Currency::snm;
    order.duration = once_in(4) ? Seconds(0) : Seconds(1 + below(3) * 3600);
    order.netflags = NetFlags{below(4) | (side == Side::ask && once_in(2) ? ~std::uint64_t(0) : 0)};
    order.identity = once_in(3) ? static_cast<Identity>(below(4)) : Identity::anonymous;
    if (once_in(4)) order.blacklist = account();
    if (once_in(4)) order.rate_min = model::Rate(U256(below(4)) * 500'000'000'000'000'000ULL);
    if (once_in(4)) order.rate_max = model::Rate(U256(2 + below(4)) * 500'000'000'000'000'000ULL);
    order.expiry = now_ + Seconds(once_in(20) ? 0 : 1 + below(100'000));
    order.nonce = model::OrderNonce(U256(++nonce_));
    for (std::uint64_t& value : order.benchmarks.values) {
        if (once_in(3)) value = below(3);
        if (once_in(50)) value = ~std::uint64_t(0) - below(2);
    }
    if (side == Side::ask && !once_in(3)) {
        for (std::uint64_t& value : order.benchmarks.values)
            value = std::max(value, ~std::uint64_t(0) - below(2));
    }
    return order;
}

std::pair<Order, Order> RandomOrders::pair() {
    Order bid = order(Side::bid);
    Order ask = bid;
    ask.side = Side::ask;
    ask.author = account();
    ask.nonce = model::OrderNonce(U256(++nonce_));
    ask.counterparty = once_in(3) ? bid.author : Address{};
    bid.counterparty = once_in(3) ? ask.author : Address{};
    ask.expiry = now_ + Seconds(1 + below(3));
    bid.expiry = now_ + Seconds(1 + below(3));
    if (!once_in(4)) ask.identity = bid.identity = Identity::anonymous;
    ask.blacklist = once_in(4) ? account() : Address{};
    ask.netflags.bits |= below(1 << 16) << 20;
    if (once_in(2)) ask.rate_min = ask.rate_max = model::Rate{};
    if (once_in(2) && ask.price.value > 1) ask.price.value -= 1;
    if (once_in(2) && !bid.is_spot()) ask.duration.value += below(2);
    for (std::uint64_t& value : ask.benchmarks.values) value += value < ~std::uint64_t(0) - 2 ? below(2) : 0;
    for (std::uint64_t spoilt = below(3); spoilt > 0; --spoilt) spoil(ask, bid);
    return {ask, bid};
}

void RandomOrders::spoil(Order& ask, Order& bid) {
    switch (below(11)) {
        case 0: ask.side = Side::bid; break;
        case 1: bid.side = Side::ask; break;
        case 2: ask.expiry = UnixTime(now_.value - below(2)); break;
        case 3: bid.expiry = UnixTime(now_.value - below(2)); break;
        case 4: bid.currency = bid.currency == Currency::usd ? Currency::snm : Currency::usd; break;
        case 5: ask.price.value = bid.price.value + 1; break;
        case 6: bid.duration = Seconds(once_in(2) ? 0 : ask.duration.value + 1); break;
        case 7: bid.netflags.bits |= std::uint64_t(1) << below(64); break;
        case 8: {
            std::size_t at = below(benchmark_count);
            if (ask.benchmarks.values[at] != ~std::uint64_t(0))
                bid.benchmarks.values[at] = ask.benchmarks.values[at] + 1;
            break;
        }
        case 9: (once_in(2) ? ask : bid).counterparty = account(); break;
        default: (once_in(2) ? ask : bid).identity = static_cast<Identity>(below(4)); break;
    }
}

People RandomOrders::people() {
    People people;
    std::size_t half = accounts_.size() / 2;
    // The first half are workers of the second half's masters, or of nobody.
    for (std::size_t i = 0; i < half; ++i) {
        if (once_in(2)) people.set_master(accounts_[i], accounts_[half + below(accounts_.size() - half)]);
    }
    for (const Address& account : accounts_) {
        if (once_in(2))
            people.set_level(account, People::Certificate{static_cast<Identity>(below(4)),
                                                          UnixTime(now_.value - 1 + below(3))});
    }
    for (std::size_t i = 0; i < accounts_.size() / 2; ++i) {
        Address owner = account(), listed = account();
        if (owner != listed) people.set_listed(owner, listed, true);
    }
    for (std::size_t i = 0; i < 2; ++i) {
        Address owner = account(), list = account();
        if (owner != list) people.set_follows(owner, list, true);
    }
    return people;
}

std::vector<Order> realistic_asks(const RealisticMarket& market, std::size_t count) {
    constexpr std::size_t measured = 12;
    // What a machine of size 1 has of each benchmark.
    constexpr std::array<double, measured> typical{800, 1500,    9000, 16'384, 20'000, 200'000,
                                                   500, 100'000, 1,    8192,   5000,   200'000};
    std::mt19937_64 random(market.seed);
    std::normal_distribution<double> normal;
    std::vector<Address> authors = some_accounts(std::max<std::size_t>(2, count / 10));
    std::vector<Order> asks(count);
    for (std::size_t i = 0; i < count; ++i) {
        Order& ask = asks[i];
        ask.author = authors[random() % authors.size()];
        double size = std::exp(normal(random)), worth = 0;
        for (std::size_t k = 0; k < measured; ++k) {
            double share = size * std::exp(market.scatter * normal(random));
            ask.benchmarks.values[k] = static_cast<std::uint64_t>(typical[k] * share) + 1;
            worth += share / measured;
        }
        if (!market.price_follows_size) worth = std::exp(normal(random));
        // Around 0.1 SNM/h a unit of size.
        ask.price = model::PricePerSecond(
            U256(static_cast<std::uint64_t>(3e13 * worth * std::exp(0.2 * normal(random))) + 1));
        ask.duration = Seconds(86'400 * (1 + random() % 30));
        ask.netflags = NetFlags{1 | random() % 8};
        ask.expiry = market.now + Seconds(86'400 + random() % (60 * 86'400));
        ask.nonce = model::OrderNonce(U256(i));
    }
    return asks;
}

Order realistic_bid(const RealisticMarket& market, const std::vector<Order>& asks, double selectivity,
                    std::mt19937_64& random) {
    constexpr std::size_t sample_size = 1000;
    constexpr int steps = 25;
    std::vector<const Order*> sample(std::min(sample_size, asks.size()));
    for (const Order*& order : sample) order = &asks[random() % asks.size()];
    const model::Benchmarks shape = asks[random() % asks.size()].benchmarks;
    auto scaled = [&](double factor) {
        model::Benchmarks needs = shape;
        for (std::uint64_t& value : needs.values)
            value = static_cast<std::uint64_t>(static_cast<double>(value) * factor);
        return needs;
    };
    auto served = [&](const model::Benchmarks& needs) {
        auto serves = [&](const Order* ask) {
            for (std::size_t i = 0; i < benchmark_count; ++i) {
                if (ask->benchmarks.values[i] < needs.values[i]) return false;
            }
            return true;
        };
        return static_cast<double>(std::count_if(sample.begin(), sample.end(), serves)) /
               static_cast<double>(sample.size());
    };
    double low = 0, high = 16;
    for (int i = 0; i < steps; ++i) {
        double middle = (low + high) / 2;
        (served(scaled(middle)) > selectivity ? low : high) = middle;
    }
    Order bid;
    bid.side = Side::bid;
    bid.author = some_accounts(1)[0];
    bid.author.bytes[1] = 1;  // nobody who sells
    bid.price = model::PricePerSecond(model::amount_max);
    bid.duration = Seconds(3600);
    bid.netflags = NetFlags{1};
    bid.expiry = market.now + Seconds(3600);
    bid.benchmarks = scaled(low);
    return bid;
}

}  // namespace sonm::market
