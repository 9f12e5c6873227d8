#include "sonm/locator/gateway.hpp"

namespace sonm::locator {
namespace {

/// What one caller more is taken to add to a node's load until the node tells the real one.
constexpr double caller_load = 0.01;

std::size_t below(const Random& random, std::size_t count) {
    return static_cast<std::size_t>((std::uint64_t(random()) * count) >> 32);
}

class Adhoc final : public Gateway {
public:
    explicit Adhoc(Random random) : random_(std::move(random)) {}
    std::string_view type() const override { return "adhoc"; }
    Result<Offer> resolve(const std::string&, std::span<const Candidate> healthy) override {
        return *healthy[below(random_, healthy.size())].offer;
    }

private:
    Random random_;
};

class Weighted final : public Gateway {
public:
    explicit Weighted(Random random) : random_(std::move(random)) {}
    std::string_view type() const override { return "weighted"; }
    Result<Offer> resolve(const std::string&, std::span<const Candidate> healthy) override {
        std::size_t total = 0;
        for (const Candidate& one : healthy) total += one.node->weight;
        std::size_t at = below(random_, total);
        for (const Candidate& one : healthy) {
            if (at < one.node->weight) return *one.offer;
            at -= one.node->weight;
        }
        return *healthy.back().offer;
    }

private:
    Random random_;
};

class LeastLoaded final : public Gateway {
public:
    explicit LeastLoaded(Random random) : random_(std::move(random)) {}
    std::string_view type() const override { return "least_loaded"; }
    Result<Offer> resolve(const std::string&, std::span<const Candidate> healthy) override {
        const Candidate* best = &healthy[below(random_, healthy.size())];
        if (healthy.size() > 1) {
            // Another one, each of the rest alike.
            std::size_t first = static_cast<std::size_t>(best - healthy.data());
            std::size_t second = below(random_, healthy.size() - 1);
            const Candidate* other = &healthy[second < first ? second : second + 1];
            if (pressure(*other) < pressure(*best)) best = other;
        }
        ++best->node->chosen;
        return *best->offer;
    }

private:
    static double pressure(const Candidate& one) {
        return (one.node->load + caller_load * one.node->chosen) / one.node->weight;
    }
    Random random_;
};

}  // namespace

std::unique_ptr<Gateway> make_adhoc(Random random) { return std::make_unique<Adhoc>(std::move(random)); }
std::unique_ptr<Gateway> make_weighted(Random random) {
    return std::make_unique<Weighted>(std::move(random));
}
std::unique_ptr<Gateway> make_least_loaded(Random random) {
    return std::make_unique<LeastLoaded>(std::move(random));
}

}  // namespace sonm::locator
