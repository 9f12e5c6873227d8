#pragma once

#include "sonm/market/match.hpp"

#include <map>
#include <vector>

/// Why an order has no counterpart, and what would change that.
namespace sonm::market {

/// One rule that a pair breaks. A benchmark that falls short is one each.
struct Violation {
    Mismatch rule = Mismatch::none;
    model::Benchmark benchmark{};  ///< for Mismatch::benchmark only
    Refusal refusal{};             ///< for the two rules of blacklists only
    bool operator==(const Violation&) const = default;
};
/// All rules that the pair breaks, in the contract's order; the first is what `matches` answers.
std::vector<Violation> violations(const Order& ask, const Order& bid, const MatchContext& context);

/// A change of the order's own terms that would satisfy one counter-order in one respect.
struct Change {
    Violation of;
    double size = 0;   ///< relative to what the order has now: 0.08 = 8 %; 1 for what has no size
    std::string text;  ///< "price +8 % (0.13 USD/h)", "RAM -2 GiB (6 GiB)", "without overlay"
};
/// A change that alone is enough for some counter-orders.
struct Relaxation {
    Change change;
    std::size_t matches =
        0;  ///< how many counter-orders it brings, those of smaller changes of the same kind included
};
/// A counter-order that does not match, and everything that stands between.
struct Candidate {
    model::OrderId id;
    std::vector<Violation> broken;
    std::vector<Change>
        changes;  ///< ours that would help; fewer than `broken` if some of it is not ours to change
};

struct Explanation {
    std::size_t considered = 0;  ///< living orders of the other side
    std::size_t matching = 0;
    std::array<std::size_t, mismatch_count>
        by_first_rule{};  ///< how many fail first by each rule, as the contract would say
    std::map<std::string, std::size_t>
        by_list;  ///< of those that fail first by a blacklist: which list, in words, and how many
    std::vector<Relaxation>
        relaxations;  ///< cheapest first; per kind the cheapest and the one that brings the most
    std::vector<Candidate> nearest;  ///< at most three, fewest and smallest changes first
};

struct CounterOrder {
    model::OrderId id;
    const Order* order = nullptr;
};
/// Looks at every one of `others` (orders of the same side and expired ones are passed over): linear, some
/// 0.3 µs each.
Explanation explain(const Order& order, const std::vector<CounterOrder>& others, const MatchContext& context);
/// For people; never empty.
std::vector<std::string> to_lines(const Explanation& explanation, const Order& order);

/// "2 GiB", "1.5 cores", "25 Mbit/s", "1200 score": a benchmark's value in words.
std::string print_benchmark(model::Benchmark benchmark, std::uint64_t value);

}  // namespace sonm::market
