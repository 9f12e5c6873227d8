#pragma once

#include "sonm/worker/picture.hpp"

#include <string>
#include <variant>
#include <vector>

namespace sonm::worker {

// ---- What a worker can do next. Each may be done twice without harm; `key` names it for ever. ----

/// Journal the plan's next ask, and place it; or place the one again that the journal intends.
struct PlaceAsk {
    PlanId plan;
    std::uint32_t generation = 0;
};
struct CancelAsk {
    Order order;
    OrderId id;
};
struct OpenDeal {
    Order ask, bid;
    OrderId ask_id, bid_id;
};
/// Take what has been earned. Ends the deal if it is over by the chain's own clock, and only then.
struct SettleDeal {
    Deal deal;
    UnixTime settled_until;
};
/// End a spot deal now.
struct CloseDeal {
    Deal deal;
};
/// Stop every task of the deal; to be repeated until none is left.
struct StopTasks {
    DealId deal;
    std::string reason;
};
/// Nothing of the deal is left on this machine: free what it held, delete its files.
struct ReleaseDeal {
    DealId deal;
};
struct ForgetPlan {
    PlanId plan;
};
/// `count` tells the second time of an endpoint from its first.
struct PublishEndpoint {
    std::string endpoint;
    std::uint64_t count = 0;
};

using Action = std::variant<PlaceAsk, CancelAsk, OpenDeal, SettleDeal, CloseDeal, StopTasks, ReleaseDeal,
                            ForgetPlan, PublishEndpoint>;

/// The same for the same action, also after a restart; different for different ones. Also the id of the
/// intent that it becomes, except for PlaceAsk, whose order is made later.
std::string key_of(const Action& action);

/// What is to be done now. Pure: no clock, no I/O, no log.
/// Never lists or opens what the machine does not have beside its deals and its other asks; never touches a
/// deal before its time.
std::vector<Action> decide(const Picture& picture, UnixTime now, const Policy& policy);

}  // namespace sonm::worker
