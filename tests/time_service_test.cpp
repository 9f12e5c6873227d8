#include "sonm/time/time.hpp"
#include "support/http_peer.hpp"
#include "support/server_process.hpp"
#include "support/service_bench.hpp"

namespace sonm::time {
namespace {

using namespace std::chrono_literals;

/// A machine whose clock is off.
class SkewedTicks final : public Ticks {
public:
    explicit SkewedTicks(std::int64_t skew) : skew(skew) {}
    std::int64_t wall() const override { return Ticks::wall() + skew; }
    std::int64_t skew;
};

/// A node with a time service on a port of its own.
struct Node {
    Node(const Executor& executor, std::int64_t skew, std::vector<std::string> peers = {},
         std::string chain = {})
        : ticks(skew),
          time(executor, config(std::move(peers), std::move(chain)), nullptr, ticks),
          server(executor, rpc::ServerOptions()) {
        server.add(time.handlers());
        auto listener = std::move(*listen_tcp(executor, "127.0.0.1", 0));
        address = listener->address();
        server.listen(std::move(listener));
    }
    static Config config(std::vector<std::string> peers, std::string chain) {
        Config out;
        out.peers = std::move(peers);
        out.interval = Millis(50);
        out.answer_max = Millis(1'000);
        out.chain_url = std::move(chain);
        out.chain_allow = {*web::parse_network("127.0.0.1")};
        return out;
    }
    void start(TaskGroup& group) {
        group.spawn(server.run());
        group.spawn(time.run());
    }
    SkewedTicks ticks;
    Time time;
    rpc::Server server;
    std::string address;
};

/// Waits until the condition holds, at most 5 s.
template <class F>
Task<void> until(F condition) {
    for (int i = 0; i < 500 && !condition(); ++i) co_await sleep_for(10ms);
    EXPECT_TRUE(condition());
}

constexpr std::int64_t minute = 60'000'000;

TEST(TimeService, a_clock_that_lies_by_an_hour_agrees_with_nobody) {
    test::run_group([](TaskGroup& group) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        Node right(executor, 0), also_right(executor, 20'000), liar(executor, -60 * minute);
        Node wrong(executor, 5 * minute, {right.address, also_right.address, liar.address});
        for (Node* node : {&right, &also_right, &liar, &wrong}) node->start(group);
        auto condition_1 = [&] { return wrong.time.status().sources.size() == 4; };
        co_await until(condition_1);
        auto status = wrong.time.status();
        for (const auto& source : status.sources)
            if (source.name == liar.address) EXPECT_FALSE(source.agrees);
        group.cancel();
        co_await group.join();
    });
}

TEST(TimeService, most_clocks_win_over_the_own_one_and_the_reading_is_within_its_error) {
    test::run_group([](TaskGroup& group) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        Node a(executor, 0), b(executor, 0), c(executor, 0);
        Node wrong(executor, 5 * minute, {a.address, b.address, c.address});
        for (Node* node : {&a, &b, &c, &wrong}) node->start(group);
        auto condition_2 = [&] { return wrong.time.now().agreed; };
        co_await until(condition_2);
        auto connection = co_await rpc::connect(group, wrong.address, "time");
        services::TimeClient client(*connection);
        // The readings began 5 minutes ahead; they stand still rather than go back, and say so.
        auto reading = (co_await client.call<"now">()).value();
        std::int64_t off = reading.time_us - Ticks().wall();
        EXPECT_LE(std::abs(off), static_cast<std::int64_t>(reading.error_us));
        auto status = (co_await client.call<"status">()).value();
        EXPECT_NEAR(double(status.offset_us), double(-5 * minute), 50'000);
        EXPECT_FALSE(status.sources.at(0).agrees);
        EXPECT_EQ(status.sources.at(0).name, "own");
        auto later = (co_await client.call<"now">()).value();
        EXPECT_GE(later.time_us, reading.time_us);
        group.cancel();
        co_await group.join();
    });
}

TEST(TimeService, a_clock_that_is_set_is_measured_anew_and_a_dead_peer_is_left_out) {
    test::run_group([](TaskGroup& group) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        Node a(executor, 0), b(executor, 0);
        Node node(executor, -minute, {a.address, b.address, fmt::format("127.0.0.1:{}", test::free_port())});
        for (Node* each : {&a, &b, &node}) each->start(group);
        auto condition_3 = [&] { return node.time.now().agreed; };
        co_await until(condition_3);
        auto before = node.time.now();
        EXPECT_LE(std::abs(before.time_us - Ticks().wall()), static_cast<std::int64_t>(before.error_us));
        node.ticks.skew = 3 * minute;
        EXPECT_FALSE(node.time.now().agreed) << "what was measured before counts no more";
        auto condition_4 = [&] { return node.time.now().agreed; };
        co_await until(condition_4);
        EXPECT_NEAR(double(node.time.status().offset_us), double(-3 * minute), 50'000);
        group.cancel();
        co_await group.join();
    });
}

TEST(TimeService, the_chain_is_a_coarse_clock_among_the_others) {
    test::run_group([](TaskGroup& group) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        auto answer = [](test::PeerRequest request, ByteStream& stream) {
            EXPECT_NE(request.body.find("eth_getBlockByNumber"), std::string::npos);
            std::string block =
                fmt::format(R"({{"result":{{"timestamp":"0x{:x}"}}}})", Ticks().wall() / 1'000'000 - 5);
            return test::write_answer(stream, 200, block);
        };
        test::HttpPeer chain(executor, answer);
        group.spawn(chain.run());
        Node fast(executor, 10 * minute, {}, chain.url()), good(executor, 0, {}, chain.url());
        fast.start(group);
        good.start(group);
        auto condition_5 = [&] { return good.time.now().agreed; };
        co_await until(condition_5);
        EXPECT_LT(good.time.now().error_us, 600'000u);
        auto condition_6 = [&] { return fast.time.status().sources.size() == 2; };
        co_await until(condition_6);
        EXPECT_FALSE(fast.time.now().agreed) << "own clock and chain contradict each other";
        EXPECT_GT(fast.time.now().error_us, 8u * minute);
        group.cancel();
        co_await group.join();
    });
}

TEST(TimeService, peers_of_changed_arguments__are_asked_at_once) {
    test::run_group([](TaskGroup& group) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        Node a(executor, 0), b(executor, 0);
        Node node(executor, 0);
        for (Node* each : {&a, &b, &node}) each->start(group);
        auto reload = [&](const std::string& text) {
            auto take = [&](YamlReader& args) { EXPECT_TRUE(node.time.reload(args)); };
            EXPECT_TRUE(read_yaml(text, "args", take));
        };
        // An hour between rounds: what is asked is asked because of the change.
        std::string common = "interval: 1 h, chain_allow: [127.0.0.1]";
        reload(fmt::format("{{peers: ['{}'], {}}}", a.address, common));
        auto has = [&](const std::string& name) {
            return std::ranges::any_of(node.time.status().sources,
                                       [&](const auto& one) { return one.name == name; });
        };
        auto asked_a = [&] { return has(a.address); };
        co_await until(asked_a);
        reload(fmt::format("{{peers: ['{}'], {}}}", b.address, common));
        auto asked_b = [&] { return has(b.address); };
        co_await until(asked_b);
        EXPECT_FALSE(has(a.address)) << "no longer listed";
        group.cancel();
        co_await group.join();
    });
}

}  // namespace
}  // namespace sonm::time
