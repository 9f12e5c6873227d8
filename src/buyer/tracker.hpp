#pragma once

#include "sonm/buyer/decide.hpp"
#include "sonm/market/ledger.hpp"

#include <optional>
#include <vector>

namespace sonm::buyer {

/// What the chain says about one bid and its deal, kept as the facts themselves so that a reorganisation just
/// drops some. Value type.
class Tracker {
public:
    explicit Tracker(model::Order bid);
    void apply(const market::Step& step);

    /// Whether history has been read in.
    bool live() const { return live_; }
    UnixTime head_time() const { return head_time_; }
    Known::Bid bid() const;
    struct DealView {
        model::Deal deal;
        model::DealState state;
    };
    /// The newest word on the deal.
    std::optional<DealView> deal() const;
    /// Whether the deal is closed or its end has passed by the chain's clock.
    bool deal_over() const;

private:
    bool concerns(const market::FactBody& body) const;

    model::Order order_;
    model::OrderId id_;
    std::vector<market::Fact> facts_;
    UnixTime head_time_;
    bool live_ = false;
};

}  // namespace sonm::buyer
