#include "sonm/cli/act.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"

/// Whom a worker's account works for.
namespace sonm::cli {
namespace {

namespace profiles = settlement::bindings::profile_registry;

template <class Call>
Plan one_call(const Office& office, std::string sentence, std::string what, const Call& call) {
    Plan plan;
    plan.sentence = std::move(sentence);
    plan.calls.push_back(call_of(std::move(what), office.network().profiles, call));
    return plan;
}

Async<Plan> bind(Office& office) {
    profiles::RequestMaster call;
    SONM_CO_TRY(call.master, office.address("master"));
    co_return one_call(
        office,
        fmt::format("Asks {} to be the master of {}: once it confirms, it is paid for this worker's "
                    "deals and stands for its identity.",
                    call.master, office.desk.self()),
        "ask to be a worker", call);
}

Async<Plan> confirm_worker(Office& office) {
    profiles::ConfirmWorker call;
    SONM_CO_TRY(call.worker, office.address("worker"));
    co_return one_call(office, fmt::format("Takes {} as a worker of {}.", call.worker, office.desk.self()),
                       "confirm a worker", call);
}

Async<Plan> unbind(Office& office) {
    profiles::Unbind call;
    call.worker = office.desk.self();
    if (office.has("worker")) {
        SONM_CO_TRY(call.worker, office.address("worker"));
    }
    co_return one_call(office,
                       fmt::format("Ends the binding, or the request, of {}; deals that are open still pay "
                                   "the master they have.",
                                   call.worker),
                       "unbind a worker", call);
}

Async<Shown> list(Office& office) {
    crypto::Address account = office.desk.self();
    if (office.has("account")) {
        SONM_CO_TRY(account, office.address("account"));
    }
    auto reading = office.desk.facts<profiles::MasterRequestedEvent, profiles::MasterSetEvent>(
        office.network().profiles);
    SONM_CO_TRY(auto facts, co_await std::move(reading));
    struct Bound {
        crypto::Address master, requested;
    };
    std::map<crypto::Address, Bound> workers;
    for (const auto& [block, time, fact] : facts) {
        if (auto* set = std::get_if<profiles::MasterSetEvent>(&fact))
            workers[set->worker] = Bound{set->master, crypto::Address()};
        else if (auto* asked = std::get_if<profiles::MasterRequestedEvent>(&fact))
            workers[asked->worker].requested = asked->master;
    }
    Table table({"WORKER", "MASTER", "STATE"});
    Shown out{Json::array(), ""};
    for (const auto& [worker, bound] : workers) {
        bool is_bound = !bound.master.is_zero();
        const crypto::Address& master = is_bound ? bound.master : bound.requested;
        if (master.is_zero() || (worker != account && master != account)) continue;
        const char* state = is_bound ? "bound" : "asked";
        table.add({crypto::to_string(worker), crypto::to_string(master), state});
        out.json.push_back(
            {{"worker", crypto::to_string(worker)}, {"master", crypto::to_string(master)}, {"state", state}});
    }
    out.text = table.empty() ? fmt::format("{} has no master and no workers\n", account) : table.to_text();
    co_return out;
}

}  // namespace

void add_master_commands(Commands& commands, CLI::App& worker) {
    add_act(commands, worker, "bind", "Ask an account to be this worker's master", "  sonm worker bind alice",
            {{"master", "Address or name"}}, bind);
    add_act(commands, worker, "confirm", "Take a worker that has asked; by the master",
            "  sonm worker confirm dev:1", {{"worker", "Address or name"}}, confirm_worker);
    add_act(commands, worker, "unbind", "End a binding or a request; by either side",
            "  sonm worker unbind\n  sonm worker unbind dev:1",
            {{"worker?", "Address or name; else one's own"}}, unbind);
    add_look(commands, worker, "ls", "Masters and workers of an account", "  sonm worker ls",
             {{"account?", "Address or name; else one's own"}}, list);
}

}  // namespace sonm::cli
