#include "sonm/apphost/strays.hpp"

#include "sonm/base/errc.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace sonm::apphost {
namespace {

/// One that nobody has, beside those of nodes, and not those of another run of this test.
const unsigned user = 0x6f000000 + 3 * static_cast<unsigned>(::getpid());
const unsigned killer = user + 2;

/// A process of its own session that runs as that user until it is ended.
pid_t process_of(unsigned whose, const char* name = "stray", int signal = 0) {
    int ends[2];
    if (::pipe(ends) != 0) return -1;
    pid_t pid = ::fork();
    if (pid == 0) {
        ::setsid();
        ::prctl(PR_SET_NAME, name, 0, 0, 0);
        bool became = ::setresuid(whose, whose, whose) == 0;
        (void)!::write(ends[1], &became, sizeof became);
        ::alarm(60);
        // That signal spares who sends it.
        while (became) signal ? (void)::kill(-1, signal) : (void)::pause();
        ::_exit(1);
    }
    bool became = false;
    (void)!::read(ends[0], &became, sizeof became);
    ::close(ends[0]);
    ::close(ends[1]);
    return pid;
}

/// Whether it was there until now; then it ends.
bool lived_until_now(pid_t pid) {
    bool lived = ::waitpid(pid, nullptr, WNOHANG) == 0;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return lived;
}

TEST(Strays, all_processes_of_the_user_end_and_those_of_its_neighbour_do_not) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has processes of other users";
    std::vector<pid_t> its = {process_of(user), process_of(user)};
    pid_t neighbour = process_of(user + 1);
    EXPECT_EQ(users_at_work(user, user + 1), (std::set<unsigned>{user, user + 1}));
    auto ended = end_processes_of(user, killer);
    EXPECT_TRUE(ended) << ended.error().message();
    for (pid_t pid : its) {
        int status = 0;
        ::waitpid(pid, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    EXPECT_EQ(users_at_work(user, user + 1), (std::set<unsigned>{user + 1}));
    EXPECT_EQ(::waitpid(neighbour, nullptr, WNOHANG), 0);
    ::kill(neighbour, SIGKILL);
    ::waitpid(neighbour, nullptr, 0);
    EXPECT_TRUE(end_processes_of(user, killer)) << "where there are none";
}

TEST(Strays, of_root_and_of_this_program_itself_are_not_touched) {
    EXPECT_TRUE(end_processes_of(0, killer).error().is(Errc::invalid));
    EXPECT_TRUE(end_processes_of(::geteuid(), killer).error().is(Errc::invalid));
    EXPECT_TRUE(end_processes_of(user, 0).error().is(Errc::invalid));
}

TEST(Strays, none_stops_or_kills_whoever_is_to_end_it) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has processes of other users";
    for (int signal : {SIGSTOP, SIGKILL}) {
        pid_t fighting = process_of(user, "stray", signal);
        auto ended = end_processes_of(user, killer);
        EXPECT_TRUE(ended) << ended.error().message();
        EXPECT_FALSE(users_at_work(user, killer).contains(killer));
        int status = 0;
        ::kill(fighting, SIGTERM);
        ::waitpid(fighting, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
}

TEST(Strays, nothing_is_sure_where_nobody_is_told_how_processes_end) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has processes of other users";
    auto before = ::signal(SIGCHLD, SIG_IGN);
    auto ended = end_processes_of(user, killer);
    ::signal(SIGCHLD, before);
    ASSERT_FALSE(ended);
    EXPECT_TRUE(ended.error().is(Errc::io)) << ended.error().message();
}

TEST(Strays, a_user_with_an_account_is_left_in_peace) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has processes of other users";
    constexpr unsigned nobody = 65534;
    pid_t pid = process_of(nobody);
    EXPECT_TRUE(end_processes_of(nobody, killer));
    EXPECT_TRUE(lived_until_now(pid));
}

TEST(Strays, nobody_is_killed_while_it_cannot_be_told_whether_the_user_has_an_account) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has processes of other users";
#if __has_feature(address_sanitizer)
    GTEST_SKIP() << "what looks for undefined behaviour needs descriptors itself";
#endif
    pid_t pid = process_of(user);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    // As a node that has no descriptors left.
    rlimit none{0, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    auto ended = end_processes_of(user, killer);
    ::setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(ended);
    EXPECT_TRUE(ended.error().is(Errc::unavailable)) << ended.error().message();
    EXPECT_TRUE(lived_until_now(pid));
}

TEST(Strays, a_process_does_not_hide_behind_its_name) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has processes of other users";
    for (const char* name : {"Uid: 0 0 0 0", "\nUid:\t0\t0\t0\t0"}) {
        pid_t pid = process_of(user, name);
        EXPECT_EQ(users_at_work(user, user), std::set<unsigned>{user}) << name;
        EXPECT_TRUE(lived_until_now(pid));
    }
}

}  // namespace
}  // namespace sonm::apphost
