#include "sonm/market/explain.hpp"

#include "sonm/base/units.hpp"
#include "sonm/model/order_file.hpp"

#include <cmath>

namespace sonm::market {

using model::Benchmark;
using model::Currency;
using model::Side;

namespace {

constexpr std::size_t nearest_max = 3, lists_max = 8;

bool accepts(const Address& wanted, const Address& author, const Address& owner) {
    return wanted.is_zero() || wanted == author || wanted == owner;
}

bool outside(const model::Rate& rate, const Order& order) {
    return rate < order.rate_min || (order.rate_max.value != 0 && rate > order.rate_max);
}

/// Whether it is a list that `mine` respects, and not one that stands against its author.
bool is_own_refusal(const Violation& of, const Order& mine) {
    return (of.rule == Mismatch::supplier_blacklisted) == (mine.side == Side::bid);
}

/// "list 0x... that you follow": which list refuses, seen by the author of `mine`.
std::string refusing_list_text(const Violation& of, const Order& mine) {
    const auto& [respected, list] = of.refusal;
    bool follows = respected != list;
    if (!is_own_refusal(of, mine)) {
        if (!follows) return fmt::format("list {} that the other side respects", list);
        return fmt::format("list {} that {} follows, whose list the other side respects", list, respected);
    }
    if (respected == mine.author)
        return follows ? fmt::format("list {} that you follow", list) : "your own list";
    std::string whose = respected == mine.blacklist ? "which the order names" : "your master";
    if (follows) return fmt::format("list {} that {}, {}, follows", list, respected, whose);
    return fmt::format("list {}, {}", list, respected == mine.blacklist ? whose : "your master's");
}

Change blacklist_change(const Violation& of, const Order& mine) {
    return Change{of, 1, "without " + refusing_list_text(of, mine)};
}

/// How benchmarks are called and counted in sentences.
struct Words {
    Benchmark benchmark;
    std::string_view name;
    std::string (*print)(std::uint64_t);
};
std::string print_mib(std::uint64_t value) { return print_bytes(value * MiB); }
std::string print_kbit(std::uint64_t value) { return print_bit_rate(value * 1000); }
std::string print_hundredths(std::uint64_t value) { return print_cores(value * 10); }
constexpr std::array sentences{
    Words{Benchmark::cpu_cores, "cores", print_hundredths},
    Words{Benchmark::ram_size, "RAM", print_mib},
    Words{Benchmark::storage_size, "storage", print_mib},
    Words{Benchmark::net_down, "download", print_kbit},
    Words{Benchmark::net_up, "upload", print_kbit},
    Words{Benchmark::gpu_mem, "GPU memory", print_mib},
};
const Words* words_of(Benchmark benchmark) {
    auto found = std::find_if(sentences.begin(), sentences.end(),
                              [&](const Words& words) { return words.benchmark == benchmark; });
    return found == sentences.end() ? nullptr : &*found;
}
std::string_view name_of(Benchmark benchmark) {
    const Words* words = words_of(benchmark);
    return words ? words->name : to_string(benchmark);
}

double ratio(U256 part, U256 whole) {
    return whole == 0 ? 1 : static_cast<double>(part) / static_cast<double>(whole);
}

/// "+8 %", "-0.4 %", "+700 %", "x 30".
std::string percent(double size, bool up) {
    if (size >= 10) return fmt::format("x {:.0f}", 1 + size);
    double value = size * 100;
    return fmt::format("{}{:.{}f} %", up ? "+" : "-", value, value < 1 ? 2 : value < 10 ? 1 : 0);
}

Change price_change(const Violation& of, const Order& mine, const Order& other) {
    bool up = other.price > mine.price;
    U256 difference = up ? other.price.value - mine.price.value : mine.price.value - other.price.value;
    double size = ratio(difference, mine.price.value);
    model::Price wanted{other.price, other.currency};
    return Change{of, size, fmt::format("price {} ({})", percent(size, up), to_string(wanted))};
}

Change duration_change(const Violation& of, const Order& mine, const Order& other) {
    if (mine.is_spot() != other.is_spot()) {
        std::string text = mine.is_spot() ? fmt::format("a duration ({}) instead of spot",
                                                        model::print_duration(other.duration))
                                          : "spot instead of a duration";
        return Change{of, 1, std::move(text)};
    }
    bool up = other.duration > mine.duration;
    Seconds difference(up ? other.duration.value - mine.duration.value
                          : mine.duration.value - other.duration.value);
    double size = ratio(U256(difference.value), U256(mine.duration.value));
    return Change{of, size,
                  fmt::format("duration {}{} ({})", up ? "+" : "-", print_span(difference),
                              print_span(other.duration))};
}

Change benchmark_change(const Violation& of, const Order& mine, const Order& other) {
    std::uint64_t has = mine.benchmarks[of.benchmark], wanted = other.benchmarks[of.benchmark];
    bool up = wanted > has;
    std::uint64_t difference = up ? wanted - has : has - wanted;
    return Change{
        of, ratio(U256(difference), U256(has)),
        fmt::format("{} {}{} ({})", name_of(of.benchmark), up ? "+" : "-",
                    print_benchmark(of.benchmark, difference), print_benchmark(of.benchmark, wanted))};
}

/// What `mine` would have to change; nothing if it is the other side's rule.
std::optional<Change> change_for(const Violation& of, const Order& mine, const Order& other) {
    bool is_bid = mine.side == Side::bid;
    auto flat = [&](std::string text) { return Change{of, 1, std::move(text)}; };
    switch (of.rule) {
        case Mismatch::price: return price_change(of, mine, other);
        case Mismatch::duration: return duration_change(of, mine, other);
        case Mismatch::benchmark: return benchmark_change(of, mine, other);
        case Mismatch::netflags: {
            std::uint64_t missing = is_bid ? mine.netflags.bits & ~other.netflags.bits
                                           : other.netflags.bits & ~mine.netflags.bits;
            return flat(
                fmt::format("{} {}", is_bid ? "without" : "offering", to_string(model::NetFlags{missing})));
        }
        case Mismatch::ask_counterparty:
            return is_bid ? std::nullopt : std::optional(flat("for any consumer"));
        case Mismatch::bid_counterparty:
            return is_bid ? std::optional(flat("from any supplier")) : std::nullopt;
        case Mismatch::consumer_level:
            return is_bid ? std::nullopt : std::optional(flat("a consumer less well known"));
        case Mismatch::supplier_level:
            return is_bid ? std::optional(flat("a supplier less well known")) : std::nullopt;
        case Mismatch::supplier_blacklisted:
        case Mismatch::consumer_blacklisted:
            return is_own_refusal(of, mine) ? std::optional(blacklist_change(of, mine)) : std::nullopt;
        case Mismatch::ask_rate:
            return is_bid ? std::nullopt : std::optional(flat("without bounds for the SNM price"));
        case Mismatch::bid_rate:
            return is_bid ? std::optional(flat("without bounds for the SNM price")) : std::nullopt;
        default: return std::nullopt;
    }
}

bool nearer(const Candidate& a, const Candidate& b) {
    auto total = [](const Candidate& candidate) {
        double sum = 0;
        for (const Change& change : candidate.changes) sum += change.size;
        return sum;
    };
    auto hopeless = [](const Candidate& candidate) {
        return candidate.changes.size() < candidate.broken.size();
    };
    if (hopeless(a) != hopeless(b)) return hopeless(b);
    if (a.broken.size() != b.broken.size()) return a.broken.size() < b.broken.size();
    return total(a) < total(b);
}

/// Of each kind the smallest change and the one that brings the most.
void summarize(std::vector<Change> changes, std::vector<Relaxation>& out) {
    auto key = [](const Change& change) {
        // Changes without a size differ by what they say.
        return std::tuple(
            change.of.rule, change.of.benchmark,
            change.size == 1 && change.of.rule != Mismatch::price ? change.text : std::string());
    };
    std::stable_sort(changes.begin(), changes.end(), [&](const Change& a, const Change& b) {
        return key(a) != key(b) ? key(a) < key(b) : a.size < b.size;
    });
    for (auto begin = changes.begin(); begin != changes.end();) {
        auto end = std::find_if(begin, changes.end(),
                                [&](const Change& change) { return key(change) != key(*begin); });
        auto cheapest_end =
            std::find_if(begin, end, [&](const Change& change) { return change.size > begin->size; });
        out.push_back(Relaxation{*begin, static_cast<std::size_t>(cheapest_end - begin)});
        if (cheapest_end != end)
            out.push_back(Relaxation{*std::prev(end), static_cast<std::size_t>(end - begin)});
        begin = end;
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Relaxation& a, const Relaxation& b) { return a.change.size < b.change.size; });
}

}  // namespace

