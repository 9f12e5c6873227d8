#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/buyer/decide.hpp"
#include "sonm/buyer/journal.hpp"
#include "sonm/buyer/tracker.hpp"
#include "sonm/buyer/worker_link.hpp"
#include "sonm/market/ledger.hpp"

namespace sonm::buyer {

/// Is told what a run does, for whoever watches. Called on the run's executor; must not block.
class RunObserver {
public:
    virtual ~RunObserver() = default;
    virtual void on_step(Step) {}
    virtual void on_deal(const model::Deal&, const model::DealState&) {}
    virtual void on_upload(std::string_view, std::uint64_t, std::uint64_t) {}
    virtual void on_task(const model::TaskStatus&) {}
    virtual void on_log(const LogChunk&) {}
    virtual void on_trouble(const Error&) {}
};

struct RunPolicy {
    Millis retry_min{500}, retry_max{10'000};  ///< between attempts at something that failed
    Seconds patience{120};  ///< how long a worker may be out of reach before the deal is given up
    int refusals_max = 5;   ///< how often a worker may refuse the task, or fail to give a sound result
    std::uint64_t chain_id = 31337;  ///< receipts are signed for one chain
    Millis look_again{15'000};       ///< longest wait before everything is looked at anew
};

/// Carries one run to its end: looks at the facts and at the worker, decides, acts, and looks again. May be
/// stopped anywhere, by cancellation or by kill -9, and started again with the same journal. One executor.
class Runner {
public:
    /// All must outlive it.
    Runner(market::Ledger& ledger, WorkerLinks& links, Journal& journal, const Clock& clock,
           RunObserver& observer, RunPolicy policy = RunPolicy());
    Runner(const Runner&) = delete;

    /// Returns when the run is done. Errors: busy (another process has it), those of the journal, and the
    /// ledger's refusal of the bid (too little money, ...), after which nothing is left behind.
    Async<Outcome> run(RunId id);

private:
    struct Run;
    Async<Outcome> drive(Run& run);
    Task<void> wait_for_fact(Run& run, Step step);
    Async<void> act(Run& run, Step step);
    Async<void> connect(Run& run);
    Async<void> start_task(Run& run);
    Async<void> follow_task(Run& run);
    Async<void> save_result(Run& run);
    Known observe(const Run& run) const;
    Result<void> saw(Run& run, const model::TaskStatus& status);

    market::Ledger& ledger_;
    WorkerLinks& links_;
    Journal& journal_;
    const Clock& clock_;
    RunObserver& observer_;
    RunPolicy policy_;
};

}  // namespace sonm::buyer
