#pragma once

#include "sonm/services/worker_service.hpp"

/// What the operator of a worker asks its daemon, over a unix socket that only this user can open.
namespace sonm::services {

/// X(identifier, number, "word", "what it means")
#define SONM_PLAN_STATES(X)                                         \
    X(waiting, 0, "waiting", "not on the market; see the note")     \
    X(placing, 1, "placing", "its ask is on its way to the market") \
    X(listed, 2, "listed", "its ask is on the market")              \
    X(sold, 3, "sold", "a deal holds its resources")                \
    X(removing, 4, "removing", "will be forgotten once nothing hangs on it")
#define SONM_PLAN_STATE_ENUMERATOR(identifier, number, word, meaning) identifier = number,
enum class PlanState : std::uint8_t { SONM_PLAN_STATES(SONM_PLAN_STATE_ENUMERATOR) };
#undef SONM_PLAN_STATE_ENUMERATOR

inline std::string_view to_string(PlanState state) {
#define SONM_PLAN_STATE_WORD(identifier, number, word, meaning) \
    case PlanState::identifier: return word;
    switch (state) { SONM_PLAN_STATES(SONM_PLAN_STATE_WORD) }
#undef SONM_PLAN_STATE_WORD
    return "unknown";
}

struct PlanInfo {
    std::string id;
    PlanState state = PlanState::waiting;
    model::PricePerSecond price;
    model::Currency currency = model::Currency::snm;
    Seconds duration;
    model::Resources resources;
    std::optional<model::OrderId> ask;
    std::optional<DealId> deal;
    std::string note;
};

struct DealInfo {
    model::Deal deal;
    model::DealState state;
    std::string plan;
    model::Resources holds;
    std::uint64_t tasks_alive = 0;
};

/// What this machine measured, and what it is.
struct BenchmarkInfo {
    model::Benchmarks values;
    model::Resources machine;
    std::string text;  ///< the hardware, for people
};

}  // namespace sonm::services

template <>
inline constexpr auto sonm::rpc::enum_max<sonm::services::PlanState> = sonm::services::PlanState::removing;
template <>
struct sonm::rpc::Fields<sonm::services::PlanInfo> {
    using Info = services::PlanInfo;
    static constexpr auto list =
        fields(field<"id">(&Info::id), field<"state">(&Info::state), field<"price">(&Info::price),
               field<"currency">(&Info::currency), field<"duration">(&Info::duration),
               field<"resources">(&Info::resources), field<"ask">(&Info::ask), field<"deal">(&Info::deal),
               field<"note">(&Info::note));
};
template <>
struct sonm::rpc::Fields<sonm::services::DealInfo> {
    using Info = services::DealInfo;
    static constexpr auto list =
        fields(field<"deal">(&Info::deal), field<"state">(&Info::state), field<"plan">(&Info::plan),
               field<"holds">(&Info::holds), field<"tasks_alive">(&Info::tasks_alive));
};
template <>
struct sonm::rpc::Fields<sonm::services::BenchmarkInfo> {
    using Info = services::BenchmarkInfo;
    static constexpr auto list =
        fields(field<"values">(&Info::values), field<"machine">(&Info::machine), field<"text">(&Info::text));
};

namespace sonm::services {

/// 0 info          as the worker service says it.
/// 1 ask_create    adds an ask plan, given as the text of its file (`file` names it in errors). Answers
/// before its ask is on the market.
///                 Errors: exists (a plan of that name), conflict (does not fit into what this worker may
///                 sell), invalid (file, line, what).
/// 2 ask_list      all plans, oldest first.
/// 3 ask_remove    withdraws a plan's ask and forgets the plan once its deal is over; with `end_spot` ends a
/// spot deal now. Errors: not_found. 4 benchmarks    what the asks advertise shares of. 5 drain         true:
/// sell nothing more, deals run to their end. false: sell again. Answers what it is now. 6 deals         what
/// holds resources now. 7 tasks         every task that is known, oldest first.
using WorkerAdminProtocol = rpc::Protocol<
    "worker_admin", 1, rpc::Call<0, "info", rpc::Args<>, rpc::Returns<WorkerInfo>>,
    rpc::Call<1, "ask_create", rpc::Args<rpc::Arg<"text", std::string>, rpc::Arg<"file", std::string>>,
              rpc::Returns<PlanInfo>>,
    rpc::Call<2, "ask_list", rpc::Args<>, rpc::Returns<std::vector<PlanInfo>>>,
    rpc::Call<3, "ask_remove", rpc::Args<rpc::Arg<"plan", std::string>, rpc::Arg<"end_spot", bool>>,
              rpc::Returns<>>,
    rpc::Call<4, "benchmarks", rpc::Args<>, rpc::Returns<BenchmarkInfo>>,
    rpc::Call<5, "drain", rpc::Args<rpc::Arg<"on", bool>>, rpc::Returns<bool>>,
    rpc::Call<6, "deals", rpc::Args<>, rpc::Returns<std::vector<DealInfo>>>,
    rpc::Call<7, "tasks", rpc::Args<>, rpc::Returns<std::vector<model::TaskStatus>>>>;

using WorkerAdminClient = rpc::Client<WorkerAdminProtocol>;

}  // namespace sonm::services