std::string print_benchmark(Benchmark benchmark, std::uint64_t value) {
    const Words* words = words_of(benchmark);
    return words ? words->print(value) : fmt::format("{} {}", value, unit_of(benchmark));
}

std::vector<Violation> violations(const Order& ask, const Order& bid, const MatchContext& context) {
    std::vector<Violation> out;
    auto check = [&](bool holds, Mismatch rule) {
        if (!holds) out.push_back(Violation{rule});
    };
    check(ask.side == Side::ask, Mismatch::not_an_ask);
    check(bid.side == Side::bid, Mismatch::not_a_bid);
    check(context.now < ask.expiry, Mismatch::ask_expired);
    check(context.now < bid.expiry, Mismatch::bid_expired);
    check(ask.currency == bid.currency, Mismatch::currency);
    check(ask.price <= bid.price, Mismatch::price);
    check(ask.is_spot() == bid.is_spot() && ask.duration >= bid.duration, Mismatch::duration);
    check(ask.netflags.covers(bid.netflags), Mismatch::netflags);
    for (std::size_t i = 0; i < model::benchmark_count; ++i) {
        if (ask.benchmarks.values[i] < bid.benchmarks.values[i])
            out.push_back(Violation{.rule = Mismatch::benchmark, .benchmark = static_cast<Benchmark>(i)});
    }
    const People& people = context.people;
    Address master = people.master_of(ask.author), buyer = people.master_of(bid.author);
    check(master != buyer, Mismatch::same_owner);
    check(accepts(ask.counterparty, bid.author, buyer), Mismatch::ask_counterparty);
    check(accepts(bid.counterparty, ask.author, master), Mismatch::bid_counterparty);
    check(people.level_of(buyer, context.now) >= ask.identity, Mismatch::consumer_level);
    check(people.level_of(master, context.now) >= bid.identity, Mismatch::supplier_level);
    auto check_lists = [&](const std::optional<Refusal>& refusal, Mismatch rule) {
        if (refusal) out.push_back(Violation{.rule = rule, .refusal = *refusal});
    };
    check_lists(supplier_refusal(ask, bid, people), Mismatch::supplier_blacklisted);
    check_lists(consumer_refusal(ask, bid, people), Mismatch::consumer_blacklisted);
    if (ask.currency == Currency::usd) {
        check(!context.rate_stale, Mismatch::rate_stale);
        check(!outside(context.rate, ask), Mismatch::ask_rate);
        check(!outside(context.rate, bid), Mismatch::bid_rate);
    }
    return out;
}

