#include "sonm/worker/task_table.hpp"

namespace sonm::worker {
namespace {

TaskId id(char digit) { return TaskId(std::string(32, digit)); }

struct Table {
    asio::io_context context;
    std::unique_ptr<Journal> journal = *Journal::open(":memory:");
    FakeClock clock;
    Limits limits;
    TaskTable table{context.get_executor(), *journal, clock, limits};

    static DealRecord deal(std::uint64_t number = 1) {
        DealRecord out;
        out.deal.id = model::DealId(number);
        out.deal.consumer.bytes[0] = static_cast<std::uint8_t>(number);
        out.holds.cpu_millicores = 2000;
        out.holds.ram_bytes = 512 * MiB;
        out.holds.storage_bytes = GiB;
        return out;
    }
    static model::TaskSpec spec(std::uint64_t millicores = 0) {
        model::TaskSpec out;
        out.image.reference = "sonm/busybox:latest";
        if (millicores) {
            out.limits.emplace();
            out.limits->cpu_millicores = millicores;
            out.limits->ram_bytes = 64 * MiB;
            out.limits->storage_bytes = 64 * MiB;
        }
        return out;
    }
    Result<void> end(TaskEntry& entry, bool clean) {
        TaskRecord next = entry.record;
        next.status.state = model::TaskState::finished;
        next.status.ended_at = clock.now();
        next.clean = clean;
        return table.commit(entry, std::move(next));
    }
};

TEST(TaskTable, same_id_twice__is_one_task) {
    Table t;
    auto first = t.table.accept(t.deal(), id('a'), t.spec());
    ASSERT_TRUE(first) << first.error().message();
    auto second = t.table.accept(t.deal(), id('a'), t.spec());
    ASSERT_TRUE(second);
    EXPECT_EQ(*first, *second);
    EXPECT_EQ(t.table.all().size(), 1u);
}

TEST(TaskTable, same_id_with_another_spec_deal_or_consumer__is_refused) {
    Table t;
    ASSERT_TRUE(t.table.accept(t.deal(), id('a'), t.spec(500)));
    EXPECT_TRUE(t.table.accept(t.deal(), id('a'), t.spec(600)).error().is(Errc::conflict));
    DealRecord second = t.deal(2);
    EXPECT_TRUE(t.table.accept(second, id('a'), t.spec(500)).error().is(Errc::denied));
    second.deal.consumer = t.deal().deal.consumer;
    EXPECT_TRUE(t.table.accept(second, id('a'), t.spec(500)).error().is(Errc::conflict));
}

TEST(TaskTable, tasks_of_a_deal__share_what_it_bought_and_no_more) {
    Table t;
    EXPECT_TRUE(t.table.accept(t.deal(), id('0'), t.spec(2500)).error().is(Errc::too_large));
    auto first = t.table.accept(t.deal(), id('a'), t.spec(1500));
    ASSERT_TRUE(first);
    EXPECT_TRUE(t.table.accept(t.deal(), id('b'), t.spec(500)));
    EXPECT_TRUE(t.table.accept(t.deal(), id('c'), t.spec(500)).error().is(Errc::busy));
    ASSERT_TRUE(t.end(**first, false));
    EXPECT_TRUE(t.table.accept(t.deal(), id('c'), t.spec(500))) << "an ended one leaves its room";
    EXPECT_TRUE(t.table.accept(t.deal(), id('d'), t.spec()).error().is(Errc::busy))
        << "no limits = all that was bought";
}

TEST(TaskTable, too_many_tasks__are_refused) {
    Table t;
    t.limits.tasks_max = 1;
    ASSERT_TRUE(t.table.accept(t.deal(), id('a'), t.spec(100)));
    EXPECT_TRUE(t.table.accept(t.deal(), id('b'), t.spec(100)).error().is(Errc::busy));
}

TEST(TaskTable, outputs_beyond_what_one_deal_may_keep__are_refused) {
    Table t;
    t.limits.outputs_kept_bytes_max = 100;
    auto spec = t.spec(1000);
    spec.outputs = {"out"};
    spec.output_bytes_max = 60;
    auto first = t.table.accept(t.deal(), id('a'), spec);
    ASSERT_TRUE(first) << first.error().message();
    auto second = t.table.accept(t.deal(), id('b'), spec);
    EXPECT_TRUE(!second && second.error().is(Errc::too_large));
    EXPECT_TRUE(t.table.accept(t.deal(2), id('b'), spec));
    // What is not used is free again.
    (*first)->record.status.output_bytes = 40;
    ASSERT_TRUE(t.end(**first, false));
    EXPECT_TRUE(t.table.accept(t.deal(), id('c'), spec));
}

TEST(TaskTable, network_that_was_not_bought_or_escaping_paths_or_odd_ids__are_refused) {
    Table t;
    auto spec = t.spec();
    spec.network = true;
    EXPECT_TRUE(t.table.accept(t.deal(), id('a'), spec).error().is(Errc::denied));
    DealRecord with = t.deal();
    with.netflags = model::netflag_outbound;
    EXPECT_TRUE(t.table.accept(with, id('a'), spec));
    auto escaping = t.spec(10);
    escaping.outputs = {"../../etc/passwd"};
    EXPECT_FALSE(t.table.accept(t.deal(), id('b'), escaping));
    EXPECT_FALSE(t.table.accept(t.deal(), TaskId("../x"), t.spec()));
    EXPECT_FALSE(t.table.accept(t.deal(), TaskId(std::string(32, 'A')), t.spec()));
}

TEST(TaskTable, restarted__knows_every_task_again) {
    Table t;
    ASSERT_TRUE(t.table.accept(t.deal(), id('a'), t.spec(100)));
    auto entry = t.table.find(id('a'));
    ASSERT_TRUE(t.table.ask_stop(*entry, "why"));
    TaskTable again(t.context.get_executor(), *t.journal, t.clock, t.limits);
    ASSERT_TRUE(again.load());
    ASSERT_NE(again.find(id('a')), nullptr);
    EXPECT_EQ(again.find(id('a'))->record.stop, "why");
    EXPECT_EQ(again.find(id('a'))->record.spec, t.spec(100));
    EXPECT_EQ(again.alive(model::DealId(1)), 1u);
}

bool no_deal(const TaskRecord&) { return false; }

TEST(TaskTable, ended_long_ago_of_a_deal_that_is_held__is_kept_so_that_its_id_does_not_run_again) {
    Table t;
    auto entry = t.table.accept(t.deal(), id('a'), t.spec(100));
    ASSERT_TRUE(t.end(**entry, true));
    t.clock.advance(t.limits.keep);
    auto held = [&](const TaskRecord& task) { return task.status.deal == t.deal().deal.id; };
    EXPECT_TRUE(t.table.forget_old(held).empty());
    EXPECT_EQ(t.table.accept(t.deal(), id('a'), t.spec(100)).value(), *entry);
    EXPECT_EQ(t.table.forget_old(no_deal).size(), 1u);
}

TEST(TaskTable, ended_long_ago__is_forgotten_unless_somebody_still_reads_it) {
    Table t;
    auto entry = t.table.accept(t.deal(), id('a'), t.spec(100));
    ASSERT_TRUE(t.end(**entry, true));
    EXPECT_TRUE(t.table.forget_old(no_deal).empty());
    t.clock.advance(t.limits.keep);
    {
        TaskUse use(**entry);
        EXPECT_TRUE(t.table.forget_old(no_deal).empty());
    }
    EXPECT_EQ(t.table.forget_old(no_deal).size(), 1u);
    EXPECT_EQ(t.table.find(id('a')), nullptr);
}

}  // namespace
}  // namespace sonm::worker
