#include "sonm/market/order_book.hpp"

namespace sonm::market {

using detail::MatchTree;
using detail::to_code;
using detail::TreeEntry;
using detail::TreeQuery;
using model::Side;

namespace {

std::uint64_t saturate(const model::PricePerSecond& price) {
    return static_cast<std::uint64_t>(std::min(price.value, U256(detail::tree_price_max)));
}

/// The same numbers say what an ask has and what a bid needs. For bids in a tree, and asks that search them,
/// everything is mirrored: then less is more there too.
struct Numbers {
    detail::Reach reach{};
    std::uint64_t flags, price;
    std::uint16_t duration;

    Numbers(const Order& order, bool mirrored) {
        for (std::size_t i = 0; i < detail::tree_dimensions; ++i) {
            std::uint16_t code = to_code(order.benchmarks.values[i]);
            reach[i] = mirrored ? static_cast<std::uint16_t>(~code) : code;
        }
        flags = mirrored ? ~order.netflags.bits : order.netflags.bits;
        price = mirrored ? ~saturate(order.price) : saturate(order.price);
        std::uint16_t code = to_code(order.duration.value);
        duration = mirrored ? static_cast<std::uint16_t>(~code) : code;
    }
};
static_assert(detail::tree_dimensions == model::benchmark_count);

/// Best first: cheapest asks, best paying bids, then the oldest.
bool better(const OpenOrder* a, const OpenOrder* b) {
    if (a->order.price != b->order.price)
        return (a->order.side == Side::ask) == (a->order.price < b->order.price);
    return a->age < b->age;
}

Mismatch judge(const Order& one, const Order& other, const MatchContext& context) {
    return one.side == Side::ask ? matches(one, other, context) : matches(other, one, context);
}

}  // namespace

std::size_t OrderBook::group_of(Side side, const Order& order) {
    return (side == Side::bid ? 4u : 0u) + (order.currency == model::Currency::usd ? 2u : 0u) +
           (order.is_spot() ? 1u : 0u);
}

bool OrderBook::place(const OrderId& id, const Order& order, Tokens escrow, std::uint64_t age) {
    Slot slot = free_.empty() ? static_cast<Slot>(orders_.size()) : free_.back();
    if (!by_id_.emplace(id, slot).second) return false;
    if (free_.empty()) {
        orders_.emplace_back();
        shown_.push_back(false);
    } else {
        free_.pop_back();
    }
    orders_[slot] = OpenOrder{id, order, escrow, age};
    by_author_[order.author].emplace(age, slot);
    Expiring& hour = by_hour_[hour_of(order)];
    hour.places.emplace_back(slot, age);
    ++hour.living;
    if (hour_of(order) >= hour_) show(slot);
    return true;
}

std::optional<OpenOrder> OrderBook::remove(const OrderId& id) {
    auto found = by_id_.find(id);
    if (found == by_id_.end()) return std::nullopt;
    Slot slot = found->second;
    hide(slot);
    by_id_.erase(found);
    free_.push_back(slot);
    OpenOrder removed = orders_[slot];
    orders_[slot].age = ~std::uint64_t(0);
    auto author = by_author_.find(removed.order.author);
    author->second.erase(removed.age);
    if (author->second.empty()) by_author_.erase(author);
    auto hour = by_hour_.find(hour_of(removed.order));
    if (--hour->second.living == 0) by_hour_.erase(hour);
    return removed;
}

const OpenOrder* OrderBook::find(const OrderId& id) const {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &orders_[found->second];
}

std::vector<const OpenOrder*> OrderBook::by(const Address& author) const {
    std::vector<const OpenOrder*> out;
    auto found = by_author_.find(author);
    if (found == by_author_.end()) return out;
    for (const auto& [age, slot] : found->second) out.push_back(&orders_[slot]);
    return out;
}

void OrderBook::show(Slot slot) {
    if (shown_[slot]) return;
    shown_[slot] = true;
    const OpenOrder& open = orders_[slot];
    if (!open.order.counterparty.is_zero()) {
        reserved_[open.order.counterparty].push_back(slot);
        return;
    }
    Numbers numbers(open.order, open.order.side == Side::bid);
    TreeEntry entry{numbers.reach, numbers.flags, numbers.price, open.age, numbers.duration, slot};
    trees_[group_of(open.order.side, open.order)].insert(entry);
}

void OrderBook::hide(Slot slot) {
    if (!shown_[slot]) return;
    shown_[slot] = false;
    const Order& order = orders_[slot].order;
    if (order.counterparty.is_zero()) return trees_[group_of(order.side, order)].erase(slot);
    auto found = reserved_.find(order.counterparty);
    std::erase(found->second, slot);
    if (found->second.empty()) reserved_.erase(found);
}

void OrderBook::set_time(UnixTime now) {
    std::uint64_t hour = now.value / 3600;
    if (hour == hour_) return;
    auto begin = by_hour_.lower_bound(std::min(hour, hour_)),
         end = by_hour_.lower_bound(std::max(hour, hour_));
    bool forward = hour > hour_;
    for (auto bucket = begin; bucket != end; ++bucket) {
        for (auto [slot, age] : bucket->second.places) {
            if (orders_[slot].age == age) forward ? hide(slot) : show(slot);
        }
    }
    hour_ = hour;
}

template <class F>
void OrderBook::each_related(const Order& order, const People& people, F visit) const {
    auto visit_by = [&](const Address& author) {
        auto found = by_author_.find(author);
        if (found == by_author_.end()) return;
        for (const auto& [age, slot] : found->second) visit(slot);
    };
    if (!order.counterparty.is_zero()) {
        visit_by(order.counterparty);
        for (const Address& worker : people.workers_of(order.counterparty)) visit_by(worker);
        return;
    }
    auto visit_reserved_for = [&](const Address& account) {
        auto found = reserved_.find(account);
        if (found != reserved_.end()) std::for_each(found->second.begin(), found->second.end(), visit);
    };
    visit_reserved_for(order.author);
    Address master = people.master_of(order.author);
    if (master != order.author) visit_reserved_for(master);
}

std::vector<const OpenOrder*> OrderBook::best(const Order& order, const MatchContext& context,
                                              std::size_t limit) const {
    std::vector<const OpenOrder*> found;
    if (limit == 0) return found;
    // Keeps the best `limit`, sorted.
    auto take = [&](Slot slot) {
        const OpenOrder* open = &orders_[slot];
        if (open->order.side == order.side || judge(order, open->order, context) != Mismatch::none) return;
        if (found.size() == limit && !better(open, found.back())) return;
        found.insert(std::upper_bound(found.begin(), found.end(), open, better), open);
        if (found.size() > limit) found.pop_back();
    };
    each_related(order, context.people, take);
    // With a named counterparty those were all; else all others are in the tree.
    if (!order.counterparty.is_zero()) return found;
    bool mirrored = order.side == Side::ask;
    Numbers numbers(order, mirrored);
    TreeQuery query{numbers.reach, numbers.flags, numbers.price, numbers.duration};
    auto bound_now = [&] {
        if (found.size() < limit) return MatchTree::Bound{};
        std::uint64_t price = saturate(found.back()->order.price);
        return MatchTree::Bound{mirrored ? ~price : price, found.back()->age};
    };
    auto consider = [&](Slot slot, const MatchTree::Bound&) {
        take(slot);
        return bound_now();
    };
    trees_[group_of(mirrored ? Side::bid : Side::ask, order)].search(query, bound_now(), consider);
    return found;
}

}  // namespace sonm::market
