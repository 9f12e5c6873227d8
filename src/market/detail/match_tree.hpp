#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace sonm::market::detail {

/// How many values of an order the tree compares: its benchmarks.
inline constexpr std::size_t tree_dimensions = 16;
using Reach = std::array<std::uint16_t, tree_dimensions>;

/// A value as 16 bits, monotone: exact up to 2047, then within 0.1 %. What is equal here may differ exactly,
/// and is checked.
std::uint16_t to_code(std::uint64_t value);

/// What the tree knows of one order. Larger `reach`, `duration`, more `flags` serve more; smaller (price,
/// age) is better.
struct TreeEntry {
    Reach reach{};
    std::uint64_t flags = 0;
    std::uint64_t price = 0;  ///< saturates: see tree_price_max
    std::uint64_t age = 0;    ///< no two alike
    std::uint16_t duration = 0;
    std::uint32_t slot = 0;  ///< whose it is
};
/// Prices from here on are equal to the tree.
inline constexpr std::uint64_t tree_price_max = std::numeric_limits<std::uint64_t>::max();

/// What is looked for: everything of `reach`, `duration` and `flags`, at most `price`.
struct TreeQuery {
    Reach reach{};
    std::uint64_t flags = 0;
    std::uint64_t price = tree_price_max;
    std::uint16_t duration = 0;
};

/// Orders in a tree that is split along their benchmarks; each node knows the largest of each value and the
/// lowest price below it, so that a search passes over what cannot serve or cannot be better. Finding the
/// best visits some hundred of a million; insertion and removal touch one path. Value-like, one thread.
class MatchTree {
public:
    MatchTree();
    void insert(const TreeEntry& entry);
    void erase(std::uint32_t slot);
    std::size_t size() const { return size_; }

    /// The best that is not needed any more: only what is before it is looked for.
    struct Bound {
        std::uint64_t price = tree_price_max;
        std::uint64_t age = std::numeric_limits<std::uint64_t>::max();
        bool admits(std::uint64_t p, std::uint64_t a) const {
            // Saturated prices are not exact: age decides nothing between them.
            return p < price || (p == price && (a < age || p == tree_price_max || p == 0));
        }
    };
    /// Offers every entry that may serve and is before the bound to `judge(slot, bound) -> Bound`, which
    /// checks it exactly and answers with the bound from now on. In no particular order, but the promising
    /// first. Nothing that serves and is better is left out.
    template <class F>
    void search(const TreeQuery& query, Bound bound, F judge) const;
    /// How many nodes the last search looked at; for tests of the tree's quality.
    std::size_t visited() const { return visited_; }
    /// Aborts unless every summary is what its parts say. For tests.
    void check() const;

private:
    static constexpr std::uint32_t leaf_entries_max = 32;
    static constexpr std::uint32_t none = ~std::uint32_t(0);
    static constexpr std::uint16_t split_by_price = tree_dimensions, split_by_age = tree_dimensions + 1;

    /// What a search reads of a subtree: one cache line.
    struct alignas(64) Summary {
        Reach reach{};
        std::uint64_t price = tree_price_max;
        std::uint64_t age = std::numeric_limits<std::uint64_t>::max();
        std::uint64_t flags = 0;
        std::uint16_t duration = 0;
        std::uint16_t is_leaf = 1;
        std::uint32_t below = none;  ///< leaf: index of its entries; else its first child, the second follows
    };
    static_assert(sizeof(Summary) == 64);
    /// What only changes read.
    struct Shape {
        std::uint32_t parent = none;
        std::uint32_t count = 0;
        std::uint16_t split = 0;
        std::uint64_t split_value = 0;  ///< below it: first child
    };
    struct Leaf {
        std::uint32_t count = 0;
        std::uint32_t node = none;
        std::array<Reach, leaf_entries_max> reach;
        std::array<std::uint64_t, leaf_entries_max> price, age, flags;
        std::array<std::uint32_t, leaf_entries_max> slot;
        std::array<std::uint16_t, leaf_entries_max> duration;

