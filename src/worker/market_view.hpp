#pragma once

#include "sonm/market/ledger.hpp"
#include "sonm/worker/picture.hpp"

#include <deque>
#include <map>

namespace sonm::worker {

/// What the market says about one worker: its asks, its deals, where it is known to listen. Kept as facts, so
/// that a reorganisation is nothing but dropping the newest of them. Value type, pure.
class MarketView {
public:
    struct Ask {
        OrderId id;
        Order order;
        ListingState state = ListingState::open;
    };
    struct DealFact {
        Deal deal;
        DealState state;
    };

    explicit MarketView(Address self) : self_(self) {}

    void apply(const market::Step& step);

    bool live() const { return live_; }
    std::uint64_t head_block() const { return head_block_; }
    UnixTime head_time() const { return head_time_; }
    /// Every ask of ours that was ever placed, in no order; expiry is for the caller to judge.
    const std::map<OrderId, Ask>& asks() const { return asks_; }
    /// Every deal of ours, closed ones too.
    const std::map<DealId, DealFact>& deals() const { return deals_; }
    /// Empty if never published.
    const std::string& endpoint() const { return endpoint_; }
    /// How often it was published so far.
    std::uint64_t endpoint_count() const { return endpoint_count_; }

    /// Forgets asks and deals that were over `blocks` or more before the head: no reorganisation is that
    /// deep.
    void prune(std::uint64_t blocks);

private:
    bool concerns_us(const market::FactBody& body) const;
    void take(const market::Fact& fact);
    void rebuild();

    Address self_;
    std::deque<market::Fact> facts_;  ///< ours only, oldest first
    bool live_ = false;
    std::uint64_t head_block_ = 0;
    UnixTime head_time_;
    std::map<OrderId, Ask> asks_;
    std::map<DealId, DealFact> deals_;
    std::string endpoint_;
    std::uint64_t endpoint_count_ = 0;
};

}  // namespace sonm::worker
