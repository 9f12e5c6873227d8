#include "sonm/rpc/server.hpp"

#include "sonm/rpc/testing.hpp"

namespace sonm::rpc {
namespace {

using namespace std::chrono_literals;

struct Greeter
    : Protocol<"greeter", 3, Call<0, "greet", Args<Arg<"name", std::string>>, Returns<std::string>>> {};
struct Counter : Protocol<"counter", 5, Call<0, "next", Args<>, Returns<std::uint64_t>>> {};

/// Gives connections that tests push; needs no network.
class FakeListener final : public Listener {
public:
    explicit FakeListener(const Executor& executor) : incoming_(executor, 16) {}
    Async<std::unique_ptr<ByteStream>> accept() override { return incoming_.pop(); }
    void close() override { incoming_.close(); }
    std::string address() const override { return "192.0.2.1:4242"; }
    void push(std::unique_ptr<ByteStream> stream) { (void)incoming_.try_push(std::move(stream)); }

private:
    Channel<std::unique_ptr<ByteStream>> incoming_;
};

struct Fixture {
    Executor executor;
    Service<Greeter> greeter;
    Service<Counter> counter;
    std::uint64_t count = 0;
    Server server;
    FakeListener* listener = nullptr;

    explicit Fixture(Executor e, std::size_t connections_max)
        : executor(e), server(e, options(connections_max)) {
        greeter.on<"greet">([](const Context& who, std::string name) -> Result<std::string> {
            return "hello " + name + " at " + who.peer();
        });
        counter.on<"next">([this](const Context&) -> Result<std::uint64_t> { return ++count; });
        server.add(greeter);
        server.add(counter);
        auto owned = std::make_unique<FakeListener>(e);
        listener = owned.get();
        server.listen(std::move(owned));
    }
    static ServerOptions options(std::size_t connections_max) {
        ServerOptions options;
        options.connections_max = connections_max;
        return options;
    }
    std::unique_ptr<ByteStream> dial() {
        auto [near, far] = make_pipe(executor);
        listener->push(std::move(far));
        return std::move(near);
    }
};

/// Runs `body(fixture, group)` beside a running server.
template <class F>
void with_server(F body, std::size_t connections_max = 16) {
    auto main = [](F run, std::size_t limit) -> Async<bool> {
        Executor executor = co_await asio::this_coro::executor;
        Fixture fixture(executor, limit);
        auto inside = [&](TaskGroup& group) {
            group.spawn(fixture.server.run());
            return run(fixture, group);
        };
        auto work = testing::as_result(scope(64, std::move(inside)));
        auto limited = within(10s, std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome);
        co_return true;
    };
    EXPECT_TRUE(run_test(main(std::move(body), connections_max)));
}

Task<void> check_names(Fixture& fixture, TaskGroup& group) {
    auto first = co_await connect_over(group, fixture.dial(), "greeter");
    auto second = co_await connect_over(group, fixture.dial(), "counter");
    auto nobody = co_await connect_over(group, fixture.dial(), "nobody");
    EXPECT_TRUE(nobody.error().is(LocatorErrc::service_not_available)) << nobody.error().message();
    Client<Greeter> greeter(*first);
    Client<Counter> counter(*second);
    EXPECT_EQ((co_await greeter.call<"greet">("you")).value(), "hello you at pipe");
    EXPECT_EQ((co_await counter.call<"next">()).value(), 1u);
    EXPECT_EQ(fixture.server.connections(), 2u);
}
TEST(Server, several_services_are_reached_by_name_on_one_port) { with_server(check_names); }

Task<void> check_resolve(Fixture& fixture, TaskGroup& group) {
    auto connection = co_await connect_over(group, fixture.dial(), "");
    Client<LocatorProtocol> locator(*connection);
    auto found = co_await locator.call<"resolve">("counter", std::nullopt);
    auto& [endpoints, version, graph] = *found;
    EXPECT_EQ(endpoints, (std::vector<Endpoint>{{"192.0.2.1", 4242}}));
    EXPECT_EQ(version, 5u);
    EXPECT_EQ(to_hex(graph.bytes),
              "810093a46e657874808200"
              "92a576616c75658001"
              "92a56572726f7280");
    EXPECT_TRUE(co_await locator.call<"resolve">("locator", "seed"));
    auto none = co_await locator.call<"resolve">("nobody", std::nullopt);
    EXPECT_EQ(to_wire(none.error()).category, 10);
}
TEST(Server, the_locator_tells_where_a_service_is_and_how_it_talks) { with_server(check_resolve); }

Task<void> check_bound(Fixture& fixture, TaskGroup& group) {
    auto first = co_await connect_over(group, fixture.dial(), "greeter");
    auto second = co_await connect_over(group, fixture.dial(), "greeter");
    auto third = co_await connect_over(group, fixture.dial(), "greeter");
    EXPECT_TRUE(third.error().is(Errc::closed)) << third.error().message();
    EXPECT_EQ(fixture.server.refused(), 1u);
    second->close();
    while (fixture.server.connections() != 1) co_await sleep_for(Millis(1));
    EXPECT_TRUE(co_await connect_over(group, fixture.dial(), "greeter"));
}
TEST(Server, connections_beyond_the_limit_are_turned_away_and_leave_room_when_others_end) {
    with_server(check_bound, 2);
}

Task<void> check_bad_peer(Fixture& fixture, TaskGroup& group) {
    auto good = co_await connect_over(group, fixture.dial(), "counter");
    Client<Counter> counter(*good);
    for (const char* hex : {"c1", "93", "93010000", "ffffffffffffff", "93014191a3", "9301419105"}) {
        auto stream = fixture.dial();
        auto bytes = parse_hex(hex).value();
        (void)co_await stream->write(bytes);
        stream->shutdown_write();
        (void)co_await testing::read_to_end(*stream);
        EXPECT_TRUE(co_await counter.call<"next">()) << hex;
    }
}
TEST(Server, a_peer_that_sends_rubbish_hurts_nobody_else) { with_server(check_bad_peer); }

Task<void> check_end(Fixture& fixture, TaskGroup& group) {
    auto connection = co_await connect_over(group, fixture.dial(), "counter");
    fixture.listener->close();
    Client<Counter> counter(*connection);
    EXPECT_TRUE(co_await counter.call<"next">()) << "existing connections go on";
}
TEST(Server, a_closed_listener_leaves_existing_connections_alone) { with_server(check_end); }

}  // namespace
}  // namespace sonm::rpc
