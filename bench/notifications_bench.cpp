#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/notifications/notifications.hpp"
#include "sonm/unicorn/local_backend.hpp"
#include "sonm/unicorn/unicorn.hpp"

#include <fmt/format.h>

#include <algorithm>

/// What writers of `notifications` and `unicorn` get done when every answer is on the disk, and how long
/// another service of the same node takes to answer meanwhile:
///     TMPDIR=<folder on the disk> sonm_notifications_bench [seconds a row, default 3]
namespace {

using namespace sonm;
using Clock = std::chrono::steady_clock;

struct PingProtocol
    : rpc::Protocol<"ping", 1, rpc::Call<0, "ping", rpc::Args<>, rpc::Returns<std::uint64_t>>> {};

struct Row {
    std::string name;
    std::size_t writers = 0, bytes = 0;
    bool unicorn = false;
};

/// One node's event loop with three services.
struct Bench {
    Bench(const Executor& e, const std::filesystem::path& folder)
        : executor(e),
          notifications(e, notifications::Config(), clock, (folder / "n.db").string()),
          tree(std::make_unique<unicorn::LocalBackend>(e, (folder / "u.db").string())) {
        ping.on<"ping">([](const rpc::Context&) -> Result<std::uint64_t> { return 1; });
    }
    Executor executor;
    SystemClock clock;
    notifications::Notifications notifications;
    unicorn::Unicorn tree;
    rpc::Service<PingProtocol> ping;
    Clock::time_point until;
    std::uint64_t written = 0, failed = 0;
    std::vector<double> waits_ms;
};

Task<void> publish(Bench& bench, rpc::Client<services::NotificationsProtocol> client, std::size_t bytes) {
    services::Publication publication;
    publication.topic = "bench";
    publication.body = Bytes(bytes, 0x61);
    while (Clock::now() < bench.until) {
        auto publishing = client.call<"publish">(publication);
        auto done = co_await std::move(publishing);
        ++(done ? bench.written : bench.failed);
    }
}

Task<void> put(Bench& bench, services::UnicornClient client, std::string path, std::size_t bytes) {
    rpc::Encoded value;
    rpc::Writer(value.bytes).raw(std::string(bytes, 'a'));
    auto making = services::ask_unicorn<"create">(client, path, value);
    (void)co_await std::move(making);
    auto reading = services::ask_unicorn<"get">(client, path);
    auto now = co_await std::move(reading);
    std::int64_t version = now ? now->version : 0;
    while (Clock::now() < bench.until) {
        auto putting = services::ask_unicorn<"put">(client, path, value, version++);
        auto done = co_await std::move(putting);
        ++(done ? bench.written : bench.failed);
    }
}

Task<void> ping(Bench& bench, rpc::Client<PingProtocol> client) {
    while (Clock::now() < bench.until) {
        auto begun = Clock::now();
        auto asking = client.call<"ping">();
        (void)co_await std::move(asking);
        bench.waits_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
        co_await sleep_for(std::chrono::milliseconds(1));
    }
}

Task<void> measure(Bench& bench, Row row, std::chrono::seconds span) {
    bench.until = Clock::now() + span;
    bench.written = bench.failed = 0;
    bench.waits_ms.clear();
    auto body = [&](TaskGroup& group) -> Task<void> {
        // Connections live in a group of their own, or joining would wait for them.
        auto inside = [&](TaskGroup& workers) -> Task<void> {
            workers.spawn(ping(
                bench, rpc::Client<PingProtocol>(*rpc::connect_local(group, bench.executor, bench.ping))));
            for (std::size_t i = 0; i < row.writers; ++i) {
                if (row.unicorn) {
                    auto link = rpc::connect_local(group, bench.executor, bench.tree.handlers());
                    workers.spawn(
                        put(bench, services::UnicornClient(*link), fmt::format("/b/{}", i), row.bytes));
                } else {
                    auto link = rpc::connect_local(group, bench.executor, bench.notifications.handlers());
                    workers.spawn(
                        publish(bench, rpc::Client<services::NotificationsProtocol>(*link), row.bytes));
                }
            }
            co_await workers.join();
        };
        auto working = scope(row.writers + 1, std::move(inside));
        co_await std::move(working);
    };
    auto all = scope(2 * row.writers + 8, std::move(body));
    co_await std::move(all);
    std::sort(bench.waits_ms.begin(), bench.waits_ms.end());
    auto at = [&](double part) {
        return bench.waits_ms.empty() ? 0.0
                                      : bench.waits_ms[std::size_t(part * double(bench.waits_ms.size() - 1))];
    };
    fmt::print("| {} | {} | {:.0f} | {:.2f} | {:.2f} | {:.2f} |{}\n", row.name, row.writers,
               double(bench.written) / double(span.count()), at(0.5), at(0.99), at(1.0),
               bench.failed ? fmt::format(" {} failed", bench.failed) : std::string());
    std::fflush(stdout);
}

Task<int> run(std::filesystem::path folder, std::chrono::seconds span) {
    Bench bench(co_await asio::this_coro::executor, folder);
    auto starting = bench.notifications.start();
    auto first = co_await std::move(starting);
    auto opening = bench.tree.start();
    auto second = co_await std::move(opening);
    if (!first || !second) co_return 1;
    int code = 0;
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(bench.notifications.run());
        group.spawn(bench.tree.run());
        fmt::print(
            "| writers do | writers | /s | other service p50, ms | p99 | longest "
            "|\n|---|---|---|---|---|---|\n");
        std::vector<Row> rows{{"nothing", 0, 0, false},
                              {"publish 1 KiB", 1, KiB, false},
                              {"publish 1 KiB", 16, KiB, false},
                              {"publish 1 KiB", 256, KiB, false},
                              {"publish 200 KiB", 16, 200 * KiB, false},
                              {"unicorn put 100 B", 1, 100, true},
                              {"unicorn put 100 B", 16, 100, true},
                              {"unicorn put 100 B", 256, 100, true}};
        for (const Row& row : rows) {
            auto one = measure(bench, row, span);
            co_await std::move(one);
        }
    };
    auto all = scope(4, std::move(body));
    co_await std::move(all);
    co_return code;
}

}  // namespace

int main(int count, char** words) {
    std::chrono::seconds span(count > 1 ? sonm::parse_int<unsigned>(words[1]).value_or(3u) : 3u);
    TempDir folder;
    asio::io_context context;
    return run_main(context, run(folder.path(), span));
}
