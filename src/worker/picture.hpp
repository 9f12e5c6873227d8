#pragma once

#include "sonm/model/deal.hpp"
#include "sonm/model/resources.hpp"
#include "sonm/model/task.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

/// What a worker knows at one moment: facts of the market, its own journal, and the state of the machine.
/// Values only.
namespace sonm::worker {

using model::Address;
using model::Deal;
using model::DealId;
using model::DealState;
using model::Order;
using model::OrderId;
using model::Resources;
using model::TaskId;

/// Names an ask plan on this worker, for ever: its name in the file, or "plan-N".
using PlanId = Strong<std::string, struct PlanIdTag>;

/// Where an ask of ours stands.
enum class ListingState {
    intended,  ///< in the journal; the market has not confirmed it yet
    open,      ///< on the market: anybody may open a deal with it
    matched,   ///< has become a deal
    gone,      ///< cancelled or expired
};

/// One ask of a plan. A plan has at most one that is not over.
struct Listing {
    PlanId plan;
    std::uint32_t generation = 0;  ///< counts the asks of a plan
    OrderId id;
    Order order;
    Resources resources;  ///< what a deal from this ask reserves, whatever becomes of the plan
    ListingState state = ListingState::intended;
};

struct PlanView {
    PlanId id;
    Resources resources;
    bool removing = false;  ///< to be forgotten as soon as nothing hangs on it
    bool end_spot = false;  ///< with `removing`: end a spot deal instead of waiting for the consumer
    bool outdated = false;  ///< the plan was rewritten after its ask was placed
    std::optional<Listing> listing;
};

struct DealView {
    Deal deal;
    DealState state;
    std::optional<PlanId> plan;  ///< nothing: opened from an ask that this journal does not know
    Resources holds;
    UnixTime ends;                ///< when it ends if nothing changes
    std::size_t tasks_alive = 0;  ///< tasks that are not final, or whose container is still there
    /// Since when the chain no longer knows it (a reorganisation, or a chain restored from an older state),
    /// and the head then.
    std::optional<UnixTime> missing_since;
    std::uint64_t missing_head = 0;
};

/// A bid that matches an open ask of ours, best first for each plan.
struct Match {
    PlanId plan;
    Order bid;
};

struct Picture {
    bool live = false;  ///< all of history has been read: decisions may be taken
    std::uint64_t head_block = 0;
    Resources capacity;
    std::optional<UnixTime> engine_down_since;
    bool draining = false;        ///< sell nothing more; deals run to their end
    std::vector<PlanView> plans;  ///< in the order in which they were made
    std::vector<DealView> deals;
    std::vector<Match> matches;
    /// Asks of this account that no journal entry explains: they would sell resources twice.
    std::vector<Order> strangers;
    std::string endpoint_wanted, endpoint_known;
    std::uint64_t endpoint_count = 0;  ///< how often one was published before
    std::set<std::string> under_way;   ///< keys of actions that are being done
    std::set<std::string> waiting;     ///< keys of actions that failed and are not to be tried again yet
};

/// The operator's choices that decisions depend on.
struct Policy {
    Seconds settle_period{3'600};  ///< of a running deal
    Seconds end_margin{2};         ///< after a deal's end, before settling it: clocks differ
    Seconds end_retry{10};         ///< between two settlements of a deal that should have ended
    Seconds missing_wait{60};      ///< before tasks of a deal that the chain no longer knows are stopped ...
    std::uint64_t missing_blocks{
        3};  ///< ... and so many blocks must have come: a chain that stands still proves nothing
    Seconds blind_wait{3'600};  ///< after a deal's end, before its tasks are stopped although the chain has
                                ///< not been heard yet
    Seconds engine_wait{120};   ///< without an engine, before open asks are withdrawn
};

}  // namespace sonm::worker
