#include "sonm/rpc/client.hpp"
#include "sonm/rpc/server.hpp"
#include "sonm/rpc/testing_probe.hpp"

/// Services that come and go while a server runs, and its peaceful end.
namespace sonm::rpc {
namespace {

using namespace std::chrono_literals;

/// Gives connections that tests push; needs no network.
class FakeListener final : public Listener {
public:
    FakeListener(const Executor& executor, std::string address)
        : incoming_(executor, 16), address_(std::move(address)) {}
    Async<std::unique_ptr<ByteStream>> accept() override { return incoming_.pop(); }
    void close() override { incoming_.close(); }
    std::string address() const override { return address_; }
    bool push(std::unique_ptr<ByteStream> stream) { return incoming_.try_push(std::move(stream)); }

private:
    Channel<std::unique_ptr<ByteStream>> incoming_;
    std::string address_;
};

struct Fixture {
    Executor executor;
    testing::ProbeService probe;
    Server server;
    std::vector<std::string> told;

    Fixture(Executor e, ServerOptions options) : executor(e), server(e, std::move(options)) {
        server.on_change([this](const std::string& name) { told.push_back(name); });
    }
    FakeListener* publish(const std::string& name, const std::string& address) {
        auto owned = std::make_unique<FakeListener>(executor, address);
        auto* listener = owned.get();
        EXPECT_TRUE(server.publish(name, probe, std::move(owned)));
        return listener;
    }
    std::unique_ptr<ByteStream> dial(FakeListener& listener) {
        auto [near, far] = make_pipe(executor);
        EXPECT_TRUE(listener.push(std::move(far)));
        return std::move(near);
    }
    Async<Connection> attach(TaskGroup& group, std::string name) {
        auto [near, far] = make_pipe(executor);
        group.spawn(server.serve(std::move(far)));
        auto connecting = connect_over(group, std::move(near), std::move(name));
        co_return co_await std::move(connecting);
    }
};

template <class F>
void with_server(F body, ServerOptions options = ServerOptions()) {
    auto main = [](F run, ServerOptions given) -> Async<bool> {
        Executor executor = co_await asio::this_coro::executor;
        Fixture fixture(executor, std::move(given));
        auto inside = [&](TaskGroup& group) {
            group.spawn(fixture.server.run());
            return run(fixture, group);
        };
        auto work = testing::as_result(scope(64, std::move(inside)));
        auto limited = within(10s, std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome) << outcome.error().message();
        co_return true;
    };
    EXPECT_TRUE(run_test(main(std::move(body), std::move(options))));
}

Async<std::uint64_t> add(Connection connection) {
    Client<testing::Probe> probe(std::move(connection));
    auto asking = probe.call<"add">(2u, 3u);
    co_return co_await std::move(asking);
}

Task<void> hang(Client<testing::Probe> probe, std::optional<Error>& out) {
    auto asking = probe.call<"hang">();
    auto answer = co_await std::move(asking);
    if (!answer) out = answer.error();
}

Task<void> check_publish(Fixture& fixture, TaskGroup& group) {
    co_await sleep_for(Millis(1));  // the server runs by now
    auto* port = fixture.publish("echo", "192.0.2.1:5001");
    EXPECT_TRUE(fixture.server.publish("echo", fixture.probe).error().is(Errc::exists));
    EXPECT_TRUE(fixture.server.publish("", fixture.probe).error().is(Errc::invalid));

    auto stream = fixture.dial(*port);
    auto connecting = connect_over(group, std::move(stream), "");
    auto plain = co_await std::move(connecting);
    auto asking = add(*plain);
    EXPECT_EQ((co_await std::move(asking)).value(), 5u) << "its own port speaks its protocol at once";
    auto attaching = fixture.attach(group, "echo");
    auto attached = co_await std::move(attaching);
    auto asking_again = add(*attached);
    EXPECT_EQ((co_await std::move(asking_again)).value(), 5u) << "the shared port knows it by name";

    auto where = fixture.server.resolve("echo");
    EXPECT_EQ(std::get<0>(*where), (std::vector<Endpoint>{{"192.0.2.1", 5001}}));
    EXPECT_EQ(fixture.told, std::vector<std::string>{"echo"});
    auto names = fixture.server.names();
    EXPECT_EQ(names[0].name, "echo");
    EXPECT_EQ(names[0].sessions, 2u);
}
TEST(ServerNames, a_service_comes_under_its_own_name_while_the_server_runs) { with_server(check_publish); }

Task<void> check_withdraw(Fixture& fixture, TaskGroup& group) {
    auto* port = fixture.publish("echo", "192.0.2.1:5001");
    EXPECT_TRUE(fixture.server.publish("other", fixture.probe));
    auto stream = fixture.dial(*port);
    auto connecting = connect_over(group, std::move(stream), "");
    auto first = co_await std::move(connecting);
    auto local = fixture.server.connect_local(group, "echo");
    auto attaching = fixture.attach(group, "other");
    auto other = co_await std::move(attaching);
    std::optional<Error> near, far;
    group.spawn(hang(Client<testing::Probe>(*first), far));
    group.spawn(hang(Client<testing::Probe>(*local), near));
    while (fixture.probe.handlers < 2) co_await sleep_for(Millis(1));

    auto withdrawing = fixture.server.withdraw("echo");
    EXPECT_TRUE(co_await std::move(withdrawing));
    EXPECT_EQ(fixture.probe.handlers, 0) << "no handler is at work any more";
    co_await sleep_for(Millis(5));
    EXPECT_TRUE(far && far->is(Errc::closed));
    EXPECT_TRUE(near && near->is(Errc::closed));
    EXPECT_TRUE(fixture.server.resolve("echo").error().is(LocatorErrc::service_not_available));
    auto asking = add(*other);
    EXPECT_TRUE(co_await std::move(asking)) << "other names do not notice";
    EXPECT_EQ(fixture.told, (std::vector<std::string>{"echo", "other", "echo"}));
    auto again = fixture.server.withdraw("echo");
    EXPECT_TRUE((co_await std::move(again)).error().is(Errc::not_found));
    fixture.publish("echo", "192.0.2.1:5002");
}
TEST(ServerNames, a_withdrawn_service_is_referred_to_by_nobody) { with_server(check_withdraw); }

Task<void> check_drain(Fixture& fixture, TaskGroup& group) {
    auto* port = fixture.publish("echo", "192.0.2.1:5001");
    auto attaching = fixture.attach(group, "echo");
    auto idle = co_await std::move(attaching);
    auto second = fixture.attach(group, "echo");
    auto busy = co_await std::move(second);
    Client<testing::Probe> probe(*busy);
    auto stream = probe.stream<"plain">();
    while (fixture.probe.handlers < 1) co_await sleep_for(Millis(1));

    auto draining = fixture.server.drain(Millis(100));
    auto outcome = co_await std::move(draining);
    EXPECT_TRUE(outcome.error().is(Errc::timeout)) << outcome.error().message();
    EXPECT_NE(outcome.error().message().find("1 connections"), std::string::npos);
    EXPECT_EQ(fixture.probe.handlers, 0);
    auto [near, far] = make_pipe(fixture.executor);
    EXPECT_FALSE(port->push(std::move(far))) << "nobody is accepted any more";
    co_await sleep_for(Millis(5));
    EXPECT_FALSE(idle->is_open());
    EXPECT_EQ(group.size(), 0u) << "the server has ended by itself";
}
TEST(ServerNames, a_draining_server_waits_for_calls_until_its_deadline) { with_server(check_drain); }

Task<void> check_quiet(Fixture& fixture, TaskGroup& group) {
    fixture.publish("echo", "192.0.2.1:5001");
    auto attaching = fixture.attach(group, "echo");
    auto idle = co_await std::move(attaching);
    auto draining = fixture.server.drain(10s);
    EXPECT_TRUE(co_await std::move(draining)) << "idle connections hold nobody up";
}
TEST(ServerNames, a_draining_server_ends_idle_connections_at_once) { with_server(check_quiet); }

Task<void> check_silent(Fixture& fixture, TaskGroup&) {
    auto* port = fixture.publish("echo", "192.0.2.1:5001");
    auto stream = fixture.dial(*port);
    EXPECT_TRUE(
        co_await stream->write(testing::hex_bytes("93 01 07 90 93 01 00 91 a1 78")));  // refuse(), "x"
    Bytes answer(64);
    auto reading = stream->read_some(answer);
    EXPECT_TRUE(co_await std::move(reading));
    auto draining = fixture.server.drain(1h);
    EXPECT_TRUE(co_await std::move(draining)) << "the call was answered; its caller never says a last word";
}
ServerOptions hasty() {
    ServerOptions options;
    options.limits.flush_max = Millis(50);
    return options;
}
TEST(ServerNames, a_draining_server_does_not_wait_for_ever_for_last_words) {
    with_server(check_silent, hasty());
}

Task<void> drain(Fixture& fixture, bool& drained) {
    auto draining = fixture.server.drain(1h);
    EXPECT_TRUE(co_await std::move(draining));
    drained = true;
}

Task<void> check_slow_reader(Fixture& fixture, TaskGroup& group) {
    constexpr std::size_t size = 500'000;
    auto* port = fixture.publish("echo", "192.0.2.1:5001");
    auto stream = fixture.dial(*port);
    EXPECT_TRUE(co_await stream->write(testing::hex_bytes("93 01 03 91 ce 00 07 a1 20")));  // blob(size)
    Bytes answer(1);
    auto beginning = stream->read_some(answer);
    EXPECT_TRUE(co_await std::move(beginning));
    bool drained = false;
    group.spawn(drain(fixture, drained));
    co_await sleep_for(Millis(200));
    EXPECT_FALSE(drained);
    auto reading = testing::read_to_end(*stream);
    EXPECT_GT((co_await std::move(reading)).value().size(), size) << "all that was answered";
    while (!drained) co_await sleep_for(Millis(1));
}
TEST(ServerNames, a_draining_server_does_not_cut_off_who_reads_slowly) {
    with_server(check_slow_reader, hasty());
}

Task<void> check_advertised(Fixture& fixture, TaskGroup&) {
    fixture.server.listen(std::make_unique<FakeListener>(fixture.executor, "0.0.0.0:10053"));
    fixture.publish("echo", "0.0.0.0:5001");
    EXPECT_TRUE(fixture.server.publish("shared", fixture.probe));
    std::vector<Endpoint> own{{"198.51.100.7", 5001}, {"2001:db8::7", 5001}};
    std::vector<Endpoint> shared{{"198.51.100.7", 20000}, {"2001:db8::7", 10053}};
    EXPECT_EQ(std::get<0>(*fixture.server.resolve("echo")), own);
    EXPECT_EQ(std::get<0>(*fixture.server.resolve("shared")), shared);
    EXPECT_EQ(fixture.server.endpoints(), shared);
    co_return;
}
TEST(ServerNames, advertised_addresses_take_the_place_of_those_it_listens_on) {
    ServerOptions options;
    options.advertise = {{"198.51.100.7", 20000}, {"2001:db8::7", 10053}};
    with_server(check_advertised, options);
}

Task<void> check_wildcard(Fixture& fixture, TaskGroup&) {
    fixture.publish("echo", "0.0.0.0:5001");
    EXPECT_EQ(std::get<0>(*fixture.server.resolve("echo")), (std::vector<Endpoint>{{"127.0.0.1", 5001}}));
    co_return;
}
TEST(ServerNames, a_wildcard_is_never_told_to_clients) { with_server(check_wildcard); }

}  // namespace
}  // namespace sonm::rpc
