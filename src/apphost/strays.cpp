#include "sonm/apphost/strays.hpp"

#include "sonm/apphost/child.hpp"
#include "sonm/base/log.hpp"
#include "sonm/base/units.hpp"

#include <poll.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <sstream>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;

constexpr int wait_max_ms = 2'000;
/// How often whoever ends them may be killed by one of them first.
constexpr int tries = 20;
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

/// In a process of its own, beside other threads' locks: nothing but system calls. It becomes that user, so
/// that the kernel lets it kill that user's processes and no others. Capabilities would let it kill all:
/// without being sure that none is left it kills nobody.
[[noreturn]] void become_and_kill(unsigned user) {
    bool became = ::syscall(SYS_setresgid, user, user, user) == 0 &&
                  ::syscall(SYS_setresuid, user, user, user) == 0 && drop_capabilities();
    unsigned real = 0, effective = 0, saved = 0;
    became = became && ::syscall(SYS_getresuid, &real, &effective, &saved) == 0 && real == user &&
             effective == user && saved == user && user != 0;
    if (!became) ::_exit(1);
    ::_exit(::kill(-1, SIGKILL) == 0 || errno == ESRCH ? 0 : 1);
}

pid_t fork_killer(unsigned user) {
    // The child must not run this program's handlers.
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = ::fork();
    if (pid == 0) become_and_kill(user);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return pid;
}

/// How it has ended, as of waitpid(); nothing: it had to be killed.
std::optional<int> await_end(pid_t pid) {
    int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    pollfd ended{pidfd, POLLIN, 0};
    int ready = 0;
    while (pidfd >= 0 && (ready = ::poll(&ended, 1, wait_max_ms)) < 0 && errno == EINTR) continue;
    if (pidfd >= 0) ::close(pidfd);
    if (ready <= 0) ::kill(pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return ready > 0 ? std::optional(status) : std::nullopt;
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

Result<void> end_processes_of(unsigned user) {
    if (user == 0 || user == ::geteuid()) return fail(Errc::invalid, "user {} is this program's own", user);
    if (::geteuid() != 0) return fail(Errc::denied, "only root ends what others run");
    SONM_TRY(bool somebody, has_account(user));
    if (somebody) {
        SONM_LOG(warn,
                 "user {} has an account on this machine: what applications of it leave running is not ended",
                 user);
        return {};
    }
    for (int i = 0; i < tries; ++i) {
        pid_t pid = fork_killer(user);
        if (pid < 0) return fail(Errc::busy, "no new process to end those of user {}", user);
        auto status = await_end(pid);
        if (!status) return fail(Errc::timeout, "ending the processes of user {}", user);
        if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return {};
        if (WIFEXITED(*status)) return fail(Errc::denied, "this program cannot become user {}", user);
    }
    return fail(Errc::busy, "processes of user {} kill whoever is to end them", user);
}

}  // namespace sonm::apphost
