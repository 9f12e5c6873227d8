#include "sonm/cli/explain.hpp"

#include "sonm/base/units.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/market/match.hpp"

namespace sonm::cli {
namespace {

using market::Mismatch;

/// People, levels and lists as of the view; kept here because a look needs no rewinding.
market::People people_of(const MarketView& view) {
    market::People people;
    for (const auto& fact : view.facts) {
        if (auto* master = std::get_if<market::MasterSet>(&fact.body)) people.set_master(master->worker, master->master);
        if (auto* level = std::get_if<market::LevelSet>(&fact.body)) {
            market::People::Certificate certificate{level->level, level->expiry};
            people.set_level(level->account, certificate);
        }
        if (auto* listed = std::get_if<market::BlacklistChanged>(&fact.body)) people.set_listed(listed->owner, listed->account, listed->listed);
    }
    return people;
}

}  // namespace

Explanation explain_order(const MarketView& view, const OrderEntry& entry) {
    Explanation out;
    if (entry.state != OrderState::open) {
        out.lines.push_back(fmt::format("It is {}: nothing can match it any more.", to_string(entry.state)));
        return out;
    }
    market::People people = people_of(view);
    model::Rate rate;
    UnixTime since;
    for (const auto& fact : view.facts)
        if (auto* report = std::get_if<market::RateReported>(&fact.body)) {
            rate = report->rate;
            since = report->since;
        }
    market::MatchContext context{view.head_time, people, rate, rate.value == 0 || view.head_time - since > Seconds(3600)};
    bool is_ask = entry.order.side == model::Side::ask;
    std::map<Mismatch, std::size_t> reasons;
    std::size_t candidates = 0;
    for (const auto& [id, other] : view.orders) {
        if (other.state != OrderState::open || other.order.side == entry.order.side) continue;
        ++candidates;
        ++reasons[is_ask ? market::matches(entry.order, other.order, context) : market::matches(other.order, entry.order, context)];
    }
    std::string_view others = is_ask ? "bids" : "asks";
    if (candidates == 0) {
        out.lines.push_back(fmt::format("There are no open {} at all.", others));
        return out;
    }
    if (auto found = reasons.find(Mismatch::none); found != reasons.end()) {
        out.matches = true;
        out.lines.push_back(fmt::format("{} of {} open {} match: a deal is on its way.", found->second, candidates, others));
    }
    for (const auto& [reason, count] : reasons)
        if (reason != Mismatch::none) out.lines.push_back(fmt::format("{} of {} open {}: {}.", count, candidates, others, market::to_string(reason)));
    return out;
}

}  // namespace sonm::cli
