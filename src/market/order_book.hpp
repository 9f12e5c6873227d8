#pragma once

#include "sonm/market/detail/match_tree.hpp"
#include "sonm/market/match.hpp"

#include <array>
#include <map>
#include <optional>
#include <unordered_map>

namespace sonm::market {

using model::OrderId;

/// An order that is neither cancelled nor matched.
struct OpenOrder {
    OrderId id;
    Order order;
    Tokens escrow;
    std::uint64_t age = 0;  ///< smaller = earlier; no two alike
};

/// Every open order of both sides, in memory, with the exact search for the best counter-orders. About 0.7 kB
/// an order; a million of them on one core is what it is made for (docs/market.md has the figures). One
/// thread; rewinds are MarketState's business.
class OrderBook {
public:
    OrderBook() = default;
    OrderBook(const OrderBook&) = delete;

    /// False if it is there already.
    bool place(const OrderId& id, const Order& order, Tokens escrow, std::uint64_t age);
    /// What was removed; nothing if it was not there.
    std::optional<OpenOrder> remove(const OrderId& id);
    const OpenOrder* find(const OrderId& id) const;
    std::size_t size() const { return by_id_.size(); }
    /// Open orders of an author, oldest first.
    std::vector<const OpenOrder*> by(const Address& author) const;
    /// In no particular order.
    template <class F>
    void for_each(F visit) const {
        for (const auto& [id, slot] : by_id_) visit(orders_[slot]);
    }

    /// At most `limit` open orders that match `order` (which need not be in the book) in the contract's
    /// sense, best first: for a bid the cheapest asks, for an ask the bids that pay most; equal prices by
    /// age. Exact. Pointers are valid until the book changes.
    std::vector<const OpenOrder*> best(const Order& order, const MatchContext& context,
                                       std::size_t limit) const;

    /// Takes what has expired out of the search (and puts it back should time go backwards). Searches are
    /// exact without it, but slower the more dead orders there are.
    void set_time(UnixTime now);

private:
    using Slot = std::uint32_t;
    /// What expires within one hour. Removed orders stay listed until the last one goes.
    struct Expiring {
        std::vector<std::pair<Slot, std::uint64_t>>
            places;  ///< with the age, which tells whether the slot still holds the same order
        std::size_t living = 0;
    };
    /// Orders of one side, currency and kind (spot or forward) can only match those of one other such group.
    static std::size_t group_of(model::Side side, const Order& order);
    static std::uint64_t hour_of(const Order& order) { return order.expiry.value / 3600; }
    void show(Slot slot);
    void hide(Slot slot);

    /// What an order could match by who is who, when it names its counterparty or is named.
    template <class F>
    void each_related(const Order& order, const People& people, F visit) const;

    std::vector<OpenOrder> orders_;  ///< by slot
    std::vector<bool> shown_;        ///< by slot: whether searches can find it
    std::vector<Slot> free_;
    std::unordered_map<OrderId, Slot> by_id_;
    std::array<detail::MatchTree, 8> trees_;
    /// Orders for one counterparty only: not in the trees, where they would stand in everybody else's way.
    std::unordered_map<Address, std::vector<Slot>> reserved_;
    std::unordered_map<Address, std::map<std::uint64_t, Slot>> by_author_;  ///< by age
    std::map<std::uint64_t, Expiring> by_hour_;
    std::uint64_t hour_ = 0;  ///< what expires before this hour is not shown
};

}  // namespace sonm::market
