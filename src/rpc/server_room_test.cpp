#include "sonm/rpc/server.hpp"
#include "sonm/rpc/testing.hpp"

/// Who gets how much of a server's room when everybody must prove an account first.
namespace sonm::rpc {
namespace {

using crypto::PrivateKey;

PrivateKey key(std::uint8_t number) {
    FixedBytes<32> secret{};
    secret[31] = number;
    return std::move(PrivateKey::from_bytes(secret).value());
}

struct Meter
    : Protocol<"meter", 1, Call<0, "length", Args<Arg<"text", std::string>>, Returns<std::uint64_t>>> {};

struct Fixture {
    explicit Fixture(const Executor& e) : executor(e), server(e, options()) {
        meter.on<"length">(
            [](const Context&, std::string text) -> Result<std::uint64_t> { return text.size(); });
        server.add(meter);
    }
    ServerOptions options() {
        ServerOptions out;
        out.signer = &own;
        out.clock = &clock;
        out.identity_required = true;
        out.account_connections_max = 2;
        out.is_customer = [](const crypto::Address& account) { return account == key(2).address(); };
        out.strangers_max = 3;
        out.stranger_idle_max = Millis(20);
        return out;
    }
    /// A connection of account `number` that has proven itself; whether it is served shows with its first
    /// call.
    Async<Connection> dial(TaskGroup& group, std::uint8_t number) {
        auto [near, far] = make_pipe(executor);
        group.spawn(server.serve(std::move(far)));
        PrivateKey mine = key(number);
        ConnectOptions options;
        options.signer = &mine;
        options.clock = &clock;
        auto connecting = connect_over(group, std::move(near), "meter", options);
        co_return co_await std::move(connecting);
    }
    Executor executor;
    FakeClock clock{UnixTime(1'700'000'000)};
    PrivateKey own = key(1);
    Service<Meter> meter;
    Server server;
};

Async<bool> is_served(Connection connection) {
    Client<Meter> meter(std::move(connection));
    auto asking = meter.call<"length">("abc");
    auto length = co_await std::move(asking);
    co_return length.has_value();
}

template <class F>
void with_server(F body) {
    auto main = [](F run) -> Async<bool> {
        Executor executor = co_await asio::this_coro::executor;
        Fixture fixture(executor);
        auto inside = [&](TaskGroup& group) { return run(fixture, group); };
        auto work = testing::as_result(scope(64, std::move(inside)));
        auto limited = within(std::chrono::seconds(10), std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome);
        co_return true;
    };
    EXPECT_TRUE(run_test(main(std::move(body))));
}

Task<void> check_account(Fixture& fixture, TaskGroup& group) {
    std::vector<Connection> held;
    for (int i = 0; i < 3; ++i) {
        auto dialing = fixture.dial(group, 2);
        held.push_back((co_await std::move(dialing)).value());
        auto asking = is_served(held.back());
        EXPECT_EQ((co_await std::move(asking)).value(), i < 2) << i;
    }
    EXPECT_EQ(fixture.server.refused(), 1u);
    held.clear();
    while (fixture.server.connections() != 0) co_await sleep_for(Millis(1));
    auto dialing = fixture.dial(group, 2);
    auto again = co_await std::move(dialing);
    auto asking = is_served(*again);
    EXPECT_TRUE((co_await std::move(asking)).value()) << "an ended one leaves its room";
}
TEST(ServerRoom, one_account_holds_only_its_share_of_the_connections) { with_server(check_account); }

Task<void> check_strangers(Fixture& fixture, TaskGroup& group) {
    std::vector<Connection> held;
    for (std::uint8_t number = 10; number < 14; ++number) {
        auto dialing = fixture.dial(group, number);
        held.push_back((co_await std::move(dialing)).value());
    }
    auto dialing = fixture.dial(group, 2);
    auto customer = co_await std::move(dialing);
    EXPECT_EQ(fixture.server.refused(), 1u);
    auto asking = is_served(*customer);
    EXPECT_TRUE((co_await std::move(asking)).value());
    // The strangers that say nothing go; the customer stays.
    while (fixture.server.connections() != 1) co_await sleep_for(Millis(1));
    auto asking_again = is_served(*customer);
    EXPECT_TRUE((co_await std::move(asking_again)).value());
}
TEST(ServerRoom, strangers_share_little_room_for_a_short_time_and_customers_come_in) {
    with_server(check_strangers);
}

Task<void> check_hello_size(Fixture& fixture, TaskGroup& group) {
    auto [near, far] = make_pipe(fixture.executor);
    group.spawn(fixture.server.serve(std::move(far)));
    // [1, 64, ["aaa...: the text claims 1 MiB.
    Bytes sent = testing::hex_bytes("93 01 40 91 db 00 10 00 00");
    sent.resize(5 * KiB, 'a');
    auto writing = near->write(sent);
    (void)co_await std::move(writing);
    auto began = std::chrono::steady_clock::now();
    auto reading = testing::read_to_end(*near);
    (void)co_await std::move(reading);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5))
        << "ended at once, not when the time for a hello is over";

    auto dialing = fixture.dial(group, 2);
    auto connection = co_await std::move(dialing);
    Client<Meter> meter(*connection);
    auto asking = meter.call<"length">(std::string(1 * MiB, 'a'));
    auto length = co_await std::move(asking);
    EXPECT_EQ(length.value(), 1 * MiB) << "who has proven itself may say more";
}
TEST(ServerRoom, before_the_proof_frames_are_small) { with_server(check_hello_size); }

}  // namespace
}  // namespace sonm::rpc
