#include "sonm/rpc/rpc.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

/// Many clients of this project at one server: coming and leaving, and there at once. What a node bears in
/// numbers (100,000 and 15,000) is in tests/system/crowd_test.py, whose clients cost nothing.
namespace sonm::rpc {
namespace {

struct Door : Protocol<"door", 1, Call<0, "knock", Args<Arg<"n", std::uint64_t>>, Returns<std::uint64_t>>,
                       Call<1, "wait">> {};

Async<void> wait_long(Context) {
    co_await sleep_for(std::chrono::hours(1));
    co_return Result<void>();
}

struct DoorService : Service<Door> {
    DoorService() {
        on<"knock">([](const Context&, std::uint64_t n) -> Result<std::uint64_t> { return n + 1; });
        on<"wait">(wait_long);
    }
};

/// Open files that this process may have; server and clients are both in it.
std::size_t open_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

template <class F>
void with_server(std::size_t connections_max, F body) {
    auto main = [](std::size_t room, F run) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        DoorService service;
        ServerOptions options;
        options.connections_max = room;
        Server server(executor, options);
        server.add(service);
        auto listener = listen_tcp(executor, "127.0.0.1", 0).value();
        std::string address = listener->address();
        server.listen(std::move(listener));
        auto inside = [&](TaskGroup& group) -> Task<void> {
            group.spawn(server.run());
            auto running = run(server, group, address);
            co_await std::move(running);
        };
        auto work = scope(2 * room + 16, std::move(inside));
        co_await std::move(work);
    };
    run_test(main(connections_max, std::move(body)));
}

/// One visit: connects, calls, leaves; every third without a word, every fifth amid a call.
Task<void> visit(TaskGroup& group, std::string address, std::size_t number, std::size_t& answered) {
    auto connecting = connect(group, address, number % 3 == 0 ? "" : "door");
    auto connection = co_await std::move(connecting);
    if (!connection) co_return;
    if (number % 3 == 0) {
        ++answered;
        co_return;
    }
    Client<Door> client(std::move(*connection));
    if (number % 5 == 0) (void)client.connection().session().begin_call(1).array(0);
    if (number % 5 == 0) (void)client.connection().session().commit_notify();
    auto knocking = client.call<"knock">(number);
    auto answer = co_await std::move(knocking);
    if (answer && *answer == number + 1) ++answered;
}

Task<void> visit_in_turn(TaskGroup& group, std::string address, std::size_t count, std::size_t first,
                         std::size_t& answered) {
    for (std::size_t i = 0; i < count; ++i) {
        auto visiting = visit(group, address, first + i, answered);
        co_await std::move(visiting);
    }
}

TEST(RpcCrowd, clients_that_come_and_leave_are_all_served_and_leave_nothing_behind) {
    const std::size_t visits = 3'000, at_once = 30;
    with_server(256, [=](Server& server, TaskGroup& group, std::string address) -> Task<void> {
        std::size_t answered = 0;
        auto body = [&](TaskGroup& crowd) -> Task<void> {
            for (std::size_t i = 0; i < at_once; ++i)
                crowd.spawn(
                    visit_in_turn(group, address, visits / at_once, i * (visits / at_once), answered));
            auto joining = crowd.join();
            co_await std::move(joining);
        };
        auto work = scope(at_once, std::move(body));
        co_await std::move(work);
        EXPECT_EQ(answered, visits);
        for (int i = 0; i < 200 && server.connections() != 0; ++i) co_await sleep_for(Millis(20));
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(RpcCrowd, many_clients_at_once_are_answered_and_the_one_too_many_is_turned_away) {
    // Both ends are in this process.
    const std::size_t crowd = 1'000, needed = 2 * crowd + 100;
    if (open_files() < needed)
        GTEST_SKIP() << "needs " << needed << " open files, the limit is " << open_files();
    with_server(crowd, [=](Server& server, TaskGroup& group, std::string address) -> Task<void> {
        std::vector<Client<Door>> clients;
        for (std::size_t i = 0; i < crowd; ++i) {
            auto connecting = connect(group, address, "door");
            auto connection = co_await std::move(connecting);
            EXPECT_TRUE(connection) << i << ": " << connection.error().message();
            if (!connection) co_return;
            clients.emplace_back(std::move(*connection));
        }
        EXPECT_EQ(server.connections(), crowd);
        auto turning = connect(group, address, "door");
        auto turned_away = co_await std::move(turning);
        EXPECT_FALSE(turned_away);
        std::size_t answered = 0;
        for (auto& client : clients) {
            auto knocking = client.call<"knock">(1u);
            auto answer = co_await std::move(knocking);
            if (answer && *answer == 2u) ++answered;
        }
        EXPECT_EQ(answered, crowd);
        clients.clear();
        for (int i = 0; i < 500 && server.connections() != 0; ++i) co_await sleep_for(Millis(20));
        EXPECT_EQ(server.connections(), 0u);
    });
}

}  // namespace
}  // namespace sonm::rpc