Explanation explain(const Order& order, const std::vector<CounterOrder>& others,
                    const MatchContext& context) {
    Explanation out;
    std::vector<Change> single;
    for (const CounterOrder& other : others) {
        if (other.order->side == order.side || context.now >= other.order->expiry) continue;
        ++out.considered;
        bool is_bid = order.side == Side::bid;
        Candidate candidate{
            other.id,
            is_bid ? violations(*other.order, order, context) : violations(order, *other.order, context),
            {}};
        if (candidate.broken.empty()) {
            ++out.matching;
            continue;
        }
        const Violation& first = candidate.broken.front();
        ++out.by_first_rule[static_cast<std::size_t>(first.rule)];
        if (first.refusal != Refusal()) ++out.by_list["blacklisted by " + refusing_list_text(first, order)];
        for (const Violation& broken : candidate.broken) {
            if (auto change = change_for(broken, order, *other.order))
                candidate.changes.push_back(std::move(*change));
        }
        if (candidate.broken.size() == 1 && candidate.changes.size() == 1)
            single.push_back(candidate.changes.front());
        auto place = std::upper_bound(out.nearest.begin(), out.nearest.end(), candidate, nearer);
        if (place == out.nearest.end() && out.nearest.size() == nearest_max) continue;
        out.nearest.insert(place, std::move(candidate));
        if (out.nearest.size() > nearest_max) out.nearest.pop_back();
    }
    summarize(std::move(single), out.relaxations);
    return out;
}

