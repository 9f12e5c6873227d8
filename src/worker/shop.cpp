#include "sonm/worker/shop.hpp"

#include "sonm/base/log.hpp"

namespace sonm::worker {
namespace {

/// Blocks after which nothing comes back. Longer than any reorganisation seen on a public chain.
constexpr std::uint64_t reorganisation_blocks_max = 1'000;
constexpr std::size_t matches_max = 8;

/// The least that a deal from this ask may hold, when the journal that knew better is lost: what it
/// advertised.
Resources advertised(const Order& ask) {
    Resources out;
    out.cpu_millicores = ask.benchmarks[model::Benchmark::cpu_cores] * 10;
    out.ram_bytes = ask.benchmarks[model::Benchmark::ram_size] * MiB;
    out.storage_bytes = ask.benchmarks[model::Benchmark::storage_size] * MiB;
    return out;
}

}  // namespace

Shop::Shop(Address self, Journal& journal, Machine machine, Resources capacity)
    : self_(self),
      journal_(journal),
      machine_(std::move(machine)),
      capacity_(std::move(capacity)),
      view_(self) {}

Result<void> Shop::load(const std::vector<AskPlan>& from_config) {
    SONM_TRY(plans_, journal_.plans());
    SONM_TRY(std::vector<Listing> listings, journal_.listings());
    for (Listing& listing : listings) listings_.insert_or_assign(listing.id, std::move(listing));
    SONM_TRY(std::vector<DealRecord> deals, journal_.deals());
    for (DealRecord& deal : deals) deals_.insert_or_assign(deal.deal.id, std::move(deal));
    return take_config(from_config);
}

Result<void> Shop::take_config(const std::vector<AskPlan>& plans) {
    for (PlanRecord& record : plans_) {
        bool there =
            std::ranges::any_of(plans, [&](const AskPlan& plan) { return plan.name == record.id.value; });
        if (!record.from_config || there || record.removing) continue;
        record.removing = true;
        SONM_CHECK(journal_.save(record));
        SONM_LOG(info, "ask plan {} is no longer in the configuration: it will be withdrawn", record.id);
    }
    for (const AskPlan& plan : plans) {
        PlanId id(plan.name);
        PlanRecord* known = find(id);
        if (known && !known->from_config) {
            return fail(
                Errc::exists,
                "ask plan \"{}\" of the configuration was already made with `sonm ask create`: rename one",
                id);
        }
        if (known && known->plan == plan && !known->removing) continue;
        SONM_CHECK(fits(plan, id));
        PlanRecord record = known ? *known : PlanRecord();
        record.id = id;
        record.outdated = known && known->plan != plan;
        record.plan = plan;
        record.from_config = true;
        record.removing = record.end_spot = false;
        SONM_CHECK(journal_.save(record));
        if (known)
            *known = std::move(record);
        else
            plans_.push_back(std::move(record));
    }
    return Result<void>();
}

Result<void> Shop::fits(const AskPlan& plan, const PlanId& except) const {
    Resources free = capacity_;
    for (const PlanRecord& other : plans_) {
        if (other.id == except || other.removing) continue;
        if (auto rest = free.minus(other.plan.resources))
            free = std::move(*rest);
        else
            free = Resources();
    }
    if (free.covers(plan.resources)) return Result<void>();
    return fail(
        Errc::conflict,
        "ask plan {}wants {}; this worker sells at most {}, and beside its other plans there are {} left",
        plan.name.empty() ? "" : plan.name + " ", model::to_string(plan.resources),
        model::to_string(capacity_), model::to_string(free));
}

PlanRecord* Shop::find(const PlanId& id) {
    auto found = std::ranges::find(plans_, id, &PlanRecord::id);
    return found == plans_.end() ? nullptr : &*found;
}

Result<PlanId> Shop::add(AskPlan plan) {
    for (std::size_t n = 1; plan.name.empty(); ++n) {
        if (auto name = fmt::format("plan-{}", n); !find(PlanId(name))) plan.name = std::move(name);
    }
    PlanId id(plan.name);
    if (find(id))
        return fail(Errc::exists, "there is an ask plan \"{}\" already: remove it, or choose another name",
                    id);
    SONM_CHECK(fits(plan, id));
    PlanRecord record;
    record.id = id;
    record.plan = std::move(plan);
    SONM_CHECK(journal_.save(record));
    plans_.push_back(std::move(record));
    return id;
}

Result<void> Shop::remove(const PlanId& id, bool end_spot) {
    PlanRecord* record = find(id);
    if (!record) return fail(Errc::not_found, "there is no ask plan \"{}\"", id);
    PlanRecord next = *record;
    next.removing = true;
    next.end_spot = next.end_spot || end_spot;
    SONM_CHECK(journal_.save(next));
    *record = std::move(next);
    return Result<void>();
}

Result<void> Shop::forget(const PlanId& id) {
    SONM_CHECK(journal_.forget(id));
    std::erase_if(plans_, [&](const PlanRecord& record) { return record.id == id; });
    return Result<void>();
}

std::optional<Listing> Shop::listing(const PlanId& id, UnixTime now) const {
    std::optional<Listing> newest;
    for (const auto& [order, listing] : listings_) {
        if (listing.plan == id && (!newest || listing.generation > newest->generation)) newest = listing;
    }
    if (!newest) return std::nullopt;
    auto ask = view_.asks().find(newest->id);
    newest->state = ask == view_.asks().end() ? ListingState::intended : ask->second.state;
    bool ahead = newest->state == ListingState::intended || newest->state == ListingState::open;
    if (ahead && now >= newest->order.expiry) newest->state = ListingState::gone;
    return newest;
}

Result<Order> Shop::intend(const PlanId& id, std::uint32_t generation, UnixTime now) {
    for (const auto& [order, listing] : listings_) {
        if (listing.plan == id && listing.generation == generation) return listing.order;
    }
    PlanRecord* record = find(id);
    if (!record) return fail(Errc::not_found, "there is no ask plan \"{}\"", id);
    Bytes random = random_bytes(8);
    std::uint64_t nonce = 0;
    std::memcpy(&nonce, random.data(), sizeof nonce);
    Listing listing;
    listing.plan = id;
    listing.generation = generation;
    listing.order = make_ask(record->plan, machine_, self_, now, nonce);
    listing.id = model::order_id(listing.order);
    listing.resources = record->plan.resources;
    PlanRecord next = *record;
    next.generation = generation;
    next.outdated = false;
    auto write = [&]() -> Result<void> {
        SONM_CHECK(journal_.save(listing));
        return journal_.save(next);
    };
    SONM_CHECK(journal_.transact(write));
    *record = std::move(next);
    Order order = listing.order;
    listings_.insert_or_assign(listing.id, std::move(listing));
    return order;
}

const DealRecord* Shop::deal(DealId id) const {
    auto found = deals_.find(id);
    return found == deals_.end() ? nullptr : &found->second;
}

UnixTime Shop::ends_at(const DealRecord& deal) const {
    // Without any price report nobody but the chain can tell when a deal in USD runs dry.
    bool unknown = deal.deal.currency == model::Currency::usd && market_->rates().empty();
    if (unknown) return deal.deal.end.value != 0 ? deal.deal.end : UnixTime(~std::uint64_t(0));
    return market::ends_at(deal.deal, deal.state, market_->rates());
}

Resources Shop::sold() const {
    Resources sum;
    for (const auto& [id, deal] : deals_) {
        if (auto more = sum.plus(deal.holds)) sum = std::move(*more);
    }
    return sum;
}

Result<void> Shop::release(DealId id) {
    SONM_CHECK(journal_.forget(id));
    deals_.erase(id);
    return Result<void>();
}

Result<void> Shop::apply(const market::Step& step) {
    SONM_CHECK(market_->apply(step));
    view_.apply(step);
    return Result<void>();
}

void Shop::reread() {
    market_ = std::make_unique<market::MarketState>();
    view_ = MarketView(self_);
}

DealRecord Shop::record_of(const MarketView::DealFact& fact) const {
    DealRecord record;
    record.deal = fact.deal;
    record.state = fact.state;
    auto ask = view_.asks().find(fact.deal.ask);
    if (ask != view_.asks().end()) record.netflags = ask->second.order.netflags;
    if (auto listing = listings_.find(fact.deal.ask); listing != listings_.end()) {
        record.plan = listing->second.plan;
        record.holds = listing->second.resources;
    } else if (ask != view_.asks().end()) {
        record.holds = advertised(ask->second.order);
    }
    return record;
}

Result<void> Shop::reconcile(UnixTime now) {
    if (!view_.live()) return Result<void>();
    for (const auto& [id, fact] : view_.deals()) {
        auto known = deals_.find(id);
        if (known == deals_.end() && fact.state.status != model::DealStatus::open) continue;
        if (known != deals_.end() && known->second.deal == fact.deal && known->second.state == fact.state &&
            !known->second.missing_since) {
            continue;
        }
        DealRecord record =
            known == deals_.end() || known->second.deal != fact.deal ? record_of(fact) : known->second;
        record.state = fact.state;
        record.missing_since.reset();
        SONM_CHECK(journal_.save(record));
        if (known == deals_.end()) {
            SONM_LOG(info, "deal {} with {} opened{}{}", id, fact.deal.consumer,
                     record.plan ? " from ask plan " : "", record.plan.value_or(PlanId()));
        }
        deals_.insert_or_assign(id, std::move(record));
    }
    for (auto& [id, record] : deals_) {
        if (view_.deals().contains(id) || record.missing_since) continue;
        DealRecord next = record;
        next.missing_since = now;
        next.missing_head = view_.head_block();
        SONM_CHECK(journal_.save(next));
        SONM_LOG(warn,
                 "deal {} is no longer on the chain (it was reorganised, or restored from an older state); "
                 "its tasks go on for now",
                 id);
        record = std::move(next);
    }
    return Result<void>();
}

Picture Shop::picture(UnixTime now) const {
    Picture out;
    out.live = view_.live();
    out.head_block = view_.head_block();
    out.capacity = capacity_;
    out.endpoint_known = view_.endpoint();
    out.endpoint_count = view_.endpoint_count();
    market::MatchContext context = market_->context(now);
    for (const PlanRecord& record : plans_) {
        PlanView plan;
        plan.id = record.id;
        plan.resources = record.plan.resources;
        plan.removing = record.removing;
        plan.end_spot = record.end_spot;
        plan.outdated = record.outdated;
        plan.listing = listing(record.id, now);
        if (out.live && plan.listing && plan.listing->state == ListingState::open) {
            for (const market::OpenOrder* bid :
                 market_->book().best(plan.listing->order, context, matches_max)) {
                out.matches.push_back({record.id, bid->order});
            }
        }
        out.plans.push_back(std::move(plan));
    }
    for (const auto& [id, record] : deals_) {
        DealView deal;
        deal.deal = record.deal;
        deal.state = record.state;
        deal.plan = record.plan;
        deal.holds = record.holds;
        deal.ends = ends_at(record);
        deal.missing_since = record.missing_since;
        deal.missing_head = record.missing_head;
        out.deals.push_back(std::move(deal));
    }
    for (const auto& [id, ask] : view_.asks()) {
        if (ask.state == ListingState::open && now < ask.order.expiry && !listings_.contains(id))
            out.strangers.push_back(ask.order);
    }
    return out;
}

Result<void> Shop::prune() {
    if (!view_.live()) return Result<void>();
    view_.prune(reorganisation_blocks_max);
    for (auto entry = listings_.begin(); entry != listings_.end();) {
        const Listing& listing = entry->second;
        PlanRecord* plan = find(listing.plan);
        bool newest = plan && plan->generation == listing.generation;
        if (newest || view_.asks().contains(listing.id)) {
            ++entry;
            continue;
        }
        SONM_CHECK(journal_.forget(listing.id));
        entry = listings_.erase(entry);
    }
    return Result<void>();
}

}  // namespace sonm::worker
