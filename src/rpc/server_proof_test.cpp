#include "sonm/base/fs.hpp"
#include "sonm/rpc/server.hpp"
#include "sonm/rpc/testing.hpp"

/// Servers that want a proof of identity: where they want it, and how other nodes give it.
namespace sonm::rpc {
namespace {

using crypto::PrivateKey;

struct Who : Protocol<"who", 1, Call<0, "am_i", Args<>, Returns<std::optional<crypto::Address>>>> {};
struct Numbers
    : Protocol<"numbers", 1, Call<64, "sixty_four", Args<Arg<"n", std::uint64_t>>, Returns<std::uint64_t>>> {
};

PrivateKey key(std::uint8_t number) {
    FixedBytes<32> secret{};
    secret[31] = number;
    return std::move(PrivateKey::from_bytes(secret).value());
}

/// A node of account 1 with unix sockets in a folder of its own.
struct Fixture {
    Executor executor;
    TempDir folder;
    FakeClock clock{UnixTime(1'700'000'000)};
    PrivateKey own = key(1), other = key(2);
    Service<Who> who;
    Service<Numbers> numbers;
    Server server;

    Fixture(Executor e, ServerOptions options) : executor(e), server(e, with_key(options)) {
        who.on<"am_i">([](const Context& context) -> Result<std::optional<crypto::Address>> {
            return context.identity();
        });
        numbers.on<"sixty_four">([](const Context&, std::uint64_t n) -> Result<std::uint64_t> { return n; });
        server.listen(listener("shared"));
        EXPECT_TRUE(server.publish("who", who, listener("who")));
        EXPECT_TRUE(server.publish("numbers", numbers, listener("numbers")));
    }
    std::string address(std::string_view name) const { return "unix:" + (folder / name).string(); }
    ConnectOptions as(const PrivateKey& account, bool between_nodes = false) const {
        ConnectOptions options;
        options.signer = &account;
        options.clock = &clock;
        options.between_nodes = between_nodes;
        return options;
    }
    static ServerOptions required(bool on_unix_sockets = true) {
        ServerOptions options;
        options.identity_required = true;
        options.unix_identity_required = on_unix_sockets;
        return options;
    }

private:
    ServerOptions with_key(ServerOptions options) const {
        options.signer = &own;
        options.clock = &clock;
        return options;
    }
    std::unique_ptr<Listener> listener(std::string_view name) const {
        return std::move(listen_unix(executor, (folder / name).string()).value());
    }
};

template <class F>
void with_server(F body, ServerOptions options = Fixture::required()) {
    auto main = [](F run, ServerOptions given) -> Async<bool> {
        Executor executor = co_await asio::this_coro::executor;
        Fixture fixture(executor, given);
        auto inside = [&](TaskGroup& group) {
            group.spawn(fixture.server.run());
            return run(fixture, group);
        };
        auto work = testing::as_result(scope(64, std::move(inside)));
        auto limited = within(std::chrono::seconds(10), std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome);
        co_return true;
    };
    EXPECT_TRUE(run_test(main(std::move(body), options)));
}

/// Who the server says that this connection's other end is; the error of opening it, or of the call.
Async<std::optional<crypto::Address>> asked(Async<Connection> opening) {
    SONM_CO_TRY(Connection connection, co_await std::move(opening));
    Client<Who> client(std::move(connection));
    auto asking = client.call<"am_i">();
    co_return co_await std::move(asking);
}

bool wants_proof(const Result<std::optional<crypto::Address>>& answer) {
    return !answer && answer.error().is(SecurityErrc::token_not_found);
}

Task<void> check_files(Fixture& fixture, TaskGroup& group) {
    for (const char* port : {"shared", "who"}) {
        std::string address = fixture.address(port), service = "who";
        auto nobody = co_await asked(connect(group, address, service));
        EXPECT_TRUE(nobody && !*nobody) << port << ": served, and an account of nobody's";
        auto proven = co_await asked(connect(group, address, service, fixture.as(fixture.other)));
        EXPECT_TRUE(proven && *proven == fixture.other.address()) << port;
    }
    // What comes otherwise proves itself.
    auto [near, far] = make_pipe(fixture.executor);
    group.spawn(fixture.server.serve(std::move(far)));
    EXPECT_TRUE(wants_proof(co_await asked(connect_over(group, std::move(near), "who"))));
}
TEST(Proof, where_the_right_to_open_a_file_is_enough_whoever_gives_none_is_nobody) {
    with_server(check_files, Fixture::required(false));
}

Task<void> check_required(Fixture& fixture, TaskGroup& group) {
    for (const char* port : {"shared", "who"}) {
        std::string address = fixture.address(port), service = "who", none;
        EXPECT_TRUE(wants_proof(co_await asked(connect(group, address, service)))) << port;
        EXPECT_TRUE(wants_proof(co_await asked(connect(group, address, none)))) << port;
        auto proven = co_await asked(connect(group, address, service, fixture.as(fixture.other)));
        EXPECT_TRUE(proven && *proven == fixture.other.address()) << port;
    }
}
TEST(Proof, required_everywhere_it_opens_shared_ports_and_those_of_one_service) {
    with_server(check_required);
}

Task<void> check_own_port(Fixture& fixture, TaskGroup& group) {
    std::string who = fixture.address("who"), numbers = fixture.address("numbers"), service = "numbers";
    auto strange = co_await connect(group, who, service, fixture.as(fixture.other));
    EXPECT_TRUE(!strange && strange.error().is(LocatorErrc::service_not_available));
    strange = co_await connect(group, who, service);
    EXPECT_TRUE(!strange && strange.error().is(LocatorErrc::service_not_available));
    // Its own method has the number of hello.
    auto direct = co_await connect(group, numbers, std::string());
    Client<Numbers> client(std::move(*direct));
    EXPECT_EQ((co_await client.call<"sixty_four">(7u)).value(), 7u);
}
TEST(Proof, on_a_services_own_port_only_that_service_can_be_named_and_its_methods_come_first) {
    with_server(check_own_port, ServerOptions());
}

Task<void> check_nodes(Fixture& fixture, TaskGroup& group) {
    std::string address = fixture.address("shared"), service = "who";
    for (const PrivateKey* account : {&fixture.other, &fixture.own}) {
        auto proven = co_await asked(connect(group, address, service, fixture.as(*account, true)));
        EXPECT_TRUE(proven && *proven == account->address());
    }
    auto alone = co_await asked(connect(group, address, service, fixture.as(fixture.own)));
    EXPECT_TRUE(!alone && alone.error().is(SecurityErrc::unauthorized)) << "others do not meet themselves";
}
TEST(Proof, a_node_proves_its_account_to_a_node_that_wants_it_be_it_the_same) { with_server(check_nodes); }

Task<void> check_easy_node(Fixture& fixture, TaskGroup& group) {
    std::string address = fixture.address("shared"), service = "who";
    auto nobody = co_await asked(connect(group, address, service, fixture.as(fixture.other, true)));
    EXPECT_TRUE(nobody && !*nobody);
}
TEST(Proof, a_node_proves_nothing_where_nobody_asks) { with_server(check_easy_node, ServerOptions()); }

Task<void> check_room(Fixture& fixture, TaskGroup& group) {
    std::string address = fixture.address("shared"), service = "who";
    std::vector<Connection> held;
    for (int i = 0; i < 3; ++i) {
        auto opened = co_await connect(group, address, service, fixture.as(fixture.own, true));
        EXPECT_TRUE(opened);
        if (opened) held.push_back(std::move(*opened));
    }
    auto first = co_await connect(group, address, service, fixture.as(fixture.other, true));
    EXPECT_TRUE(first);
    auto second = co_await asked(connect(group, address, service, fixture.as(fixture.other, true)));
    EXPECT_FALSE(second) << "beyond one connection for each account";
}
TEST(Proof, nodes_of_this_very_account_take_no_room_from_each_other) {
    ServerOptions options = Fixture::required();
    options.account_connections_max = 1;
    with_server(check_room, options);
}

}  // namespace
}  // namespace sonm::rpc
