#include "sonm/base/fs.hpp"
#include "sonm/unicorn/contract.hpp"
#include "sonm/unicorn/local_backend.hpp"
#include "sonm/unicorn/number.hpp"

namespace sonm::unicorn::contract {
namespace {

std::unique_ptr<Backend> in_memory(const Executor& executor) {
    return std::make_unique<LocalBackend>(executor, ":memory:");
}
INSTANTIATE_TEST_SUITE_P(Local, UnicornContract, testing::Values(MakeBackend(in_memory)),
                         [](const auto&) { return "sqlite"; });

TEST(Path, parents_names_and_depths_are_those_of_the_words_between_slashes) {
    EXPECT_EQ(parse_path("/").value(), "");
    EXPECT_EQ(parse_path("/a/b/").value(), "/a/b");
    EXPECT_EQ(parent_of("/a/b"), "/a");
    EXPECT_EQ(parent_of("/a"), "");
    EXPECT_EQ(name_of("/a/b"), "b");
    EXPECT_EQ(depth_of("/a/b"), 2u);
    EXPECT_EQ(ancestors_of("/a/b/c"), (std::vector<std::string>{"/a/b", "/a"}));
}

TEST(Numbers, sums_are_exact_or_refused) {
    rpc::Encoded half;
    rpc::Writer(half.bytes).real(0.5);
    rpc::Encoded expected;
    rpc::Writer(expected.bytes).real(2.5);
    EXPECT_EQ(add(number(2), half).value(), expected);
    auto most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(add(number(most - 1), number(1)).value(), number(most));
    EXPECT_TRUE(add(number(most), number(1)).error().is(UnicornErrc::invalid_value));
    rpc::Encoded huge;
    rpc::Writer(huge.bytes).uint(~std::uint64_t(0));
    EXPECT_TRUE(add(huge, number(1)).error().is(UnicornErrc::invalid_value));
    EXPECT_TRUE(add(Versioned::nil(), number(1)).error().is(UnicornErrc::invalid_type));
    EXPECT_TRUE(add(rpc::Encoded(), number(1)).error().is(UnicornErrc::invalid_type));
}

TEST(LocalBackend, after_a_kill_what_was_answered_is_there_and_locks_are_free) {
    TempDir folder, copy;
    auto in = [](const TempDir& where) {
        return [&where](const Executor& executor) -> std::unique_ptr<Backend> {
            return std::make_unique<LocalBackend>(executor, (where / "tree.db").string());
        };
    };
    with_unicorn(in(folder), [&](Bench& bench) -> Task<void> {
        (void)co_await ask_unicorn<"create">(bench.first, "/kept", text("v"));
        auto held = follow_unicorn<"lock">(bench.first, "/l").value();
        EXPECT_TRUE((co_await held.next()).value().value());
        // The files at this moment are what a kill leaves behind.
        std::filesystem::copy(folder.path(), copy.path());
    });
    with_unicorn(in(copy), [](Bench& bench) -> Task<void> {
        EXPECT_EQ((co_await ask_unicorn<"get">(bench.first, "/kept")).value(), versioned(text("v"), 0));
        auto held = follow_unicorn<"lock">(bench.first, "/l").value();
        EXPECT_TRUE((co_await held.next()).value().value());
        auto seats = follow_unicorn<"children_subscribe">(bench.first, "/l").value();
        EXPECT_EQ(std::get<1>((co_await seats.next()).value().value()).size(), 1u);
    });
}

TEST(LocalBackend, a_full_tree_refuses_nodes_and_goes_on_with_those_it_has) {
    auto small = [](const Executor& executor) -> std::unique_ptr<Backend> {
        TreeLimits limits;
        limits.nodes_max = 4;
        return std::make_unique<LocalBackend>(executor, ":memory:", limits);
    };
    with_unicorn(small, [](Bench& bench) -> Task<void> {
        EXPECT_TRUE(co_await ask_unicorn<"create">(bench.first, "/a/b", number(1)));
        auto full = co_await ask_unicorn<"create">(bench.first, "/c/d", number(1));
        EXPECT_TRUE(full.error().is(Errc::no_space)) << full.error().message();
        auto half = co_await ask_unicorn<"get">(bench.first, "/c");
        EXPECT_TRUE(half.error().is(UnicornErrc::no_node)) << "nothing of what failed is left";
        EXPECT_TRUE(co_await ask_unicorn<"create">(bench.first, "/c", number(1)));
        EXPECT_TRUE(co_await ask_unicorn<"remove">(bench.first, "/c", 0));
        EXPECT_TRUE(co_await ask_unicorn<"create">(bench.first, "/e", number(1)));
    });
}

TEST(LocalBackend, a_tree_is_bounded_in_bytes_and_may_always_shrink) {
    auto small = [](const Executor& executor) -> std::unique_ptr<Backend> {
        TreeLimits limits;
        limits.bytes_max = 100;
        return std::make_unique<LocalBackend>(executor, ":memory:", limits);
    };
    with_unicorn(small, [](Bench& bench) -> Task<void> {
        EXPECT_TRUE(co_await ask_unicorn<"create">(bench.first, "/a", text(std::string(30, 'x'))));
        auto full = co_await ask_unicorn<"create">(bench.first, "/b", text(std::string(90, 'x')));
        EXPECT_TRUE(full.error().is(Errc::no_space)) << full.error().message();
        auto grown = co_await ask_unicorn<"put">(bench.first, "/a", text(std::string(120, 'x')), 0);
        EXPECT_TRUE(grown.error().is(Errc::no_space)) << grown.error().message();
        EXPECT_TRUE(std::get<0>(
            (co_await ask_unicorn<"put">(bench.first, "/a", text(std::string(80, 'x')), 0)).value()));
        TreeLimits smaller;
        smaller.bytes_max = 10;
        bench.backend.limit(smaller);
        EXPECT_TRUE(std::get<0>(
            (co_await ask_unicorn<"put">(bench.first, "/a", text(std::string(70, 'x')), 1)).value()));
        grown = co_await ask_unicorn<"put">(bench.first, "/a", text(std::string(71, 'x')), 2);
        EXPECT_TRUE(grown.error().is(Errc::no_space));
        std::vector<services::Metric> metrics;
        bench.unicorn.measure(metrics);
        EXPECT_EQ(metrics.back().name, "bytes");
        EXPECT_EQ(metrics.back().value, 1 + 3 + 2 + 70) << "nil at /, and the path and value of /a";
    });
}

TEST(LocalBackend, locks_refused_by_a_disk_that_fails_leave_nothing_behind_and_others_are_free_afterwards) {
    TempDir folder;
    std::string file = (folder / "tree.db").string();
    auto in_folder = [&](const Executor& executor) -> std::unique_ptr<Backend> {
        return std::make_unique<LocalBackend>(executor, file);
    };
    with_unicorn(in_folder, [&](Bench& bench) -> Task<void> {
        auto& backend = static_cast<LocalBackend&>(bench.backend);
        std::optional held(follow_unicorn<"lock">(bench.first, "/l").value());
        EXPECT_TRUE((co_await held->next()).value().value());
        auto disk = Database::open(file, Tree::migrations()).value();
        EXPECT_TRUE(disk->script("ALTER TABLE node RENAME TO away"));
        for (int i = 0; i < 100; ++i) {
            auto refused = follow_unicorn<"lock">(bench.second, "/l").value();
            EXPECT_FALSE(co_await refused.next());
        }
        EXPECT_EQ(backend.leaving(), 0u);
        for (int i = 0; i < 100; ++i) (void)follow_unicorn<"lock">(bench.second, "/l").value();
        EXPECT_FALSE(co_await ask_unicorn<"get">(bench.second, "/l")) << "after all of them";
        EXPECT_EQ(backend.leaving(), 0u) << "nor do those who have not waited for the answer";
        held.reset();
        for (int i = 0; i < 500 && backend.leaving() == 0; ++i) co_await sleep_for(1ms);
        EXPECT_EQ(backend.leaving(), 1u) << "this one is on the disk";
        EXPECT_TRUE(disk->script("ALTER TABLE away RENAME TO node"));
        auto next = follow_unicorn<"lock">(bench.second, "/l").value();
        EXPECT_TRUE((co_await next.next()).value().value());
        EXPECT_EQ(backend.leaving(), 0u);
    });
}

TEST(LocalBackend, a_lock_that_is_given_up_before_it_is_answered_is_free_for_the_next) {
    with_unicorn(in_memory, [](Bench& bench) -> Task<void> {
        for (int i = 0; i < 20; ++i) (void)follow_unicorn<"lock">(bench.first, "/l").value();
        auto next = follow_unicorn<"lock">(bench.second, "/l").value();
        EXPECT_TRUE((co_await next.next()).value().value());
        auto seats = follow_unicorn<"children_subscribe">(bench.second, "/l").value();
        auto names = (co_await seats.next()).value().value();
        while (std::get<1>(names).size() > 1) names = (co_await seats.next()).value().value();
    });
}

Task<void> take(Async<void> work, std::optional<Result<void>>& out) { out = co_await std::move(work); }
Task<void> look_at(Backend& backend, std::string path) {
    auto looking = backend.get(std::move(path), Asker::client);
    EXPECT_TRUE(co_await std::move(looking));
}

TEST(LocalBackend, while_clients_are_refused_streams_waiting_callers_and_released_locks_go_on) {
    TempDir folder;
    std::string file = (folder / "tree.db").string();
    auto with_short_line = [&](const Executor& executor) -> std::unique_ptr<Backend> {
        SharedDatabaseLimits line;
        line.waiting_max = 1;
        return std::make_unique<LocalBackend>(executor, file, TreeLimits(), line);
    };
    with_unicorn(with_short_line, [&](Bench& bench) -> Task<void> {
        auto& backend = static_cast<LocalBackend&>(bench.backend);
        EXPECT_TRUE(co_await ask_unicorn<"create">(bench.first, "/x/y", text("v")));
        auto values = follow_unicorn<"subscribe">(bench.first, "/x/y").value();
        EXPECT_TRUE(co_await values.next());
        auto children = follow_unicorn<"children_subscribe">(bench.first, "/x").value();
        EXPECT_TRUE(co_await children.next());
        auto entering = backend.enqueue("/l", text("first"));
        auto holder = (co_await std::move(entering)).value();
        entering = backend.enqueue("/l", text("second"));
        auto next = (co_await std::move(entering)).value();

        auto other = Database::open(file, Tree::migrations()).value();
        EXPECT_TRUE(other->script("BEGIN IMMEDIATE")) << "now nobody else gets on";
        bench.group.spawn(look_at(backend, "/x/y"));
        bench.group.spawn(look_at(backend, "/x/y"));
        auto refused = co_await ask_unicorn<"get">(bench.second, "/x/y");
        EXPECT_TRUE(!refused && refused.error().is(Errc::busy));
        std::optional<Result<void>> first;
        bench.group.spawn(take(next->first(), first));
        backend.watchers().wake_all();
        holder.reset();
        co_await sleep_for(5ms);
        EXPECT_FALSE(first);
        EXPECT_TRUE(other->script("COMMIT"));

        for (int i = 0; i < 300 && !first; ++i) co_await sleep_for(1ms);
        EXPECT_TRUE(first && *first) << "taken out at once, not after a failure";
        EXPECT_TRUE(co_await ask_unicorn<"put">(bench.first, "/x/y", text("w"), 0));
        EXPECT_EQ((co_await values.next()).value().value(), versioned(text("w"), 1));
        EXPECT_TRUE(co_await ask_unicorn<"create">(bench.first, "/x/z", text("v")));
        EXPECT_EQ(std::get<1>((co_await children.next()).value().value()).size(), 2u);
    });
}

TEST(LocalBackend, the_size_of_a_tree_that_an_older_program_wrote_is_known) {
    auto database = Database::open(":memory:", {Tree::migrations()[0]}).value();
    ASSERT_TRUE(database->script("INSERT INTO node (path, parent, value) VALUES ('/ab', '', x'0102')"));
    ASSERT_TRUE(database->script(Tree::migrations()[1]));
    Tree tree(*database);
    auto size = tree.begin().value();
    EXPECT_EQ(size.nodes, 2u);
    EXPECT_EQ(size.bytes, 1u + 3 + 2);
}

TEST(Unicorn, limits_are_reloaded_and_another_store_needs_a_restart) {
    TempDir folder;
    auto in_folder = [&](const Executor& executor) -> std::unique_ptr<Backend> {
        return std::make_unique<LocalBackend>(executor, (folder / "tree.db").string());
    };
    with_unicorn(in_folder, [](Bench& bench) -> Task<void> {
        auto reload = [&](std::string_view yaml) {
            Result<void> out;
            auto read = [&](YamlReader& args) { out = bench.unicorn.reload(args); };
            EXPECT_TRUE(read_yaml(yaml, "test", read));
            return out;
        };
        EXPECT_TRUE(reload("value_max: 10 B\nbytes_max: 1 KiB\n"));
        auto large = co_await ask_unicorn<"create">(bench.first, "/a", text(std::string(30, 'x')));
        EXPECT_TRUE(large.error().is(UnicornErrc::invalid_value));
        auto moved = reload("etcd: ['http://127.0.0.1:1']\nvalue_max: 100 B\n");
        EXPECT_TRUE(moved.error().is(Errc::conflict));
        EXPECT_NE(moved.error().message().find("etcd needs a restart"), std::string::npos);
        EXPECT_TRUE(co_await ask_unicorn<"create">(bench.first, "/a", text(std::string(30, 'x'))));
    });
}

}  // namespace
}  // namespace sonm::unicorn::contract
