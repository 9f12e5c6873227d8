#include "sonm/apphost/control_groups.hpp"

#include "sonm/base/fs.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;

/// The number of a process that was there, and is not any more.
pid_t dead() {
    pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    ::waitpid(pid, nullptr, 0);
    return pid;
}

std::string of_owner(const std::string& tag, pid_t pid, int other_namespace = 0) {
    struct stat status {};
    ::stat("/proc/self/ns/pid", &status);
    return fmt::format("{}.{}.{}", tag, status.st_ino + other_namespace, pid);
}

/// Folders like those of version 1: only what needs no kernel behind them.
class Folders : public ::testing::Test {
protected:
    Folders() {
        for (const char* controller : {"memory", "pids", "cpu"}) fs::create_directory(root / controller);
    }
    fs::path apps(const std::string& controller) { return root / controller / "sonm-apps"; }
    TempDir root;
};

TEST_F(Folders, one_for_the_node_in_each_hierarchy_and_none_when_it_has_ended) {
    {
        ControlGroups groups(root.path(), "tag");
        EXPECT_EQ(groups.missing(), "");
        EXPECT_TRUE(groups.limit_memory() && groups.limit_processes());
        for (const char* controller : {"memory", "pids", "cpu"})
            EXPECT_TRUE(fs::is_directory(apps(controller) / of_owner("tag", ::getpid())));
        // Left by a worker that died slowly.
        fs::create_directory(apps("pids") / of_owner("tag", ::getpid()) / "slow");
    }
    for (const char* controller : {"memory", "pids", "cpu"}) EXPECT_FALSE(fs::exists(apps(controller)));
}

TEST_F(Folders, of_dead_nodes_go_and_those_of_living_ones_and_of_strangers_stay) {
    auto at = [&](const std::string& name) { return apps("memory") / name / "worker"; };
    const std::string gone = of_owner("other", dead()), lives = of_owner("other", ::getppid()),
                      elsewhere = of_owner("other", dead(), 1), earlier = of_owner("tag", dead()),
                      beside = of_owner("tag", ::getppid()), twin = of_owner("tag", ::getppid(), 1),
                      past = of_owner("tag", ::getppid(), 2);
    for (const std::string& name : {gone, lives, elsewhere, earlier, beside, twin, std::string("foreign")})
        fs::create_directories(at(name));
    fs::create_directories(at(past).parent_path());
    {
        ControlGroups groups(root.path(), "tag");
        EXPECT_EQ(groups.leftovers().size(), 1u) << "only of those whose owner is gone all are killed";
        groups.sweep();
        EXPECT_FALSE(fs::exists(apps("memory") / gone));
        EXPECT_FALSE(fs::exists(apps("memory") / earlier));
        EXPECT_FALSE(fs::exists(apps("memory") / past)) << "nothing is in it";
        for (const std::string& name : {lives, elsewhere, beside, twin, std::string("foreign")})
            EXPECT_TRUE(fs::exists(at(name))) << name << ": about to be entered by a worker";
    }
    EXPECT_TRUE(fs::exists(at(lives)));
}

TEST_F(Folders, that_another_node_has_swept_away_are_made_again) {
    ControlGroups groups(root.path(), "tag");
    fs::remove_all(apps("memory"));
    auto made = groups.make("worker", Isolate());
    ASSERT_FALSE(made) << "these folders have no limits to write";
    EXPECT_NE(made.error().message().find("memory.limit_in_bytes"), std::string::npos);
    EXPECT_TRUE(fs::exists(apps("memory") / of_owner("tag", ::getpid())));
}

TEST_F(Folders, of_some_controllers_say_what_is_not_limited) {
    EXPECT_EQ(ControlGroups(root.path(), "tag").unlimited(), "");
    fs::remove(root / "pids");
    fs::remove(root / "cpu");
    ControlGroups groups(root.path(), "tag");
    EXPECT_EQ(groups.missing(), "");
    EXPECT_TRUE(groups.limit_memory());
    EXPECT_EQ(groups.unlimited(), "processes, processor time");
}

TEST(ControlGroups, none_that_can_be_written_is_said_and_leaves_nothing) {
    TempDir root;
    ControlGroups groups(root.path(), "tag");
    EXPECT_NE(groups.missing().find(root.path().string()), std::string::npos);
    EXPECT_FALSE(groups.limit_memory());
    EXPECT_TRUE(fs::is_empty(root.path()));
}

}  // namespace
}  // namespace sonm::apphost
