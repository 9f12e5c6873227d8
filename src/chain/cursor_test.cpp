#include "sonm/chain/cursor.hpp"

#include "sonm/chain/fake_node.hpp"
#include "sonm/chain/store.hpp"

#include <gtest/gtest.h>

namespace sonm::chain {
namespace {

const Address ours{{1}};
const Address foreign{{2}};

/// What a follower believes after all batches: the data byte of each log that still counts.
struct Believed {
    std::vector<Log> logs;
    std::uint64_t up_to = 0;
    bool live = false;
    int rewinds = 0;

    void take(const LogBatch& batch) {
        if (batch.rewind_to) {
            ++rewinds;
            std::erase_if(logs, [&](const Log& log) { return log.block > *batch.rewind_to; });
        }
        logs.insert(logs.end(), batch.logs.begin(), batch.logs.end());
        up_to = batch.up_to_block;
        live = batch.live;
    }
    std::string marks() const {
        std::string out;
        for (const Log& log : logs) out += char(log.data[0]);
        return out;
    }
};

class LogCursorTest : public testing::Test {
public:
    LogCursorTest() {
        config.addresses = {ours};
        config.poll = Millis(1);
        node.mine();
    }
    void emit(char mark, Address address = ours) {
        node.emit(address, {Hash{{7}}}, Bytes{std::uint8_t(mark)});
    }
    void block(std::string_view marks) {
        for (char mark : marks) emit(mark);
        node.mine();
    }
    /// A process that reads up to the head and tells a follower, from a cursor opened anew.
    Believed read() {
        Believed believed;
        auto reading = [](LogCursorTest& self, Believed& out) -> Async<void> {
            Executor executor = co_await asio::this_coro::executor;
            LogCursor cursor(executor, self.node, *self.db, self.config);
            auto advancing = cursor.advance();
            SONM_CO_CHECK(co_await std::move(advancing));
            auto take = [&out](const LogBatch& batch) { out.take(batch); };
            auto follow = [](LogCursor& cursor, std::function<void(const LogBatch&)> take) -> Async<void> {
                auto following = cursor.follow(0, std::move(take));
                co_await std::move(following);
                co_return Result<void>();
            };
            auto following = follow(cursor, take);
            auto followed = co_await within(Millis(5), std::move(following));
            EXPECT_TRUE(followed.error().is(Errc::timeout));
            co_return Result<void>();
        };
        auto done = run_test(reading(*this, believed));
        EXPECT_TRUE(done) << done.error().message();
        return believed;
    }
    /// One process and one follower, with `steps` done to the chain one after the other.
    Believed live(std::vector<std::function<void()>> steps) {
        Believed believed;
        auto living = [](LogCursorTest& self, std::vector<std::function<void()>> steps,
                         Believed& out) -> Task<void> {
            Executor executor = co_await asio::this_coro::executor;
            LogCursor cursor(executor, self.node, *self.db, self.config);
            auto take = [&out](const LogBatch& batch) { out.take(batch); };
            auto body = [&](TaskGroup& group) -> Task<void> {
                group.spawn(cursor.follow(0, take));
                for (auto& step : steps) {
                    step();
                    auto advancing = cursor.advance();
                    auto done = co_await std::move(advancing);
                    EXPECT_TRUE(done) << done.error().message();
                    for (int i = 0; i < 5; ++i) co_await asio::post(asio::use_awaitable);
                }
            };
            auto running = scope(4, body);
            co_await std::move(running);
        };
        run_test(living(*this, std::move(steps), believed));
        return believed;
    }

