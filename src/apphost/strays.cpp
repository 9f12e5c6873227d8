#include "sonm/apphost/strays.hpp"

#include "sonm/apphost/child.hpp"
#include "sonm/base/log.hpp"
#include "sonm/base/units.hpp"

#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;

using SteadyClock = std::chrono::steady_clock;

/// For all tries to end those of one user.
constexpr Millis patience{1'000};
constexpr std::string_view uid_key = "Uid:";

tl::unexpected<Error> cannot_tell(unsigned user, int error) {
    return fail(Errc::unavailable, "whether user {} has an account on this machine: {}", user,
                std::strerror(error));
}

/// The system's library takes an /etc/passwd that it cannot open for one without him if another source of
/// accounts says no, so it is read here. Errors: unavailable.
Result<bool> is_in_file(unsigned user, std::span<char> texts) {
    std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen("/etc/passwd", "re"), &std::fclose);
    passwd account{}, *found = nullptr;
    int error = file ? 0 : errno;
    while (file && (error = ::fgetpwent_r(file.get(), &account, texts.data(), texts.size(), &found)) == 0)
        if (found->pw_uid == user) return true;
    // At its end, or where there is none.
    if (error != ENOENT) return cannot_tell(user, error);
    return false;
}

/// Errors: unavailable (it cannot be told). Only ENOENT, of a container without /etc/passwd, is as good as a
/// no: all others also come from a source of accounts that is not up yet.
Result<bool> has_account(unsigned user) {
    std::array<char, 16 * KiB> texts;
    SONM_TRY(bool in_file, is_in_file(user, texts));
    passwd account{}, *found = nullptr;
    int error = in_file ? 0 : ::getpwuid_r(user, &account, texts.data(), texts.size(), &found);
    if (error != 0 && error != ENOENT) return cannot_tell(user, error);
    return in_file || found;
}

/// In a process of its own, beside other threads' locks: nothing but system calls. It acts as that user, so
/// that the kernel lets it kill that user's processes and no others; but it is `killer`, whom that user
/// cannot signal. Capabilities would let it kill all: without being sure that none is left it kills nobody.
[[noreturn]] void become_and_kill(unsigned user, unsigned killer, pid_t parent) {
    // Ports and locks of this program end with it, whatever comes of this process.
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    bool became = ::syscall(SYS_setresgid, user, user, user) == 0 &&
                  ::syscall(SYS_setresuid, killer, user, killer) == 0 && drop_capabilities();
    unsigned real = 0, effective = 0, saved = 0;
    became = became && ::syscall(SYS_getresuid, &real, &effective, &saved) == 0 && real == killer &&
             effective == user && saved == killer && user != 0 && killer != 0;
    // After the change of user, which takes it back. The parent may have died before.
    became = became && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent;
    if (!became) ::_exit(1);
    ::_exit(::kill(-1, SIGKILL) == 0 || errno == ESRCH ? 0 : 1);
}

pid_t fork_killer(unsigned user, unsigned killer) {
    // The child must not run this program's handlers.
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = ::getpid(), pid = ::fork();
    if (pid == 0) become_and_kill(user, killer, parent);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return pid;
}

int ms_until(SteadyClock::time_point deadline) {
    auto left = std::chrono::ceil<Millis>(deadline - SteadyClock::now());
    return static_cast<int>(std::max(left, Millis(0)).count());
}

/// How it has ended, as of waitpid(). Errors: timeout (it had to be killed), io (it cannot be told).
Result<int> await_end(pid_t pid, SteadyClock::time_point deadline) {
    int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    bool gone = pidfd < 0 && errno == ESRCH;
    pollfd ended{pidfd, POLLIN, 0};
    int ready = 0;
    while (pidfd >= 0 && (ready = ::poll(&ended, 1, ms_until(deadline))) < 0 && errno == EINTR) continue;
    if (pidfd >= 0) ::close(pidfd);
    if (ready <= 0 && !gone) ::kill(pid, SIGKILL);
    int status = 0;
    pid_t reaped = 0;
    while ((reaped = ::waitpid(pid, &status, 0)) < 0 && errno == EINTR) continue;
    // Where nobody wants to know how children end (SIGCHLD is ignored).
    if (reaped != pid) return fail(Errc::io, "how it went: {}", std::strerror(errno));
    if (ready <= 0) return fail(Errc::timeout, "whoever is to end them is not ready");
    return status;
}

}  // namespace

std::set<unsigned> users_at_work(unsigned first, unsigned last) {
    std::set<unsigned> out;
    std::error_code error;
    for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
        if (!parse_int<pid_t>(at->path().filename().string())) continue;
        std::ifstream status(at->path() / "status");
        // By line: the name of a process, before it, may be anything but a line's end.
        for (std::string line; std::getline(status, line);) {
            if (!line.starts_with(uid_key)) continue;
            std::istringstream numbers(line.substr(uid_key.size()));
            for (unsigned user = 0; numbers >> user;)
                if (user >= first && user <= last) out.insert(user);
            break;
        }
    }
    return out;
}

Result<void> end_processes_of(unsigned user, unsigned killer) {
    for (unsigned one : {user, killer})
        if (one == 0 || one == ::geteuid()) return fail(Errc::invalid, "user {} is this program's own", one);
    if (::geteuid() != 0) return fail(Errc::denied, "only root ends what others run");
    for (unsigned one : {user, killer}) {
        SONM_TRY(bool somebody, has_account(one));
        if (!somebody) continue;
        SONM_LOG(warn,
                 "user {} has an account on this machine: what applications of {} leave running is not ended",
                 one, user);
        return {};
    }
    auto deadline = SteadyClock::now() + patience;
    do {
        pid_t pid = fork_killer(user, killer);
        if (pid < 0) return fail(Errc::busy, "no new process to end those of user {}", user);
        auto status = await_end(pid, deadline);
        if (!status) return wrap(std::move(status.error()), "ending the processes of user {}", user);
        if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return {};
        if (WIFEXITED(*status)) return fail(Errc::denied, "this program cannot become user {}", user);
    } while (SteadyClock::now() < deadline);
    return fail(Errc::busy, "processes of user {} kill whoever is to end them", user);
}

}  // namespace sonm::apphost
