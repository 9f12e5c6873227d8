#include "sonm/base/fs.hpp"
#include "sonm/notifications/store.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sonm::notifications {
namespace {

Publication about(const std::string& topic, const std::string& body) {
    Publication out;
    out.topic = topic;
    out.body = to_bytes(body);
    return out;
}

TEST(NotificationsKilled, a_killed_process_loses_nothing_that_it_accepted) {
    TempDir folder;
    std::string file = (folder / "n.db").string();
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    pid_t child = ::fork();
    if (child == 0) {
        auto database = Database::open(file, Store::migrations());
        if (!database) ::_exit(1);
        Store store(**database, Keeping());
        if (!store.add_webhook("t", "http://127.0.0.1:1/", Bytes(24), "")) ::_exit(1);
        for (std::uint64_t i = 0;; ++i) {
            Publication next = about("t", fmt::format("body {}", i));
            auto work = [&] { return store.publish(next, UnixTime(1'700'000'000)); };
            auto accepted = (*database)->transact(work);
            if (!accepted || ::write(ends[1], &accepted->first, 8) != 8) ::_exit(1);
        }
    }
    ::close(ends[1]);
    std::vector<std::uint64_t> accepted;
    std::uint64_t sequence = 0;
    while (accepted.size() < 50 && ::read(ends[0], &sequence, 8) == 8) accepted.push_back(sequence);
    ::kill(child, SIGKILL);
    while (::read(ends[0], &sequence, 8) == 8) accepted.push_back(sequence);
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    ASSERT_GE(accepted.size(), 50u);
    auto database = Database::open(file, Store::migrations());
    ASSERT_TRUE(database) << database.error().message();
    Store store(**database, Keeping());
    auto kept = store.after("t", 0, 1'000'000).value();
    ASSERT_GE(kept.size(), accepted.size());
    for (std::size_t i = 0; i < accepted.size(); ++i) {
        EXPECT_EQ(kept[i].sequence, accepted[i]);
        EXPECT_EQ(as_text(kept[i].body), fmt::format("body {}", i));
    }
    EXPECT_EQ(store.counts()->pending, kept.size()) << "each is still to be delivered";
}

constexpr std::uint64_t acknowledged = std::uint64_t(1) << 63;

/// What one process, of many that are killed, does with the store: publishes, and as the subscriber `n`
/// acknowledges every third one. Tells `out` the sequences: published, or acknowledged with the highest bit.
[[noreturn]] void work_until_killed(const std::string& file, int out) {
    auto database = Database::open(file, Store::migrations());
    if (!database) ::_exit(1);
    Keeping keeping;
    keeping.count_max = 5;
    Store store(**database, keeping);
    auto whole = [&](auto work) { return (*database)->transact(std::move(work)); };
    if (!whole([&] { return store.attach("t", "n", "", 0); })) ::_exit(1);
    for (std::uint64_t i = 1;; ++i) {
        auto accepted = whole([&] { return store.publish(about("t", "body"), UnixTime(1'700'000'000)); });
        if (!accepted || ::write(out, &accepted->first, 8) != 8) ::_exit(1);
        if (i % 3 != 0) continue;
        std::uint64_t told = accepted->first | acknowledged;
        if (!whole([&] { return store.acknowledge("t", "n", "", accepted->first); })) ::_exit(1);
        if (::write(out, &told, 8) != 8) ::_exit(1);
        if (!whole([&] { return store.clean(UnixTime(1'700'000'000), ""); })) ::_exit(1);
    }
}

TEST(NotificationsKilled,
     killed_processes_lose_nothing_that_they_accepted_and_owe_what_was_not_acknowledged) {
    TempDir folder;
    std::string file = (folder / "n.db").string();
    std::uint64_t highest = 0, last_acknowledged = 0;
    for (int life = 0; life < 3; ++life) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        pid_t child = ::fork();
        if (child == 0) work_until_killed(file, ends[1]);
        ::close(ends[1]);
        std::uint64_t told = 0;
        for (int seen = 0; ::read(ends[0], &told, 8) == 8; ++seen) {
            if (told & acknowledged)
                last_acknowledged = told & ~acknowledged;
            else
                highest = told;
            if (seen == 20 + life) ::kill(child, SIGKILL);
        }
        ::close(ends[0]);
        ::waitpid(child, nullptr, 0);
        ASSERT_GE(highest, 10u);
        auto database = Database::open(file, Store::migrations());
        ASSERT_TRUE(database) << database.error().message();
        Store store(**database, Keeping());
        // What was done and not yet told may have happened too, but not more than one step.
        auto place = store.attach("t", "n", "", std::nullopt).value();
        EXPECT_GE(place, last_acknowledged);
        EXPECT_LE(place, last_acknowledged + 3);
        auto owed = store.after("t", place, 1'000).value();
        EXPECT_FALSE(!owed.empty() && owed.front().gap);
        EXPECT_GE(owed.size(), highest - std::min(highest, place)) << "all behind the acknowledged one";
        for (std::size_t i = 0; i < owed.size(); ++i) EXPECT_EQ(owed[i].sequence, place + 1 + i);
    }
}

}  // namespace
}  // namespace sonm::notifications