    FakeNode node;
    std::unique_ptr<Database> db = std::move(*open_log_store(":memory:"));
    CursorConfig config;
};

TEST_F(LogCursorTest, history_is_read_in_order_and_only_of_the_wanted_contracts) {
    block("ab");
    emit('x', foreign);
    block("c");
    Believed believed = read();
    EXPECT_EQ(believed.marks(), "abc");
    EXPECT_TRUE(believed.live);
    EXPECT_EQ(believed.up_to, node.head());
    EXPECT_EQ(believed.logs[2].block_time, UnixTime(1'700'000'003));
    EXPECT_EQ(believed.logs[1].index, 1u);
}

TEST_F(LogCursorTest, a_node_that_tells_no_time_in_logs_is_asked_for_the_headers) {
    node.logs_tell_time = false;
    block("ab");
    EXPECT_EQ(read().logs[1].block_time, UnixTime(1'700'000'002));
}

TEST_F(LogCursorTest, a_restart_goes_on_where_it_stopped) {
    block("a");
    read();
    std::size_t asked = node.log_calls();
    EXPECT_EQ(read().marks(), "a");
    EXPECT_EQ(node.log_calls(), asked);
    block("b");
    EXPECT_EQ(read().marks(), "ab");
}

TEST_F(LogCursorTest, pages_shrink_until_the_node_is_content) {
    node.logs_max = 3;
    for (char mark = 'a'; mark <= 'z'; ++mark) block(std::string(1, mark));
    EXPECT_EQ(read().marks(), "abcdefghijklmnopqrstuvwxyz");
}

TEST_F(LogCursorTest, a_single_block_that_is_too_large_is_an_error_not_a_loop) {
    node.logs_max = 3;
    block("abcd");
    auto advancing = [](LogCursorTest& self) -> Async<void> {
        Executor executor = co_await asio::this_coro::executor;
        LogCursor cursor(executor, self.node, *self.db, self.config);
        auto advance = cursor.advance();
        co_return co_await std::move(advance);
    };
    auto done = run_test(advancing(*this));
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().is(ChainErrc::too_many_results));
}

TEST_F(LogCursorTest, a_reorganisation_undoes_and_redoes) {
    Believed believed = live({[&] { block("a"); }, [&] { block("b"); }, [&] { block("c"); },
                              [&] {
                                  node.rewind(2);
                                  block("d");
                                  block("");
                                  block("e");
                              }});
    EXPECT_EQ(believed.marks(), "ade");
    EXPECT_EQ(believed.rewinds, 1);
}

TEST_F(LogCursorTest, a_chain_that_became_shorter_is_noticed) {
    Believed believed = live({[&] { block("a"); },
                              [&] {
                                  block("b");
                                  block("c");
                              },
                              [&] { node.rewind(2); }});
    EXPECT_EQ(believed.marks(), "a");
    EXPECT_EQ(believed.up_to, 2u);
}

TEST_F(LogCursorTest, a_reorganisation_while_the_program_was_off_is_noticed_at_start) {
    block("a");
    read();
    block("b");
    EXPECT_EQ(read().marks(), "ab");
    node.rewind(2);
    block("c");
    block("d");
    EXPECT_EQ(read().marks(), "acd");
}

TEST_F(LogCursorTest, another_chain_with_the_same_name_is_read_from_its_start) {
    block("ab");
    read();
    node.restart();
    node.mine(5);
    block("z");
    EXPECT_EQ(read().marks(), "z");
    Believed believed = live({[&] { block("y"); },
                              [&] {
                                  node.restart();
                                  node.mine(9);
                                  block("q");
                              }});
    EXPECT_EQ(believed.marks(), "q");
}

TEST_F(LogCursorTest, a_reorganisation_in_the_middle_of_reading_never_mixes_two_chains) {
    for (int at = 1; at < 20; ++at) {
        node.restart();
        node.mine();
        block("a");
        block("b");
        int looks = 0;
        node.before_answer = [&] {
            if (++looks != at) return;
            node.rewind(1);
            block("c");
            block("d");
            block("e");
        };
        read();
        node.before_answer = nullptr;
        std::string marks = read().marks();
        EXPECT_EQ(marks, looks >= at ? "cde" : "ab") << at;
    }
}

TEST_F(LogCursorTest, facts_wait_for_the_configured_depth) {
    config.depth = 2;
    block("a");
    block("b");
    block("c");
    EXPECT_EQ(read().marks(), "a");
}

/// Lets a cursor and a follower run for so long, and returns what the follower believes then.
Believed run_for(LogCursorTest& test, Millis span) {
    Believed believed;
    auto living = [](LogCursorTest& test, Millis span, Believed& out) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        LogCursor cursor(executor, test.node, *test.db, test.config);
        auto take = [&out](const LogBatch& batch) { out.take(batch); };
        auto body = [&](TaskGroup& group) -> Task<void> {
            group.spawn(cursor.run());
            group.spawn(cursor.follow(0, take));
            co_await sleep_for(span);
        };
        auto running = scope(4, body);
        co_await std::move(running);
    };
    run_test(living(test, span, believed));
    return believed;
}

TEST_F(LogCursorTest, a_node_that_does_not_answer_is_asked_again) {
    block("a");
    node.failures = 1;
    EXPECT_EQ(run_for(*this, Millis(300)).marks(), "a");
}

TEST_F(LogCursorTest, a_full_disk_stops_nothing_for_ever_and_loses_nothing) {
    block("a");
    read();
    block("b");
    std::size_t looks = 0;
    ASSERT_TRUE(db->script(
        "CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'disk is full'); END"));
    node.before_answer = [&] {
        // After the first page was read and could not be kept, there is space again.
        if (++looks == 8) EXPECT_TRUE(db->script("DROP TRIGGER full"));
    };
    EXPECT_EQ(run_for(*this, Millis(900)).marks(), "ab");
}

}  // namespace
}  // namespace sonm::chain
