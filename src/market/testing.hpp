#pragma once

#include "sonm/market/match.hpp"

#include <random>

/// Random orders and people for tests and benchmarks of anything that matches.
namespace sonm::market {

/// Small worlds: few accounts, few values, so that every rule is hit often and pairs match or just miss. Same
/// seed, same sequence.
class RandomOrders {
public:
    /// Orders are made around block time `now` by these accounts.
    RandomOrders(std::uint64_t seed, UnixTime now, std::vector<Address> accounts);

    Order ask() { return order(model::Side::ask); }
    Order bid() { return order(model::Side::bid); }
    Order order(model::Side side);
    /// An ask and a bid that differ from a match in none, one or two rules, often by one unit.
    std::pair<Order, Order> pair();
    /// Masters (one level deep), identity levels, blacklists among the accounts.
    People people();
    const Address& account() { return accounts_[below(accounts_.size())]; }
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : random_() % bound; }
    bool once_in(std::uint64_t n) { return below(n) == 0; }

private:
    void spoil(Order& ask, Order& bid);

    std::mt19937_64 random_;
    UnixTime now_;
    std::vector<Address> accounts_;
    std::uint64_t nonce_ = 0;
};

/// `count` accounts that are nobody's.
std::vector<Address> some_accounts(std::size_t count);

/// Books as they could be: machines of lognormal size, twelve benchmarks that scatter around it.
struct RealisticMarket {
    bool price_follows_size = true;  ///< else prices are independent of what is sold
    double scatter =
        0.4;  ///< of each benchmark around the machine's size, standard deviation of its logarithm
    UnixTime now{1'700'000'000};
    std::uint64_t seed = 1;
};
std::vector<Order> realistic_asks(const RealisticMarket& market, std::size_t count);
/// A bid that about `selectivity` of the asks could serve, whatever they cost: one of them, scaled until a
/// sample says so.
Order realistic_bid(const RealisticMarket& market, const std::vector<Order>& asks, double selectivity,
                    std::mt19937_64& random);

}  // namespace sonm::market
