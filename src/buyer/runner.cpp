#include "sonm/buyer/runner.hpp"

#include "sonm/base/log.hpp"
#include "sonm/buyer/result_files.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/market/errc.hpp"
#include "sonm/services/receipt.hpp"

#include <fstream>

namespace sonm::buyer {
namespace {

/// How often a worker may not know our deal yet before that is worth telling.
constexpr int early_max = 4;

/// What an archive of outputs may have beside the files themselves: heads and paddings.
constexpr std::uint64_t archive_extra_max = 256 * MiB;

bool link_is_gone(const Error& error) {
    return error.is(Errc::closed) || error.is(Errc::timeout) || error.is(Errc::io) ||
           error.is(Errc::unavailable);
}

/// Whether the market has said no to the bid: then it is nowhere, nor on its way.
bool is_final_refusal(const Error& error) {
    return error.code.category() == market::MarketErrc_category() &&
           !error.is(market::MarketErrc::order_exists);
}

/// Whether the worker has heard us and says no. It may not have heard of the deal yet, or be busy with
/// another task of it.
bool is_refusal(Step step, const Error& error) {
    if (step == Step::save_result) return true;
    return step == Step::start_task && !error.is(Errc::not_found) && !error.is(Errc::busy);
}

}  // namespace

/// One run while it is being worked on.
struct Runner::Run {
    Run(RunRecord r, const Executor& executor)
        : record(std::move(r)),
          tracker(record.plan.bid),
          changed(executor, asio::steady_timer::time_point::max()) {}
    RunRecord record;
    Tracker tracker;
    asio::steady_timer changed;
    std::unique_ptr<WorkerLink> link;
    bool task_known = false;  // the worker itself has confirmed it, in this process
    std::optional<UnixTime> unreachable_since;
    bool worker_lost = false;
    int failures = 0;
    int refusals = 0;
    std::optional<Outcome> outcome;
    std::optional<Error> broken;

