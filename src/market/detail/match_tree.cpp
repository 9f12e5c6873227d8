#include "sonm/market/detail/match_tree.hpp"

#include "sonm/base/result.hpp"

#include <algorithm>
#include <bit>

namespace sonm::market::detail {

std::uint16_t to_code(std::uint64_t value) {
    constexpr int mantissa_bits = 10;
    if (value < (1u << (mantissa_bits + 1))) return static_cast<std::uint16_t>(value);
    int shift = 63 - std::countl_zero(value) - mantissa_bits;
    // The leading one is implied by the exponent: (shift + 1) × 1024 + the ten bits after it.
    return static_cast<std::uint16_t>((static_cast<std::uint64_t>(shift) << mantissa_bits) +
                                      (value >> shift));
}

void MatchTree::Leaf::set(std::uint32_t i, const TreeEntry& entry) {
    reach[i] = entry.reach;
    price[i] = entry.price;
    age[i] = entry.age;
    flags[i] = entry.flags;
    slot[i] = entry.slot;
    duration[i] = entry.duration;
}

MatchTree::MatchTree() {
    summaries_.resize(2);
    shapes_.resize(2);
    summaries_[0].below = make_leaf();
    leaves_[summaries_[0].below].node = 0;
}

std::uint64_t MatchTree::coordinate(const TreeEntry& entry, std::uint16_t split) {
    if (split == split_by_price) return entry.price;
    return split == split_by_age ? entry.age : entry.reach[split];
}

void MatchTree::include(Summary& summary, const TreeEntry& entry) {
    for (std::size_t i = 0; i < tree_dimensions; ++i)
        summary.reach[i] = std::max(summary.reach[i], entry.reach[i]);
    summary.price = std::min(summary.price, entry.price);
    summary.age = std::min(summary.age, entry.age);
    summary.flags |= entry.flags;
    summary.duration = std::max(summary.duration, entry.duration);
}

void MatchTree::include(Summary& summary, const Summary& other) {
    for (std::size_t i = 0; i < tree_dimensions; ++i)
        summary.reach[i] = std::max(summary.reach[i], other.reach[i]);
    summary.price = std::min(summary.price, other.price);
    summary.age = std::min(summary.age, other.age);
    summary.flags |= other.flags;
    summary.duration = std::max(summary.duration, other.duration);
}

std::uint32_t MatchTree::make_leaf() {
    if (free_leaves_.empty()) {
        leaves_.emplace_back();
        return static_cast<std::uint32_t>(leaves_.size() - 1);
    }
    std::uint32_t leaf = free_leaves_.back();
    free_leaves_.pop_back();
    leaves_[leaf].count = 0;
    return leaf;
}

std::uint32_t MatchTree::make_children(std::uint32_t parent) {
    std::uint32_t first;
    if (free_pairs_.empty()) {
        first = static_cast<std::uint32_t>(summaries_.size());
        summaries_.resize(first + 2);
        shapes_.resize(first + 2);
    } else {
        first = free_pairs_.back();
        free_pairs_.pop_back();
    }
    for (std::uint32_t child : {first, first + 1}) {
        summaries_[child] = Summary{};
        shapes_[child] = Shape{};
        shapes_[child].parent = parent;
    }
    return first;
}

/// Computes a node's summary from its parts; keeps what it is.
void MatchTree::summarize(std::uint32_t node) {
    Summary& summary = summaries_[node];
    Summary fresh;
    fresh.is_leaf = summary.is_leaf;
    fresh.below = summary.below;
    if (summary.is_leaf) {
        const Leaf& leaf = leaves_[summary.below];
        for (std::uint32_t i = 0; i < leaf.count; ++i) include(fresh, leaf.get(i));
    } else {
        include(fresh, summaries_[summary.below]);
        include(fresh, summaries_[summary.below + 1]);
    }
    summary = fresh;
}

void MatchTree::insert(const TreeEntry& entry) {
    constexpr std::uint32_t balance_from = 4 * leaf_entries_max;
    std::uint32_t node = 0, uneven = none;
    while (true) {
        include(summaries_[node], entry);
        ++shapes_[node].count;
        if (summaries_[node].is_leaf) break;
        std::uint32_t first = summaries_[node].below;
        std::uint32_t next =
            coordinate(entry, shapes_[node].split) < shapes_[node].split_value ? first : first + 1;
        // One side with over three quarters of all: a search would degenerate to a list.
        if (uneven == none && shapes_[node].count > balance_from &&
            shapes_[next].count + 1 > shapes_[node].count / 4 * 3)
            uneven = node;
        node = next;
    }
    ++size_;
    Leaf& leaf = leaves_[summaries_[node].below];
    leaf.set(leaf.count++, entry);
    if (leaf_of_slot_.size() <= entry.slot) leaf_of_slot_.resize(entry.slot + 1, none);
    leaf_of_slot_[entry.slot] = summaries_[node].below;
    if (leaf.count == leaf_entries_max) split(node);
    if (uneven != none) {
        std::vector<TreeEntry> entries;
        collect(uneven, entries);
        rebuild(uneven, std::move(entries));
    }
}

void MatchTree::split(std::uint32_t node) {
    std::vector<TreeEntry> entries;
    collect(node, entries);
    rebuild(node, std::move(entries));
}

void MatchTree::erase(std::uint32_t slot) {
    constexpr std::uint32_t merge_below = leaf_entries_max / 4;
    SONM_ASSERT(slot < leaf_of_slot_.size() && leaf_of_slot_[slot] != none);
    std::uint32_t at = leaf_of_slot_[slot];
    leaf_of_slot_[slot] = none;
    Leaf& leaf = leaves_[at];
    std::uint32_t place = 0;
    while (leaf.slot[place] != slot) ++place;
    leaf.set(place, leaf.get(leaf.count - 1));
    --leaf.count;
    --size_;
    std::uint32_t merged = none;
    for (std::uint32_t node = leaf.node; node != none; node = shapes_[node].parent) {
        --shapes_[node].count;
        summarize(node);
        if (!summaries_[node].is_leaf && shapes_[node].count < merge_below) merged = node;
    }
    if (merged == none) return;
    std::vector<TreeEntry> entries;
    collect(merged, entries);
    rebuild(merged, std::move(entries));
}

void MatchTree::collect(std::uint32_t node, std::vector<TreeEntry>& out) const {
    const Summary& summary = summaries_[node];
    if (!summary.is_leaf) {
        collect(summary.below, out);
        collect(summary.below + 1, out);
        return;
    }
    const Leaf& leaf = leaves_[summary.below];
    for (std::uint32_t i = 0; i < leaf.count; ++i) out.push_back(leaf.get(i));
}

void MatchTree::free_below(std::uint32_t node) {
    const Summary& summary = summaries_[node];
    if (summary.is_leaf) {
        free_leaves_.push_back(summary.below);
    } else {
        free_below(summary.below);
        free_below(summary.below + 1);
        free_pairs_.push_back(summary.below);
    }
}

void MatchTree::rebuild(std::uint32_t node, std::vector<TreeEntry> entries) {
    free_below(node);
    build(node, entries.data(), entries.data() + entries.size());
}

/// Where these entries differ most: along a benchmark or the price; equal offers along their age. Price
/// counts double: measured with bench/market_bench, that halves the nodes that a search visits where prices
/// follow the machines' size, and costs nothing elsewhere.
std::uint16_t MatchTree::widest_dimension(const TreeEntry* begin, const TreeEntry* end) {
    Reach low = begin->reach, high = begin->reach;
    std::uint64_t price_low = begin->price, price_high = begin->price;
    for (const TreeEntry* entry = begin; entry != end; ++entry) {
        for (std::size_t i = 0; i < tree_dimensions; ++i) {
            low[i] = std::min(low[i], entry->reach[i]);
            high[i] = std::max(high[i], entry->reach[i]);
        }
        price_low = std::min(price_low, entry->price);
        price_high = std::max(price_high, entry->price);
    }
    std::uint16_t best = split_by_age;
    int widest = 0;
    for (std::uint16_t i = 0; i < tree_dimensions; ++i) {
        if (high[i] - low[i] > widest) {
            widest = high[i] - low[i];
            best = i;
        }
    }
    if (price_low != price_high && 2 * (to_code(price_high) - to_code(price_low)) >= widest)
        best = split_by_price;
    return best;
}

void MatchTree::build(std::uint32_t node, TreeEntry* begin, TreeEntry* end) {
    auto count = static_cast<std::uint32_t>(end - begin);
    shapes_[node].count = count;
    if (count < leaf_entries_max) {
        std::uint32_t at = make_leaf();
        Leaf& leaf = leaves_[at];
        leaf.node = node;
        leaf.count = count;
        for (std::uint32_t i = 0; i < count; ++i) {
            leaf.set(i, begin[i]);
            leaf_of_slot_[begin[i].slot] = at;
        }
        summaries_[node].is_leaf = 1;
        summaries_[node].below = at;
        summarize(node);
        return;
    }
    std::uint16_t split = widest_dimension(begin, end);
    auto less = [&](const TreeEntry& a, const TreeEntry& b) {
        return coordinate(a, split) < coordinate(b, split);
    };
    TreeEntry* middle = begin + count / 2;
    std::nth_element(begin, middle, end, less);
    std::uint64_t value = coordinate(*middle, split);
    TreeEntry* border =
        std::partition(begin, end, [&](const TreeEntry& entry) { return coordinate(entry, split) < value; });
    if (border == begin) {
        // More than half have the least value: they are one side.
        auto next = std::partition(begin, end,
                                   [&](const TreeEntry& entry) { return coordinate(entry, split) <= value; });
        value = coordinate(*std::min_element(next, end, less), split);
        border = next;
    }
    std::uint32_t first = make_children(node);
    shapes_[node].split = split;
    shapes_[node].split_value = value;
    build(first, begin, border);
    build(first + 1, border, end);
    summaries_[node].is_leaf = 0;
    summaries_[node].below = first;
    summarize(node);
}

void MatchTree::check() const {
    std::size_t counted = 0;
    std::vector<std::uint32_t> open{0};
    while (!open.empty()) {
        std::uint32_t node = open.back();
        open.pop_back();
        const Summary& summary = summaries_[node];
        Summary fresh;
        std::uint32_t count = 0;
        if (summary.is_leaf) {
            const Leaf& leaf = leaves_[summary.below];
            SONM_ASSERT(leaf.node == node);
            count = leaf.count;
            counted += count;
            for (std::uint32_t i = 0; i < leaf.count; ++i) {
                include(fresh, leaf.get(i));
                SONM_ASSERT(leaf_of_slot_[leaf.slot[i]] == summary.below);
            }
        } else {
            for (std::uint32_t child : {summary.below, summary.below + 1}) {
                SONM_ASSERT(shapes_[child].parent == node);
                include(fresh, summaries_[child]);
                count += shapes_[child].count;
                open.push_back(child);
            }
        }
        SONM_ASSERT(count == shapes_[node].count);
        SONM_ASSERT(fresh.reach == summary.reach && fresh.price == summary.price && fresh.age == summary.age);
        SONM_ASSERT(fresh.flags == summary.flags && fresh.duration == summary.duration);
    }
    SONM_ASSERT(counted == size_);
}

}  // namespace sonm::market::detail
