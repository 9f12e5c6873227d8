#include "sonm/base/log.hpp"
#include "sonm/worker/worker.hpp"

/// The worker's loop: observe, decide, act.
namespace sonm::worker {
namespace {

constexpr std::chrono::seconds tick{1};
/// What was done is not decided again until its fact had time to arrive.
constexpr std::chrono::seconds echo_wait{3};
constexpr std::chrono::seconds retry_first{2}, retry_max{120};
constexpr std::size_t under_way_max = 64;
constexpr Seconds housekeeping_every{60};

}  // namespace

Task<void> Worker::decide_and_act(TaskGroup& group) {
    Policy policy;
    policy.settle_period = config_.settle_period;
    UnixTime kept = parts_.clock.now();
    while (true) {
        if (auto taken = shop_.reconcile(now()); !taken) SONM_LOG(error, "{}", taken.error().message());
        stop_orphans();
        for (Action& action : decide(observe(), now(), policy)) {
            if (under_way_.size() >= under_way_max) break;
            under_way_.insert(key_of(action));
            group.spawn(act(std::move(action)));
        }
        if (parts_.clock.now() - kept >= housekeeping_every) {
            kept = parts_.clock.now();
            housekeeping();
        }
        (void)co_await wait_for(changed_, tick);
    }
}

Picture Worker::observe() {
    Picture out = shop_.picture(now());
    for (DealView& deal : out.deals) deal.tasks_alive = table_.alive(deal.deal.id);
    out.engine_down_since = engine_down_since_;
    // Before the first answer of the engine nothing is sold, but nothing is withdrawn either.
    if (!engine_trouble_.empty() && !out.engine_down_since) out.engine_down_since = now();
    out.draining = draining_;
    out.endpoint_wanted = endpoint_;
    out.under_way = under_way_;
    auto steady = parts_.clock.steady();
    for (const auto& [key, wait] : waiting_) {
        if (steady < wait.until) out.waiting.insert(key);
    }
    return out;
}

Task<void> Worker::act(Action action) {
    std::string key = key_of(action);
    auto performing = perform(std::move(action));
    Result<void> outcome = co_await std::move(performing);
    under_way_.erase(key);
    retry_later(key, outcome);
    changed_.notify();
}

void Worker::retry_later(const std::string& key, const Result<void>& outcome) {
    Waiting& wait = waiting_[key];
    auto steady = parts_.clock.steady();
    if (outcome) {
        wait = Waiting{steady + echo_wait, 0};
        return;
    }
    auto pause = std::min(retry_max, retry_first * (1u << std::min(wait.failures, 10u)));
    wait.until = steady + pause;
    ++wait.failures;
    // The first failure is news; the hundredth of the same is noise.
    if (wait.failures == 1)
        SONM_LOG(warn, "{}: {}; trying again", key, outcome.error().message());
    else
        SONM_LOG(debug, "{}: {} (attempt {}, next in {} s)", key, outcome.error().message(), wait.failures,
                 pause.count());
}

namespace {

Async<void> without_receipt(Async<market::Receipted> intent) {
    SONM_CO_TRY(market::Receipted receipt, co_await std::move(intent));
    (void)receipt;
    co_return Result<void>();
}

}  // namespace

Async<void> Worker::perform(Action action) {
    std::string key = key_of(action);
    if (auto* place = std::get_if<PlaceAsk>(&action)) {
        // In the journal first: a crash between the two finds the very same order again.
        SONM_CO_TRY(Order order, shop_.intend(place->plan, place->generation, now()));
        // Named after the order: a journal that was lost counts its generations from 1 again.
        key = fmt::format("place:{}", to_hex(model::order_id(order).value.bytes));
        auto intent = without_receipt(parts_.ledger.place(key, std::move(order), Tokens()));
        SONM_CO_CHECK(co_await std::move(intent));
        SONM_LOG(info, "ask plan {} is on the market", place->plan);
    } else if (auto* cancel = std::get_if<CancelAsk>(&action)) {
        auto intent = without_receipt(parts_.ledger.cancel(key, cancel->order));
        SONM_CO_CHECK(co_await std::move(intent));
    } else if (auto* open = std::get_if<OpenDeal>(&action)) {
        auto intent = without_receipt(parts_.ledger.open_deal(key, open->ask, open->bid));
        SONM_CO_CHECK(co_await std::move(intent));
    } else if (auto* settle = std::get_if<SettleDeal>(&action)) {
        auto intent = without_receipt(parts_.ledger.settle(key, settle->deal));
        SONM_CO_CHECK(co_await std::move(intent));
        SONM_LOG(info, "deal {} is settled", settle->deal.id);
    } else if (auto* close = std::get_if<CloseDeal>(&action)) {
        auto intent = without_receipt(parts_.ledger.close(key, close->deal, model::BlacklistChoice::nobody));
        SONM_CO_CHECK(co_await std::move(intent));
        SONM_LOG(info, "deal {} is closed", close->deal.id);
    } else if (auto* publish = std::get_if<PublishEndpoint>(&action)) {
        auto intent = without_receipt(
            parts_.ledger.set_attribute(key, services::endpoint_attribute(), publish->endpoint));
        SONM_CO_CHECK(co_await std::move(intent));
        SONM_LOG(info, "published where this worker is reached: {}", publish->endpoint);
    } else if (auto* stop = std::get_if<StopTasks>(&action)) {
        for (TaskEntry* task : table_.of(stop->deal)) SONM_CO_CHECK(table_.ask_stop(*task, stop->reason));
    } else if (auto* release = std::get_if<ReleaseDeal>(&action)) {
        auto releasing = images_.release(release->deal);
        SONM_CO_CHECK(co_await std::move(releasing));
        SONM_CO_CHECK(blobs_.forget(release->deal));
        SONM_CO_CHECK(shop_.release(release->deal));
        SONM_LOG(info, "deal {} is over; what it held is free again", release->deal);
    } else if (auto* forget = std::get_if<ForgetPlan>(&action)) {
        SONM_CO_CHECK(shop_.forget(forget->plan));
    }
    co_return Result<void>();
}

}  // namespace sonm::worker