/// Which lists refuse: those that refuse most, and how much the others do.
static void add_lists(std::vector<std::string>& lines, const Explanation& why) {
    std::vector<std::pair<std::string, std::size_t>> lists(why.by_list.begin(), why.by_list.end());
    std::stable_sort(lists.begin(), lists.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::size_t shown = std::min(lists.size(), lists_max), others = 0;
    for (std::size_t i = 0; i < lists.size(); ++i) {
        if (i < shown)
            lines.push_back(fmt::format("  {}: {}", lists[i].second, lists[i].first));
        else
            others += lists[i].second;
    }
    if (others != 0) lines.push_back(fmt::format("  {}: {} more lists", others, lists.size() - shown));
}

std::vector<std::string> to_lines(const Explanation& why, const Order& order) {
    constexpr std::size_t relaxations_max = 8;
    std::string_view others = order.side == Side::bid ? "asks" : "bids";
    if (why.considered == 0) return {fmt::format("There are no open {}.", others)};
    std::vector<std::string> lines{
        fmt::format("{} of {} open {} match.", why.matching, why.considered, others)};
    for (std::size_t i = 1; i < mismatch_count; ++i) {
        if (why.by_first_rule[i])
            lines.push_back(
                fmt::format("  {}: {}", why.by_first_rule[i], to_string(static_cast<Mismatch>(i))));
    }
    add_lists(lines, why);
    if (!why.relaxations.empty()) lines.push_back("One change would be enough:");
    for (std::size_t i = 0; i < std::min(why.relaxations.size(), relaxations_max); ++i) {
        const Relaxation& relaxation = why.relaxations[i];
        std::string_view noun = relaxation.matches == 1 ? others.substr(0, 3) : others;
        lines.push_back(fmt::format("  {}: {} {}", relaxation.change.text, relaxation.matches, noun));
    }
    if (why.matching != 0 || !why.relaxations.empty() || why.nearest.empty()) return lines;
    lines.push_back("The nearest:");
    for (const Candidate& candidate : why.nearest) {
        std::vector<std::string> parts;
        for (const Change& change : candidate.changes) parts.push_back(change.text);
        for (const Violation& broken : candidate.broken) {
            bool ours = std::any_of(candidate.changes.begin(), candidate.changes.end(),
                                    [&](const Change& change) { return change.of == broken; });
            if (!ours) parts.push_back(fmt::format("not yours to change: {}", to_string(broken.rule)));
        }
        lines.push_back(fmt::format("  {}: {}", crypto::to_string(candidate.id.value).substr(0, 10),
                                    fmt::join(parts, ", ")));
    }
    return lines;
}

}  // namespace sonm::market