    std::string intent(std::string_view what) const { return fmt::format("run/{}/{}", record.id, what); }
};

Runner::Runner(market::Ledger& ledger, WorkerLinks& links, Journal& journal, const Clock& clock,
               RunObserver& observer, RunPolicy policy)
    : ledger_(ledger),
      links_(links),
      journal_(journal),
      clock_(clock),
      observer_(observer),
      policy_(policy) {}

Async<Outcome> Runner::run(RunId id) {
    SONM_CO_TRY(auto lock, journal_.lock(id));
    SONM_CO_TRY(RunRecord record, journal_.get(id.value));
    Run run(std::move(record), co_await asio::this_coro::executor);
    auto body = [this, &run](TaskGroup& group) -> Task<void> {
        auto on_step = [&run](const market::Step& step) {
            run.tracker.apply(step);
            run.changed.cancel();
        };
        group.spawn(ledger_.follow(0, std::move(on_step)));
        auto driving = drive(run);
        auto result = co_await std::move(driving);
        if (result)
            run.outcome = *result;
        else
            run.broken = result.error();
    };
    auto working = scope(4, std::move(body));
    co_await std::move(working);
    if (run.broken) co_return tl::unexpected<Error>(*run.broken);
    co_return *run.outcome;
}

Known Runner::observe(const Run& run) const {
    Known known;
    known.bid = run.tracker.bid();
    known.bid_sent = run.record.bid_sent;
    if (auto view = run.tracker.deal()) known.deal = view->state.status;
    known.deal_over = run.tracker.deal_over();
    known.worker_reachable = run.link != nullptr;
    known.worker_lost = run.worker_lost;
    bool final = run.record.task && model::is_final(*run.record.task);
    if (run.task_known || final) known.task = run.record.task;
    known.result_saved = run.record.result_saved;
    known.cancel_asked = run.record.cancel_asked;
    return known;
}

Async<Outcome> Runner::drive(Run& run) {
    std::optional<Step> last;
    while (true) {
        // History first: a bid that was placed before we were killed must not be placed again.
        Known known = observe(run);
        Step step = run.tracker.live() ? decide(known) : Step::wait_for_deal;
        if (run.tracker.live() && last != step) observer_.on_step(step);
        if (run.tracker.live()) last = step;
        if (step == Step::done) {
            Outcome ended = outcome(known, run.record.exit_code);
            run.record.outcome = std::string(to_string(ended));
            SONM_CO_CHECK(journal_.save(run.record));
            co_return ended;
        }
        if (step == Step::wait_for_deal) {
            run.changed.expires_after(policy_.look_again);
            (void)co_await run.changed.async_wait(as_tuple(asio::use_awaitable));
        } else {
            auto acting = act(run, step);
            auto acted = co_await std::move(acting);
            if (!acted && step == Step::place_bid) {
                if (!is_final_refusal(acted.error())) co_return tl::unexpected<Error>(acted.error());
                run.record.bid_sent = false;
                SONM_CO_CHECK(journal_.save(run.record));
                if (!run.record.cancel_asked) co_return tl::unexpected<Error>(acted.error());
            } else if (!acted) {
                // A worker hears of a deal when its own look at the chain does, which may be a little after
                // ours.
                bool early =
                    step == Step::start_task && acted.error().is(Errc::not_found) && run.failures < early_max;
                if (!early) observer_.on_trouble(acted.error());
                Millis pause =
                    std::min(policy_.retry_max, policy_.retry_min * (1 << std::min(run.failures++, 6)));
                run.changed.expires_after(pause);
                (void)co_await run.changed.async_wait(as_tuple(asio::use_awaitable));
            } else {
                run.failures = 0;
                bool intended =
                    step == Step::place_bid || step == Step::cancel_bid || step == Step::close_deal;
                auto waiting = wait_for_fact(run, step);
                if (intended) co_await std::move(waiting);
            }
        }
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw asio::system_error(asio::error::operation_aborted);
        SONM_CO_TRY(run.record.cancel_asked, journal_.cancel_asked(run.record.id));
    }
}

/// An intent that was carried out is not done: its fact is still on its way to us.
Task<void> Runner::wait_for_fact(Run& run, Step step) {
    auto until = std::chrono::steady_clock::now() + policy_.look_again;
    while (decide(observe(run)) == step && std::chrono::steady_clock::now() < until) {
        run.changed.expires_at(until);
        (void)co_await run.changed.async_wait(as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw asio::system_error(asio::error::operation_aborted);
    }
}

Async<void> Runner::act(Run& run, Step step) {
    const RunPlan& plan = run.record.plan;
    auto view = run.tracker.deal();
    Result<void> done;
    switch (step) {
        case Step::place_bid: {
            run.record.bid_sent = true;
            SONM_CO_CHECK(journal_.save(run.record));
            SONM_CO_CHECK(co_await ledger_.place(run.intent("place"), plan.bid, plan.escrow));
            break;
        }
        case Step::cancel_bid: {
            SONM_CO_CHECK(co_await ledger_.cancel(run.intent("cancel"), plan.bid));
            break;
        }
        case Step::close_deal: {
            SONM_CO_CHECK(
                co_await ledger_.close(run.intent("close"), view->deal, model::BlacklistChoice::nobody));
            break;
        }
        case Step::connect: co_return co_await connect(run);
        case Step::start_task: done = co_await start_task(run); break;
        case Step::follow_task: done = co_await follow_task(run); break;
        case Step::stop_task: done = co_await run.link->stop(plan.task); break;
        case Step::save_result: done = co_await save_result(run); break;
        case Step::wait_for_deal:
        case Step::done: co_return Result<void>();
    }
    if (!done && link_is_gone(done.error())) run.link.reset();
    // A worker that answers but will not take the task, or cannot give a sound result, does not keep us, nor
    // our money, for ever.
    else if (!done && is_refusal(step, done.error()) && ++run.refusals >= policy_.refusals_max)
        run.worker_lost = true;
    if (step == Step::stop_task && done) {
        auto following = follow_task(run);
        done = co_await std::move(following);
    }
    co_return done;
}

Async<void> Runner::connect(Run& run) {
    auto view = run.tracker.deal();
    observer_.on_deal(view->deal, view->state);
    auto endpoint = co_await ledger_.attribute(view->deal.supplier, services::endpoint_attribute());
    Result<std::unique_ptr<WorkerLink>> link =
        fail(Errc::unavailable, "worker {} has published no endpoint", view->deal.supplier);
    if (!endpoint)
        link = tl::unexpected<Error>(endpoint.error());
    else if (!endpoint->empty())
        link = co_await links_.connect(view->deal.supplier, *endpoint);
    auto unreachable = [&](const Error& why) {
        UnixTime now = clock_.now();
        if (!run.unreachable_since) run.unreachable_since = now;
        run.worker_lost = now - *run.unreachable_since >= policy_.patience;
        return wrap(why, "connecting to worker {}", view->deal.supplier);
    };
    if (!link) co_return unreachable(link.error());
    run.link = std::move(*link);
    auto status = co_await run.link->status(run.record.plan.task);
    // One that lets us in and then gives no answer is no more use than one that is away.
    if (!status && !status.error().is(Errc::not_found)) {
        run.link.reset();
        co_return unreachable(status.error());
    }
    run.unreachable_since.reset();
    if (status) co_return saw(run, *status);
    co_return Result<void>();
}

Result<void> Runner::saw(Run& run, const model::TaskStatus& status) {
    run.task_known = true;
    bool news = run.record.task != status.state;
    run.record.task = status.state;
    run.record.exit_code = status.exit_code;
    run.record.reason = status.reason;
    observer_.on_task(status);
    if (news) return journal_.save(run.record);
    return {};
}

Async<void> Runner::start_task(Run& run) {
    const RunPlan& plan = run.record.plan;
    DealId deal = run.tracker.deal()->deal.id;
    for (const auto& blob : plan.blobs) {
        SONM_CO_TRY(bool there, co_await run.link->has_blob(deal, blob.sha256));
        if (there) continue;
        auto sent = [this, &blob](std::uint64_t bytes) {
            observer_.on_upload(blob.path.filename().string(), bytes, blob.bytes);
        };
        SONM_CO_CHECK(co_await run.link->put_blob(deal, blob.sha256, blob.path, std::move(sent)));
    }
    model::TaskSpec spec = plan.spec;
    if (!plan.registry_password_file.empty()) {
        SONM_CO_TRY(spec.image.registry_password, read_password(plan.registry_password_file));
    }
    SONM_CO_TRY(auto status, co_await run.link->start(deal, plan.task, std::move(spec)));
    co_return saw(run, status);
}

Async<void> Runner::follow_task(Run& run) {
    auto on_status = [this, &run](const model::TaskStatus& status) {
        if (auto saved = saw(run, status); !saved) observer_.on_trouble(saved.error());
    };
    auto on_log = [this, &run](const LogChunk& chunk) {
        observer_.on_log(chunk);
        run.record.logs_seen = chunk.next;
    };
    Result<void> ended;
    // Out here, for it may outlive the body.
    auto show_logs = [&]() -> Task<void> {
        auto logs = co_await run.link->logs(run.record.plan.task, run.record.logs_seen, true, on_log);
        if (!logs && !link_is_gone(logs.error())) observer_.on_trouble(logs.error());
    };
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(show_logs());
        auto following = run.link->follow(run.record.plan.task, on_status);
        // Bounded, so that a cancel order, or the end of the deal on the chain, is noticed while the worker
        // says nothing.
        ended = co_await within(policy_.look_again, std::move(following));
        // The rest of the log is at the worker already; a little time for it to arrive.
        auto rest = group.join();
        auto last_words = [](Task<void> task) -> Async<void> {
            co_await std::move(task);
            co_return Result<void>();
        };
        auto joining = last_words(std::move(rest));
        if (ended) (void)co_await within(Millis(2'000), std::move(joining));
    };
    auto working = scope(2, std::move(body));
    co_await std::move(working);
    SONM_CO_CHECK(journal_.save(run.record));
    // Silence is no trouble by itself: ask. A dead link shows in the answer.
    if (ended || !ended.error().is(Errc::timeout)) co_return ended;
    SONM_CO_TRY(auto status, co_await run.link->status(run.record.plan.task));
    co_return saw(run, status);
}

Async<void> Runner::save_result(Run& run) {
    const RunPlan& plan = run.record.plan;
    // What it printed while nobody was connected, or faster than it was read.
    auto on_log = [this, &run](const LogChunk& chunk) {
        observer_.on_log(chunk);
        run.record.logs_seen = chunk.next;
    };
    auto rest = co_await run.link->logs(plan.task, run.record.logs_seen, false, on_log);
    if (!rest && link_is_gone(rest.error())) co_return rest;
    if (!rest) observer_.on_trouble(rest.error());
    SONM_CO_TRY(SignedReceipt signed_receipt, co_await run.link->receipt(plan.task));
    model::Deal deal = run.tracker.deal()->deal;
    SONM_CO_CHECK(
        services::check(signed_receipt, deal.id, plan.task, deal.supplier, plan.spec, policy_.chain_id));
    if (!plan.outputs.empty() && !signed_receipt.receipt.outputs.is_zero()) {
        std::filesystem::path archive = plan.outputs.front().local;
        archive += fmt::format(".{}.tar", run.record.id);
        std::error_code ignored;
        if (archive.has_parent_path()) std::filesystem::create_directories(archive.parent_path(), ignored);
        std::ofstream file(archive, std::ios::binary | std::ios::trunc);
        crypto::Sha256 hash;
        std::uint64_t room = plan.spec.output_bytes_max + archive_extra_max;
        auto sink = [&](BytesView piece) -> Result<void> {
            if (piece.size() > room)
                return fail(Errc::too_large,
                            "the worker sends more than the {} bytes of outputs that were agreed",
                            plan.spec.output_bytes_max);
            room -= piece.size();
            hash.update(piece);
            file.write(reinterpret_cast<const char*>(piece.data()),
                       static_cast<std::streamsize>(piece.size()));
            if (!file) return fail(Errc::no_space, "writing {}", archive.string());
            return {};
        };
        auto pulled = co_await run.link->pull(plan.task, std::move(sink));
        file.close();
        if (pulled && hash.finish() != signed_receipt.receipt.outputs)
            pulled = fail(Errc::corrupt, "the result does not have the hash that the worker signed");
        if (pulled) pulled = extract_outputs(archive, plan.outputs, plan.spec.output_bytes_max);
        std::filesystem::remove(archive, ignored);
        // What a failed task did not leave cannot be fetched again and again.
        bool missing = !pulled && pulled.error().is(Errc::not_found);
        if (missing)
            observer_.on_trouble(pulled.error());
        else if (!pulled)
            co_return pulled;
    }
    run.record.receipt_json = to_json(signed_receipt);
    run.record.result_saved = true;
    co_return journal_.save(run.record);
}

}  // namespace sonm::buyer
