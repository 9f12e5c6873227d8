#include "sonm/worker/worker.hpp"

/// What the operator asks over the unix socket that only this user can open.
namespace sonm::worker {
namespace {

using services::PlanInfo;
using services::PlanState;

PlanInfo info_of(Worker& worker, const PlanRecord& record) {
    PlanInfo out;
    out.id = record.id.value;
    out.price = record.plan.terms.price.per_second;
    out.currency = record.plan.terms.price.currency;
    out.duration = record.plan.terms.duration;
    out.resources = record.plan.resources;
    auto listing = worker.shop().listing(record.id, worker.now());
    if (listing && listing->state == ListingState::intended) out.state = PlanState::placing;
    if (listing && listing->state == ListingState::open) out.state = PlanState::listed;
    if (listing && (out.state == PlanState::placing || out.state == PlanState::listed)) out.ask = listing->id;
    for (const auto& [id, deal] : worker.shop().deals()) {
        if (deal.plan != record.id) continue;
        out.state = PlanState::sold;
        out.deal = id;
        out.ask = deal.deal.ask;
    }
    if (out.state == PlanState::waiting) out.note = worker.not_selling();
    if (out.state == PlanState::waiting && out.note.empty())
        out.note = "its ask will be placed in a moment, or when deals have freed what it sells";
    if (record.removing) {
        out.state = PlanState::removing;
        out.note = out.deal ? "waits for its deal to end" : "its ask is being withdrawn";
    }
    return out;
}

Result<PlanInfo> ask_create(Worker& worker, const std::string& text, const std::string& file) {
    SONM_TRY(AskPlan plan, parse_ask_plan(text, file.empty() ? "ask plan" : file));
    SONM_TRY(PlanId id, worker.shop().add(std::move(plan)));
    worker.wake();
    auto& plans = worker.shop().plans();
    return info_of(worker, *std::ranges::find(plans, id, &PlanRecord::id));
}

Result<std::vector<PlanInfo>> ask_list(Worker& worker) {
    std::vector<PlanInfo> out;
    for (const PlanRecord& record : worker.shop().plans()) out.push_back(info_of(worker, record));
    return out;
}

Result<std::vector<services::DealInfo>> deals(Worker& worker) {
    std::vector<services::DealInfo> out;
    for (const auto& [id, record] : worker.shop().deals()) {
        services::DealInfo info;
        info.deal = record.deal;
        info.state = record.state;
        if (record.plan) info.plan = record.plan->value;
        info.holds = record.holds;
        info.tasks_alive = worker.tasks().alive(id);
        out.push_back(std::move(info));
    }
    return out;
}

}  // namespace

std::unique_ptr<rpc::ServiceBase> make_admin_service(Worker& worker) {
    auto service = std::make_unique<rpc::Service<services::WorkerAdminProtocol>>();
    Worker* w = &worker;
    using Who = rpc::Context;
    service->on<"info">([w](const Who&) { return Result<services::WorkerInfo>(w->info()); });
    service->on<"ask_create">(
        [w](const Who&, std::string text, std::string file) { return ask_create(*w, text, file); });
    service->on<"ask_list">([w](const Who&) { return ask_list(*w); });
    service->on<"ask_remove">([w](const Who&, std::string plan, bool end_spot) -> Result<void> {
        SONM_CHECK(w->shop().remove(PlanId(plan), end_spot));
        w->wake();
        return Result<void>();
    });
    service->on<"benchmarks">([w](const Who&) {
        const Machine& machine = w->shop().machine();
        return Result<services::BenchmarkInfo>(
            services::BenchmarkInfo{machine.measured, machine.whole, machine.text});
    });
    service->on<"drain">([w](const Who&, bool on) { return w->set_draining(on).map([on] { return on; }); });
    service->on<"deals">([w](const Who&) { return deals(*w); });
    service->on<"tasks">([w](const Who&) {
        std::vector<model::TaskStatus> out;
        for (const TaskEntry* task : w->tasks().all()) out.push_back(task->status());
        return Result<std::vector<model::TaskStatus>>(std::move(out));
    });
    return service;
}

}  // namespace sonm::worker
