#include "sonm/base/shared_database.hpp"

#include "sonm/base/blocking.hpp"
#include "sonm/base/fs.hpp"

#include <gtest/gtest.h>

#include <latch>

namespace sonm {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string_view> notes = {
    "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT UNIQUE) STRICT"};

auto insert(std::string body) {
    return [body = std::move(body)](Database& database) {
        return database.run("INSERT INTO note (body) VALUES (?)", body);
    };
}
Result<std::uint64_t> count(Database& database) {
    return database.value<std::uint64_t>("SELECT count(*) FROM note").map([](auto n) {
        return n.value_or(0);
    });
}

/// Runs `body(SharedDatabase&, TaskGroup&) -> Task<void>` on a database in a folder of its own.
template <class F>
void with_database(F body, SharedDatabase::Limits limits = {}) {
    auto main = [](F run, SharedDatabase::Limits bounds) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        TempDir folder;
        SharedDatabase database(executor, bounds);
        auto opening = database.open((folder / "x.db").string(), notes);
        auto opened = co_await std::move(opening);
        EXPECT_TRUE(opened) << opened.error().message();
        auto inside = [&](TaskGroup& group) -> Task<void> { return run(database, group); };
        auto all = scope(64, std::move(inside));
        co_await std::move(all);
    };
    run_test(main(std::move(body), limits));
}

/// Work that holds the thread until `gate` opens.
auto held(std::shared_ptr<std::latch> gate) {
    return [gate](Database&) -> Result<void> {
        gate->wait();
        return Result<void>();
    };
}
Task<void> hold(SharedDatabase& database, std::shared_ptr<std::latch> gate) {
    auto working = database.run(held(gate));
    EXPECT_TRUE(co_await std::move(working));
}

TEST(SharedDatabase, what_comes_while_it_is_busy_is_done_together_and_each_gets_its_own_answer) {
    with_database([](SharedDatabase& database, TaskGroup& group) -> Task<void> {
        auto gate = std::make_shared<std::latch>(1);
        group.spawn(hold(database, gate));
        std::vector<bool> good(4);
        auto one = [](SharedDatabase& where, std::string body, std::vector<bool>& out,
                      std::size_t at) -> Task<void> {
            auto inserting = where.run(insert(std::move(body)));
            auto done = co_await std::move(inserting);
            out[at] = done.has_value();
            if (!done) EXPECT_TRUE(done.error().is(Errc::exists)) << done.error().message();
        };
        group.spawn(one(database, "a", good, 0));
        group.spawn(one(database, "b", good, 1));
        group.spawn(one(database, "a", good, 2));
        group.spawn(one(database, "c", good, 3));
        co_await sleep_for(1ms);
        gate->count_down();
        co_await group.join();
        EXPECT_EQ(good, (std::vector<bool>{true, true, false, true})) << "the one that fails spoils no other";
        auto counting = database.run(count);
        EXPECT_EQ((co_await std::move(counting)).value(), 3u);
    });
}

TEST(SharedDatabase, a_group_that_was_rolled_back_as_a_whole_is_done_one_by_one) {
    with_database([](SharedDatabase& database, TaskGroup& group) -> Task<void> {
        auto gate = std::make_shared<std::latch>(1);
        group.spawn(hold(database, gate));
        auto good = [](SharedDatabase& where) -> Task<void> {
            auto inserting = where.run(insert("kept"));
            EXPECT_TRUE(co_await std::move(inserting));
        };
        // As sqlite does by itself when the disk is full.
        auto bad = [](SharedDatabase& where) -> Task<void> {
            auto work = [](Database& inside) -> Result<void> {
                (void)inside.run("INSERT INTO note (body) VALUES ('lost')");
                (void)inside.script("ROLLBACK");
                return fail(Errc::no_space, "as if");
            };
            auto working = where.run(std::move(work));
            EXPECT_TRUE((co_await std::move(working)).error().is(Errc::no_space));
        };
        group.spawn(good(database));
        group.spawn(bad(database));
        co_await sleep_for(1ms);
        gate->count_down();
        co_await group.join();
        auto counting = database.run(count);
        EXPECT_EQ((co_await std::move(counting)).value(), 1u);
    });
}

TEST(SharedDatabase, who_goes_before_the_work_began_takes_it_back_who_goes_later_has_it_done) {
    with_database([](SharedDatabase& database, TaskGroup& group) -> Task<void> {
        auto gate = std::make_shared<std::latch>(1);
        auto done = std::make_shared<int>(0);
        auto late = [gate](Database& inside) -> Result<void> {
            gate->wait();
            return inside.run("INSERT INTO note (body) VALUES ('late')").map([](auto) {});
        };
        auto leave = [](SharedDatabase& where, auto work, std::shared_ptr<int> told) -> Task<void> {
            auto working = within(5ms, where.run(std::move(work), [told] { ++*told; }));
            EXPECT_TRUE((co_await std::move(working)).error().is(Errc::timeout));
        };
        auto early = [](Database& inside) { return inside.run("DELETE FROM note").map([](auto) {}); };
        group.spawn(leave(database, std::move(late), done));
        co_await sleep_for(1ms);
        group.spawn(leave(database, std::move(early), done));
        co_await group.join();
        EXPECT_EQ(*done, 0);
        gate->count_down();
        auto counting = database.run(count);
        EXPECT_EQ((co_await std::move(counting)).value(), 1u);
        EXPECT_EQ(*done, 1) << "who must know of it is told, though its caller has gone";
    });
}