        TreeEntry get(std::uint32_t i) const {
            return TreeEntry{reach[i], flags[i], price[i], age[i], duration[i], slot[i]};
        }
        void set(std::uint32_t i, const TreeEntry& entry);
    };
    struct Waiting {
        std::uint64_t price, age;
        std::uint32_t node;
        bool operator<(const Waiting& other) const {
            return price != other.price ? price > other.price : age > other.age;
        }
    };

    static bool serves(const Reach& has, const Reach& needs);
    static bool serves(const Summary& node, const TreeQuery& query) {
        return node.duration >= query.duration && (query.flags & ~node.flags) == 0 &&
               node.price <= query.price && serves(node.reach, query.reach);
    }
    static std::uint64_t coordinate(const TreeEntry& entry, std::uint16_t split);
    static void include(Summary& summary, const TreeEntry& entry);
    static void include(Summary& summary, const Summary& other);
    static std::uint16_t widest_dimension(const TreeEntry* begin, const TreeEntry* end);
    std::uint32_t make_leaf();
    std::uint32_t make_children(std::uint32_t parent);
    void summarize(std::uint32_t node);
    void collect(std::uint32_t node, std::vector<TreeEntry>& out) const;
    /// Drops everything below `node` and builds it anew from `entries`.
    void rebuild(std::uint32_t node, std::vector<TreeEntry> entries);
    void build(std::uint32_t node, TreeEntry* begin, TreeEntry* end);
    void free_below(std::uint32_t node);
    void split(std::uint32_t node);

    std::size_t size_ = 0;
    std::vector<Summary>
        summaries_;  ///< [0] is the root; [1] is unused, so that pairs of children share alignment
    std::vector<Shape> shapes_;
    std::vector<Leaf> leaves_;
    std::vector<std::uint32_t> free_pairs_, free_leaves_;
    std::vector<std::uint32_t> leaf_of_slot_;
    mutable std::vector<Waiting> waiting_;
    mutable std::size_t visited_ = 0;
};

inline bool MatchTree::serves(const Reach& has, const Reach& needs) {
    // No early exit: the compiler makes two comparisons of eight values of it.
    std::uint16_t missing = 0;
    for (std::size_t i = 0; i < tree_dimensions; ++i)
        missing |= static_cast<std::uint16_t>(needs[i] > has[i]);
    return missing == 0;
}

template <class F>
void MatchTree::search(const TreeQuery& query, Bound bound, F judge) const {
    waiting_.clear();
    visited_ = 1;
    auto offer = [&](std::uint32_t node) {
        const Summary& summary = summaries_[node];
        if (!serves(summary, query) || !bound.admits(summary.price, summary.age)) return;
        waiting_.push_back(Waiting{summary.price, summary.age, node});
        std::push_heap(waiting_.begin(), waiting_.end());
    };
    offer(0);
    while (!waiting_.empty()) {
        std::pop_heap(waiting_.begin(), waiting_.end());
        Waiting next = waiting_.back();
        waiting_.pop_back();
        if (!bound.admits(next.price, next.age)) continue;
        const Summary& summary = summaries_[next.node];
        ++visited_;
        if (!summary.is_leaf) {
            offer(summary.below);
            offer(summary.below + 1);
            continue;
        }
        const Leaf& leaf = leaves_[summary.below];
        for (std::uint32_t i = 0; i < leaf.count; ++i) {
            if (leaf.price[i] > query.price || leaf.duration[i] < query.duration ||
                (query.flags & ~leaf.flags[i]) != 0)
                continue;
            if (bound.admits(leaf.price[i], leaf.age[i]) && serves(leaf.reach[i], query.reach))
                bound = judge(leaf.slot[i], bound);
        }
    }
}

}  // namespace sonm::market::detail
