// From the deal, and from the start of a task, to the first line of its log: through the chain, the Slave
// protocol, the worker and the container engine. bench/task_bench.py sets the stage (chain, engine, worker)
// and holds the result against engine_bench.
//
//   task_bench NETWORK_FILE DEV_KEY IMAGE_ARCHIVE RUNS

#include "sonm/base/clock.hpp"
#include "sonm/base/units.hpp"
#include "sonm/buyer/plan.hpp"
#include "sonm/buyer/rpc_worker_link.hpp"
#include "sonm/buyer/tracker.hpp"
#include "sonm/crypto/development_keys.hpp"
#include "sonm/settlement/chain_ledger.hpp"

#include <cstdio>
#include <fstream>

namespace sonm {
namespace {

using Steady = std::chrono::steady_clock;

double milliseconds(Steady::duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

struct Column {
    const char* name;
    std::vector<double> values;
    void print() {
        std::sort(values.begin(), values.end());
        fmt::print("| {:<36} | {:8.1f} | {:8.1f} | {:8.1f} |\n", name, values.front(),
                   values[values.size() / 2], values.back());
    }
};

struct Stage {
    market::Ledger& ledger;
    const crypto::Signer& signer;
    SystemClock clock;
    buyer::LocalBlob image;
    Column bid_to_deal{"bid sent -> deal known (chain)", {}}, deal_to_log{"deal known -> first log line", {}},
        start_to_log{"task started -> first log line", {}};
};

model::Order make_bid(const Stage& stage, std::uint64_t number) {
    model::Order bid;
    bid.side = model::Side::bid;
    bid.author = stage.signer.address();
    bid.price = model::PricePerSecond(U256(1'000'000'000'000'000ULL));
    bid.duration = Seconds(600);
    bid.expiry = stage.clock.now() + Seconds(3600);
    bid.nonce = model::OrderNonce(U256(static_cast<std::uint64_t>(Steady::now().time_since_epoch().count())) +
                                  U256(number));
    bid.benchmarks[model::Benchmark::cpu_cores] = 100;
    return bid;
}

Async<model::Deal> deal_of(Stage& stage, buyer::Tracker& tracker, const model::Order& bid,
                           std::uint64_t number) {
    SONM_CO_TRY(Tokens escrow, co_await stage.ledger.escrow_needed(bid));
    SONM_CO_CHECK(co_await stage.ledger.place(fmt::format("bench/{}", bid.nonce.value), bid, escrow));
    while (!tracker.deal()) co_await sleep_for(Millis(2));
    co_return tracker.deal()->deal;
}

/// Starts one task that prints a line; returns when the line is here.
Async<void> first_line(Stage& stage, buyer::WorkerLink& link, model::DealId deal) {
    model::TaskSpec spec;
    spec.image.reference = "sonm/busybox:latest";
    spec.image.blob = stage.image.sha256;
    spec.image.blob_bytes = stage.image.bytes;
    spec.command = {"echo", "hello"};
    model::TaskId task(to_hex(random_bytes(16)));
    auto begin = Steady::now();
    SONM_CO_CHECK(co_await link.start(deal, task, std::move(spec)));
    std::optional<double> took;
    auto chunk = [&](const buyer::LogChunk&) {
        if (!took) took = milliseconds(Steady::now() - begin);
    };
    SONM_CO_CHECK(co_await link.logs(task, 0, true, std::move(chunk)));
    if (!took) {
        SONM_CO_TRY(auto status, co_await link.status(task));
        co_return fail(Errc::internal, "the task printed nothing: {} {}", model::to_string(status.state),
                       status.reason);
    }
    stage.start_to_log.values.push_back(*took);
    co_return Result<void>();
}

Async<void> one_deal(Stage& stage, TaskGroup& group, std::uint64_t number, int tasks) {
    model::Order bid = make_bid(stage, number);
    auto tracker = std::make_shared<buyer::Tracker>(bid);
    auto on_step = [tracker](const market::Step& step) { tracker->apply(step); };
    group.spawn(stage.ledger.follow(0, std::move(on_step)));
    auto begin = Steady::now();
    SONM_CO_TRY(model::Deal deal, co_await deal_of(stage, *tracker, bid, number));
    auto known = Steady::now();
    stage.bid_to_deal.values.push_back(milliseconds(known - begin));
    buyer::RpcWorkerLinks links(group, stage.signer, stage.clock);
    SONM_CO_TRY(std::string endpoint,
                co_await stage.ledger.attribute(deal.supplier, services::endpoint_attribute()));
    SONM_CO_TRY(auto link, co_await links.connect(deal.supplier, endpoint));
    auto held = co_await link->has_blob(deal.id, stage.image.sha256);
    while (!held) {  // the worker's own look at the chain comes a little later
        co_await sleep_for(Millis(5));
        held = co_await link->has_blob(deal.id, stage.image.sha256);
    }
    auto ignored = [](std::uint64_t) {};
    if (!*held)
        SONM_CO_CHECK(
            co_await link->put_blob(deal.id, stage.image.sha256, stage.image.path, std::move(ignored)));
    SONM_CO_CHECK(co_await first_line(stage, *link, deal.id));
    stage.deal_to_log.values.push_back(milliseconds(Steady::now() - known));
    stage.start_to_log.values.pop_back();  // the first task of a deal loads the image: it is in the other row
    for (int i = 0; i < tasks; ++i) SONM_CO_CHECK(co_await first_line(stage, *link, deal.id));
    SONM_CO_CHECK(co_await stage.ledger.close(fmt::format("bench-close/{}", deal.id), deal,
                                              model::BlacklistChoice::nobody));
    co_return Result<void>();
}

Async<void> measure(std::string network_file, std::string key, std::string archive, int runs) {
    SONM_CO_TRY(auto network, settlement::read_network(network_file));
    SONM_CO_TRY(auto secret,
                parse_hex_fixed<32>(crypto::development_keys.at(static_cast<std::size_t>(key.back() - '0'))));
    SONM_CO_TRY(auto signer, crypto::PrivateKey::from_bytes(secret));
    Executor executor = co_await asio::this_coro::executor;
    SONM_CO_TRY(auto ledger,
                settlement::ChainLedger::open(executor, network, signer, std::filesystem::path()));
    SONM_CO_TRY(auto image, buyer::local_blob(archive));
    Stage stage{*ledger, signer, {}, std::move(image)};
    Result<void> done;
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(ledger->run());
        for (int i = 0; i < runs && done; ++i) {
            auto work = one_deal(stage, group, static_cast<std::uint64_t>(i), 5);
            done = co_await std::move(work);
        }
    };
    auto working = scope(256, std::move(body));
    co_await std::move(working);
    if (!done) co_return done;
    fmt::print("| {:<36} | {:>8} | {:>8} | {:>8} |  ms\n|---|---|---|---|\n", "step", "min", "p50", "max");
    for (Column* column : {&stage.bid_to_deal, &stage.deal_to_log, &stage.start_to_log}) column->print();
    co_return Result<void>();
}

Task<int> work(int argc, char** argv) {
    if (argc != 5) {
        fmt::print(stderr,
                   "task_bench NETWORK_FILE dev:N IMAGE_ARCHIVE RUNS (bench/task_bench.py sets the stage)\n");
        co_return 2;
    }
    auto runs = parse_int<int>(argv[4]);
    auto measuring = measure(argv[1], argv[2], argv[3], runs.value_or(5));
    auto done = co_await std::move(measuring);
    if (!done) fmt::print(stderr, "task_bench: {}\n", done.error().message());
    co_return done ? 0 : 1;
}

}  // namespace
}  // namespace sonm

int main(int argc, char** argv) {
    asio::io_context context(1);
    return sonm::run_main(context, sonm::work(argc, argv));
}
