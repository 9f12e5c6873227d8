#include "sonm/base/fs.hpp"
#include "sonm/base/process.hpp"
#include "sonm/unicorn/contract.hpp"
#include "sonm/unicorn/etcd_backend.hpp"
#include "support/server_process.hpp"

/// The contract of every backend, and what only a cluster can do, over an etcd that the test starts.
namespace sonm::unicorn::contract {
namespace {

struct Etcd {
    TempDir folder;
    std::uint16_t port = 0;
    std::unique_ptr<test::ServerProcess> process;

    Result<void> start() {
        port = test::free_port();
        std::string client = fmt::format("http://127.0.0.1:{}", port);
        std::string peer = fmt::format("http://127.0.0.1:{}", test::free_port());
        SONM_TRY(process, test::ServerProcess::start(
                              {"etcd", "--data-dir", (folder / "data").string(), "--listen-client-urls",
                               client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
                               "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer,
                               "--unsafe-no-fsync", "--log-level", "error"},
                              port));
        return Result<void>();
    }
    EtcdConfig config(std::string prefix) const {
        EtcdConfig out;
        out.urls = {fmt::format("http://127.0.0.1:{}", port)};
        out.prefix = std::move(prefix);
        out.lease = Seconds(4);
        out.keep_alive = Millis(500);
        out.reconnect = Millis(50);
        return out;
    }
};

/// One for all tests of this program.
Result<Etcd*> shared_etcd() {
    static Etcd etcd;
    static Result<void> started = []() -> Result<void> {
        SONM_CHECK(find_program("etcd"));
        return etcd.start();
    }();
    SONM_CHECK(started);
    return &etcd;
}

#define SONM_NEEDS_ETCD()                                                                    \
    auto found_etcd = shared_etcd();                                                         \
    if (!found_etcd) {                                                                       \
        ASSERT_TRUE(found_etcd.error().is(Errc::not_found)) << found_etcd.error().message(); \
        GTEST_SKIP() << found_etcd.error().message();                                        \
    }                                                                                        \
    Etcd& etcd = **found_etcd

std::string fresh_prefix() { return "test/" + to_hex(random_bytes(4)) + "/"; }

/// A tree of its own each time.
std::unique_ptr<Backend> in_etcd(const Executor& executor) {
    return std::make_unique<EtcdBackend>(executor, shared_etcd().value()->config(fresh_prefix()));
}
std::vector<MakeBackend> makers() {
    if (!find_program("etcd")) return {};
    return {in_etcd};
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(UnicornContract);
INSTANTIATE_TEST_SUITE_P(Etcd, UnicornContract, testing::ValuesIn(makers()),
                         [](const auto&) { return "etcd"; });

/// A second node on the same tree.
struct OtherNode {
    OtherNode(TaskGroup& group, const Executor& executor, EtcdConfig config)
        : unicorn(std::make_unique<EtcdBackend>(executor, std::move(config))) {
        group.spawn(unicorn.run());
        connection = rpc::connect_local(group, executor, unicorn.handlers()).value();
        client.emplace(connection);
    }
    Unicorn unicorn;
    rpc::Connection connection;
    std::optional<UnicornClient> client;
};

/// Runs `body(group, executor, a, b)` with two nodes on one tree.
template <class F>
void with_two_nodes(Etcd& etcd, F body) {
    auto main = [](Etcd& server, F run) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        EtcdConfig config = server.config(fresh_prefix());
        auto inside = [&](TaskGroup& group) -> Task<void> {
            auto a = std::make_unique<OtherNode>(group, executor, config);
            auto b = std::make_unique<OtherNode>(group, executor, config);
            auto running = run(*a, *b);
            co_await std::move(running);
            group.cancel();
            co_await group.join();
        };
        auto work = as_result(scope(64, std::move(inside)));
        auto limited = within(40s, std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome) << outcome.error().message();
    };
    run_test(main(etcd, std::move(body)));
}

Task<void> check_two_nodes(OtherNode& a, OtherNode& b) {
    auto source = follow_unicorn<"subscribe">(*b.client, std::string("/x")).value();
    EXPECT_EQ((co_await source.next()).value(), Versioned());
    EXPECT_TRUE(co_await ask_unicorn<"create">(*a.client, std::string("/x"), text("one")));
    EXPECT_EQ((co_await source.next()).value(), versioned(text("one"), 0));
    std::optional held(follow_unicorn<"lock">(*a.client, std::string("/l")).value());
    EXPECT_TRUE((co_await held->next()).value().value());
    auto waiting = follow_unicorn<"lock">(*b.client, std::string("/l")).value();
    EXPECT_TRUE((co_await within(300ms, waiting.next())).error().is(Errc::timeout));
    held.reset();
    EXPECT_TRUE((co_await waiting.next()).value().value());
}
TEST(UnicornEtcd, two_nodes_share_values_subscriptions_and_locks) {
    SONM_NEEDS_ETCD();
    with_two_nodes(etcd, check_two_nodes);
}

Task<void> check_going_down(OtherNode& a, OtherNode& b) {
    using std::chrono::steady_clock;
    auto held = follow_unicorn<"lock">(*a.client, std::string("/l")).value();
    EXPECT_TRUE((co_await held.next()).value().value());
    auto next = follow_unicorn<"lock">(*b.client, std::string("/l")).value();
    auto other = follow_unicorn<"lock">(*b.client, std::string("/m")).value();
    EXPECT_TRUE((co_await other.next()).value().value());
    auto seats = follow_unicorn<"children_subscribe">(*b.client, std::string("/m")).value();
    EXPECT_EQ(std::get<1>((co_await seats.next()).value().value()).size(), 1u);
    auto waiting = follow_unicorn<"lock">(*a.client, std::string("/m")).value();
    EXPECT_EQ(std::get<1>((co_await seats.next()).value().value()).size(), 2u);
    auto begun = steady_clock::now();
    auto drain = [&](TaskGroup& group) -> Task<void> {
        auto node = [](Unicorn& unicorn) -> Task<void> {
            auto draining = unicorn.drain();
            EXPECT_TRUE(co_await std::move(draining));
        };
        group.spawn(node(a.unicorn));
        auto lost = co_await held.next();
        EXPECT_TRUE(!lost && lost.error().is(UnicornErrc::connection_loss));
        auto told = steady_clock::now();
        EXPECT_EQ(std::get<1>((co_await seats.next()).value().value()).size(), 1u);
        EXPECT_LT(steady_clock::now() - begun, 900ms) << "who only waited goes at once";
        EXPECT_TRUE((co_await next.next()).value().value());
        EXPECT_GT(steady_clock::now() - told, 900ms) << "time for the holder to hear it";
        co_await group.join();
    };
    auto all = scope(1, std::move(drain));
    co_await std::move(all);
    EXPECT_LT(steady_clock::now() - begun, 3s);
}
TEST(UnicornEtcd, a_lock_held_on_a_node_that_goes_down_is_given_on_when_its_holder_has_been_told) {
    SONM_NEEDS_ETCD();
    with_two_nodes(etcd, check_going_down);
}

TEST(UnicornEtcd, the_lock_of_a_node_that_died_goes_with_its_lease) {
    SONM_NEEDS_ETCD();
    auto main = [](Etcd& server) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        EtcdConfig config = server.config(fresh_prefix());
        // Nobody runs this backend: it takes its place and then gives no sign of life, as a dead one does.
        auto dead = std::make_unique<EtcdBackend>(executor, config);
        auto queueing = dead->enqueue("/l", Versioned::nil());
        auto seat = co_await std::move(queueing);
        EXPECT_TRUE(seat) << seat.error().message();
        auto inside = [&](TaskGroup& group) -> Task<void> {
            OtherNode node(group, executor, config);
            auto begun = std::chrono::steady_clock::now();
            auto waiting = follow_unicorn<"lock">(*node.client, std::string("/l")).value();
            EXPECT_TRUE((co_await waiting.next()).value().value());
            auto took = std::chrono::steady_clock::now() - begun;
            EXPECT_GT(took, 1s);
            EXPECT_LT(took, 15s);
            group.cancel();
            co_await group.join();
        };
        auto work = as_result(scope(16, std::move(inside)));
        auto limited = within(30s, std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome) << outcome.error().message();
    };
    run_test(main(etcd));
}

TEST(UnicornEtcd, a_holder_that_loses_etcd_is_told_before_its_lease_ends_and_all_goes_on_afterwards) {
    if (!find_program("etcd")) GTEST_SKIP() << "no program etcd";
    Etcd own;
    auto started = own.start();
    ASSERT_TRUE(started) << started.error().message();
    with_two_nodes(own, [&own](OtherNode& a, OtherNode& b) -> Task<void> {
        EXPECT_TRUE(co_await ask_unicorn<"create">(*a.client, std::string("/kept"), text("v")));
        auto source = follow_unicorn<"subscribe">(*b.client, std::string("/kept")).value();
        EXPECT_EQ((co_await source.next()).value(), versioned(text("v"), 0));
        auto held = follow_unicorn<"lock">(*a.client, std::string("/l")).value();
        EXPECT_TRUE((co_await held.next()).value().value());
        own.process->kill();
        auto lost = co_await held.next();
        EXPECT_TRUE(!lost && lost.error().is(UnicornErrc::connection_loss))
            << (lost ? "held" : lost.error().message());
        auto down = co_await ask_unicorn<"get">(*a.client, std::string("/kept"));
        EXPECT_TRUE(down.error().is(UnicornErrc::connection_loss)) << down.error().message();
        EXPECT_TRUE(own.process->restart());
        auto back = co_await ask_unicorn<"get">(*a.client, std::string("/kept"));
        for (int i = 0; i < 100 && !back; ++i) {
            co_await sleep_for(50ms);
            back = co_await ask_unicorn<"get">(*a.client, std::string("/kept"));
        }
        EXPECT_EQ(back.value(), versioned(text("v"), 0));
        auto again = follow_unicorn<"lock">(*b.client, std::string("/l")).value();
        EXPECT_TRUE((co_await again.next()).value().value());
    });
}

}  // namespace
}  // namespace sonm::unicorn::contract
