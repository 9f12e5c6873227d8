#pragma once

#include "sonm/market/state.hpp"
#include "sonm/worker/config.hpp"
#include "sonm/worker/journal.hpp"
#include "sonm/worker/market_view.hpp"

#include <map>

namespace sonm::worker {

/// What a worker sells: its plans, the asks made of them, and the deals that came of those. Compares the
/// journal with the market and paints the picture that decisions are taken from. One executor; no waiting.
class Shop {
public:
    /// The references outlive this.
    Shop(Address self, Journal& journal, Machine machine, Resources capacity);

    /// Reads the journal and brings the plans of the configuration in; once, before anything else.
    /// Errors: conflict (the plans do not fit into the capacity together), the journal's.
    Result<void> load(const std::vector<AskPlan>& from_config);

    // ---- plans ----
    /// Errors: exists (the name), conflict (does not fit beside the others).
    Result<PlanId> add(AskPlan plan);
    /// Errors: not_found.
    Result<void> remove(const PlanId& id, bool end_spot);
    Result<void> forget(const PlanId& id);
    const std::vector<PlanRecord>& plans() const { return plans_; }
    /// The plan's newest ask, as the market sees it at `now`.
    std::optional<Listing> listing(const PlanId& id, UnixTime now) const;
    /// The ask to be placed as this generation: from the journal, else made now and written there first.
    Result<Order> intend(const PlanId& id, std::uint32_t generation, UnixTime now);

    // ---- deals ----
    /// nullptr if it does not exist, is not ours, or is over and cleared away.
    const DealRecord* deal(DealId id) const;
    const std::map<DealId, DealRecord>& deals() const { return deals_; }
    UnixTime ends_at(const DealRecord& deal) const;
    /// What open deals hold together.
    Resources sold() const;
    Result<void> release(DealId id);

    // ---- the market ----
    /// Errors: a reorganisation deeper than what is kept; then `reread` and follow from the beginning.
    Result<void> apply(const market::Step& step);
    void reread();
    const MarketView& view() const { return view_; }
    /// Takes over what the market says about deals. Errors: the journal's; then it is to be repeated.
    Result<void> reconcile(UnixTime now);
    /// Everything but what tasks and actions add.
    Picture picture(UnixTime now) const;
    /// Forgets what no reorganisation can bring back.
    Result<void> prune();

    const Machine& machine() const { return machine_; }
    const Resources& capacity() const { return capacity_; }

private:
    Result<void> fits(const AskPlan& plan, const PlanId& except) const;
    Result<void> take_config(const std::vector<AskPlan>& plans);
    PlanRecord* find(const PlanId& id);
    DealRecord record_of(const MarketView::DealFact& fact) const;

    Address self_;
    Journal& journal_;
    Machine machine_;
    Resources capacity_;
    MarketView view_;
    std::unique_ptr<market::MarketState> market_ = std::make_unique<market::MarketState>();
    std::vector<PlanRecord> plans_;
    std::map<OrderId, Listing> listings_;
    std::map<DealId, DealRecord> deals_;
};

}  // namespace sonm::worker