TEST(SharedDatabase, beyond_its_bounds_calls_are_refused) {
    SharedDatabase::Limits limits;
    limits.waiting_bytes_max = 10;
    with_database(
        [](SharedDatabase& database, TaskGroup& group) -> Task<void> {
            auto gate = std::make_shared<std::latch>(1);
            group.spawn(hold(database, gate));
            auto waiter = [](SharedDatabase& where) -> Task<void> {
                auto working = where.run(
                    insert("large"), [](auto&) {}, 8);
                EXPECT_TRUE(co_await std::move(working));
            };
            group.spawn(waiter(database));
            co_await sleep_for(1ms);
            auto refused = database.run(
                insert("more"), [](auto&) {}, 3);
            EXPECT_TRUE((co_await std::move(refused)).error().is(Errc::busy));
            gate->count_down();
            co_await group.join();
        },
        limits);
}

/// Work that does nothing, with its answer's code, or 0.
Task<void> ask(SharedDatabase& database, std::size_t bytes, Asker asker, std::optional<Errc>& out) {
    auto working = database.run(
        count, [](auto&) {}, bytes, asker);
    auto done = co_await std::move(working);
    out = done ? Errc() : static_cast<Errc>(done.error().code.value());
}

TEST(SharedDatabase, what_a_service_has_taken_on_waits_in_line_however_many_clients_do) {
    SharedDatabase::Limits limits;
    limits.waiting_max = 2;
    limits.waiting_bytes_max = 10;
    with_database(
        [](SharedDatabase& database, TaskGroup& group) -> Task<void> {
            auto gate = std::make_shared<std::latch>(1);
            group.spawn(hold(database, gate));
            std::optional<Errc> first, second, refused, noted, read;
            group.spawn(ask(database, 10, Asker::client, first));
            group.spawn(ask(database, 0, Asker::client, second));
            group.spawn(ask(database, 0, Asker::client, refused));
            group.spawn(ask(database, 5, Asker::service, noted));
            group.spawn(ask(database, 0, Asker::service, read));
            co_await sleep_for(1ms);
            EXPECT_EQ(refused, Errc::busy);
            EXPECT_FALSE(noted || read);
            gate->count_down();
            co_await group.join();
            for (const auto& one : {first, second, noted, read}) EXPECT_EQ(one, Errc());
        },
        limits);
}

TEST(SharedDatabase, what_is_written_in_one_commit_is_bounded_in_bytes) {
    SharedDatabase::Limits limits;
    limits.group_bytes_max = 10;
    with_database(
        [](SharedDatabase& database, TaskGroup& group) -> Task<void> {
            auto gate = std::make_shared<std::latch>(1), later = std::make_shared<std::latch>(1);
            group.spawn(hold(database, gate));
            std::vector<std::optional<Errc>> outcomes(3);
            for (auto& outcome : outcomes) group.spawn(ask(database, 5, Asker::client, outcome));
            group.spawn(hold(database, later));
            co_await sleep_for(1ms);
            gate->count_down();
            while (!outcomes[1]) co_await sleep_for(1ms);
            EXPECT_FALSE(outcomes[2]) << "of the next commit, which another one holds up";
            later->count_down();
            co_await group.join();
            EXPECT_EQ(outcomes[2], Errc());
        },
        limits);
}

TEST(SharedDatabase, an_exception_of_who_is_told_is_that_callers_and_spoils_no_other) {
    with_database([](SharedDatabase& database, TaskGroup& group) -> Task<void> {
        auto gate = std::make_shared<std::latch>(1);
        group.spawn(hold(database, gate));
        auto throwing = [](SharedDatabase& where) -> Task<void> {
            auto working = where.run(insert("a"), [](auto&) { throw std::runtime_error("told badly"); });
            auto done = co_await std::move(working);
            EXPECT_FALSE(done);
            if (!done) EXPECT_TRUE(done.error().is(Errc::internal)) << done.error().message();
        };
        std::optional<Errc> other;
        group.spawn(throwing(database));
        group.spawn(ask(database, 0, Asker::client, other));
        co_await sleep_for(1ms);
        gate->count_down();
        co_await group.join();
        EXPECT_EQ(other, Errc());
    });
}

}  // namespace
}  // namespace sonm
