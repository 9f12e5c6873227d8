#include "sonm/base/units.hpp"
#include "sonm/cache/entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <random>

/// Hit ratio and speed of the cache's policy beside LRU and SIEVE (Zhang et al., NSDI 2024), each with room
/// for so many values of one size:
///     sonm_cache_bench [requests, default 2000000]
namespace {

using namespace sonm;
using Trace = std::vector<std::uint32_t>;

constexpr std::size_t value_bytes = 100;

class Lru {
public:
    explicit Lru(std::size_t capacity) : capacity_(capacity) {}
    bool ask(std::uint32_t key) {
        auto found = index_.find(key);
        if (found != index_.end()) {
            order_.splice(order_.begin(), order_, found->second);
            return true;
        }
        if (order_.size() == capacity_) {
            index_.erase(order_.back());
            order_.pop_back();
        }
        order_.push_front(key);
        index_[key] = order_.begin();
        return false;
    }

private:
    std::size_t capacity_;
    std::list<std::uint32_t> order_;
    std::unordered_map<std::uint32_t, std::list<std::uint32_t>::iterator> index_;
};

class Sieve {
public:
    explicit Sieve(std::size_t capacity) : capacity_(capacity), hand_(order_.end()) {}
    bool ask(std::uint32_t key) {
        auto found = index_.find(key);
        if (found != index_.end()) return found->second->second = true;
        if (order_.size() == capacity_) evict();
        order_.emplace_front(key, false);
        index_[key] = order_.begin();
        return false;
    }

private:
    using Order = std::list<std::pair<std::uint32_t, bool>>;
    void evict() {
        // From old to new; the hand stays where it was.
        auto back = [&] { hand_ = hand_ == order_.begin() ? std::prev(order_.end()) : std::prev(hand_); };
        if (hand_ == order_.end()) hand_ = std::prev(order_.end());
        while (hand_->second) {
            hand_->second = false;
            back();
        }
        auto victim = hand_;
        if (victim == order_.begin())
            hand_ = order_.end();
        else
            back();
        index_.erase(victim->first);
        order_.erase(victim);
    }
    std::size_t capacity_;
    Order order_;
    Order::iterator hand_;
    std::unordered_map<std::uint32_t, Order::iterator> index_;
};

/// The service's own policy, through its bound of bytes.
class Ours {
public:
    explicit Ours(std::size_t capacity) : entries_(capacity * cost_of_one()) {}
    bool ask(std::uint32_t key) {
        std::string name = fmt::format("{:08}", key);
        if (entries_.get(name, cache::Time())) return true;
        entries_.put(name, Bytes(value_bytes), cache::Time::max());
        return false;
    }

private:
    static std::size_t cost_of_one() {
        cache::Entries one(MiB);
        one.put("12345678", Bytes(value_bytes), cache::Time::max());
        return one.bytes();
    }
    cache::Entries entries_;
};

/// Keys by Zipf's law: the k-th most wanted is asked for in proportion to k^-skew.
Trace zipf(std::size_t requests, std::size_t keys, double skew, std::uint32_t seed) {
    std::vector<double> sums;
    double sum = 0;
    for (std::size_t k = 1; k <= keys; ++k) sums.push_back(sum += std::pow(double(k), -skew));
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> pick(0, sum);
    Trace trace;
    for (std::size_t i = 0; i < requests; ++i)
        trace.push_back(std::uint32_t(std::ranges::lower_bound(sums, pick(random)) - sums.begin()));
    return trace;
}

/// Now and then somebody reads `length` keys that nobody asks for again.
Trace with_scans(Trace trace, std::size_t every, std::size_t length) {
    Trace out;
    std::uint32_t fresh = 10'000'000;
    for (std::size_t i = 0; i < trace.size(); ++i) {
        out.push_back(trace[i]);
        if (i % every == every - 1)
            for (std::size_t k = 0; k < length; ++k) out.push_back(fresh++);
    }
    return out;
}

template <class Policy>
std::string run(const Trace& trace, std::size_t capacity) {
    Policy policy(capacity);
    std::size_t hits = 0;
    auto begin = std::chrono::steady_clock::now();
    for (std::uint32_t key : trace) hits += policy.ask(key);
    std::chrono::duration<double> span = std::chrono::steady_clock::now() - begin;
    return fmt::format("{:6.2f} % {:5.1f} M/s", 100.0 * double(hits) / double(trace.size()),
                       double(trace.size()) / span.count() / 1e6);
}

}  // namespace

int main(int count, char** words) {
    std::size_t requests = count > 1 ? parse_int<std::size_t>(words[1]).value_or(0) : 2'000'000;
    constexpr std::size_t keys = 1'000'000;
    fmt::print("{:34} {:>8}  {:>18}  {:>18}  {:>18}\n", "trace", "room", "LRU", "SIEVE", "the service");
    for (double skew : {0.8, 1.0, 1.2}) {
        Trace plain = zipf(requests, keys, skew, 1);
        Trace scanned = with_scans(plain, 100'000, 50'000);
        for (std::size_t capacity : {keys / 1000, keys / 100, keys / 10}) {
            for (const auto& [name, trace] : {std::pair("zipf", &plain), std::pair("zipf + scans", &scanned)})
                fmt::print("{:34} {:>8}  {:>18}  {:>18}  {:>18}\n", fmt::format("{} {}", name, skew),
                           capacity, run<Lru>(*trace, capacity), run<Sieve>(*trace, capacity),
                           run<Ours>(*trace, capacity));
        }
    }
    return 0;
}
