#include "sonm/apphost/child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

extern char** environ;

namespace sonm::apphost {
namespace {

/// What the child does, in order; the first that fails is told to the parent by its number.
enum class Step : int {
    session,
    streams,
    group,
    limits,
    rights,
    user,
    folder,
    parent,
    privileges,
    filter,
    start
};
constexpr const char* step_names[] = {"making a session",           "its output",
                                      "entering its control group", "setting its limits",
                                      "dropping its capabilities",  "changing its user",
                                      "entering its folder",        "binding it to this program",
                                      "dropping privileges",        "setting its system calls",
                                      "starting the program"};
struct Failure {
    Step step;
    int error;
};

/// Everything that the child needs, made before the fork: behind it nothing may allocate, lock or throw,
/// because other threads' locks are copied in whatever state they were.
struct Prepared {
    std::string program, folder;
    std::vector<std::string> words, variables;
    std::vector<char*> argv, envp;
    sock_fprog filter{};
    std::vector<std::pair<int, rlimit>> limits;
};

constexpr std::array<std::string_view, 5> of_the_user = {"HOME", "USER", "LOGNAME", "MAIL",
                                                         "XDG_RUNTIME_DIR"};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

void prepare(Prepared& out, const ChildSpec& child) {
    const SpawnSpec& spec = child.spec;
    out.folder = spec.folder.string();
    // execve takes a path as it is: a bare name means a file of the folder.
    out.program = spec.program.starts_with("/") ? spec.program : "./" + spec.program;
    out.words.push_back(spec.program);
    out.words.insert(out.words.end(), spec.args.begin(), spec.args.end());
    for (char** variable = environ; *variable; ++variable) {
        std::string_view text(*variable);
        // What this program was told in confidence (a passphrase) is nobody else's.
        if (text.starts_with("SONM_")) continue;
        // Nor is another user's home of use to it.
        if (spec.user && std::find(of_the_user.begin(), of_the_user.end(), text.substr(0, text.find('='))) !=
                             of_the_user.end())
            continue;
        if (!spec.environment.contains(std::string(text.substr(0, text.find('=')))))
            out.variables.emplace_back(text);
    }
    for (const auto& [name, value] : spec.environment) out.variables.push_back(name + "=" + value);
    if (spec.user && !spec.environment.contains("HOME")) out.variables.push_back("HOME=" + out.folder);
    out.argv = pointers(out.words);
    out.envp = pointers(out.variables);
    out.filter.len = static_cast<unsigned short>(child.filter.size());
    out.filter.filter = const_cast<sock_filter*>(child.filter.data());
    auto limit = [&](int resource, std::uint64_t value) {
        out.limits.emplace_back(resource, rlimit{value, value});
    };
    limit(RLIMIT_NOFILE, spec.isolate.files_max);
    limit(RLIMIT_CORE, 0);
    if (child.limit_memory) limit(RLIMIT_DATA, spec.isolate.memory_bytes_max);
    // Counted per user, so all workers of the application share it: of use only if the user is its own.
    if (spec.user && child.limit_processes) limit(RLIMIT_NPROC, spec.isolate.processes_max);
}

/// What it and all that it starts could ever win back. Without the right to do so (EPERM) nothing can be won
/// back either, since there will be no new privileges.
bool empty_bounding_set() {
    for (int capability = 0; capability < 64; ++capability) {
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0 || errno == EPERM) continue;
        return errno == EINVAL && capability > 0;  // the kernel knows no more
    }
    return true;
}

bool change_user(unsigned user) {
    return ::setgroups(0, nullptr) == 0 && ::setresgid(user, user, user) == 0 &&
           ::setresuid(user, user, user) == 0;
}

bool set_limits(const Prepared& prepared) {
    for (const auto& [resource, value] : prepared.limits) {
        rlimit wanted = value, now{};
        // Without rights a limit can be lowered only.
        if (::getrlimit(static_cast<__rlimit_resource>(resource), &now) == 0 && ::geteuid() != 0)
            wanted.rlim_max = wanted.rlim_cur = std::min(wanted.rlim_max, now.rlim_max);
        if (::setrlimit(static_cast<__rlimit_resource>(resource), &wanted) != 0) return false;
    }
    return true;
}

bool redirect(int output) {
    int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) return false;
    // Nothing else of ours is inherited, whoever forgot to say so; the pipe for failures closes with success.
    return ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) == 0;
}

bool enter_groups(const ChildSpec& child) {
    for (const auto& entrance : child.group_entrances)
        if (::write(entrance.get(), "0", 1) != 1) return false;
    return true;
}

/// The steps in the new process. Returns the one that failed; does not return if all worked.
Step become(const ChildSpec& child, const Prepared& prepared, pid_t parent) {
    if (::setsid() < 0) return Step::session;
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(number, SIG_DFL);
    if (!redirect(child.output)) return Step::streams;
    if (!enter_groups(child)) return Step::group;
    if (!set_limits(prepared)) return Step::limits;
    if (!empty_bounding_set()) return Step::rights;
    if (child.spec.user && !change_user(*child.spec.user)) return Step::user;
    if (!drop_capabilities()) return Step::rights;
    if (::chdir(prepared.folder.c_str()) != 0) return Step::folder;
    // After the change of user and rights, which takes it back. The parent may have died before.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) return Step::parent;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Step::privileges;
    if (prepared.filter.len != 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prepared.filter) != 0)
        return Step::filter;
    ::execve(prepared.program.c_str(), prepared.argv.data(), prepared.envp.data());
    return Step::start;
}

}  // namespace

bool drop_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
           ::syscall(SYS_capset, &header, none) == 0;
}

Result<pid_t> start_child(const ChildSpec& child) {
    Prepared prepared;
    prepare(prepared, child);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return fail(Errc::busy, "no pipe for a new worker: {}", std::strerror(errno));
    engine::FileHandle told(ends[0]), tell(ends[1]);
    pid_t parent = ::getpid();
    pid_t pid = ::fork();
    if (pid == 0) {
        Step step = become(child, prepared, parent);
        Failure failure{step, errno};
        (void)!::write(tell.get(), &failure, sizeof failure);
        ::_exit(127);
    }
    if (pid < 0) return fail(Errc::busy, "no new process: {}", std::strerror(errno));
    tell.close();
    Failure failure{};
    ssize_t count = 0;
    while ((count = ::read(told.get(), &failure, sizeof failure)) < 0 && errno == EINTR) continue;
    if (count != sizeof failure) return pid;
    ::waitpid(pid, nullptr, 0);
    Errc code = failure.error == ENOENT                             ? Errc::not_found
                : failure.error == EACCES || failure.error == EPERM ? Errc::denied
                                                                    : Errc::io;
    return fail(code, "worker of {}, {} ({}): {}", child.spec.app, step_names[static_cast<int>(failure.step)],
                child.spec.program, std::strerror(failure.error));
}

}  // namespace sonm::apphost
