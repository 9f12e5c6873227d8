#include "sonm/base/process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

namespace sonm {
namespace {

struct Stat {
    char state = 0;
    std::uint64_t start_ticks = 0;
};

std::optional<Stat> read_stat(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    // The name, field 2, may hold anything, also spaces and brackets: fields are counted from the last ')'.
    std::size_t after_name = line.rfind(')');
    if (after_name == std::string::npos) return std::nullopt;
    std::istringstream fields(line.substr(after_name + 1));
    Stat stat;
    std::string skipped;
    fields >> stat.state;
    for (int field = 4; field < 22; ++field) fields >> skipped;
    fields >> stat.start_ticks;
    if (!fields) return std::nullopt;
    return stat;
}

}  // namespace

Result<ProcessId> spawn_daemon(const std::vector<std::string>& argv, const std::filesystem::path& log) {
    SONM_ASSERT(!argv.empty());
    int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out < 0)
        return fail(Errc::io, "opening {} for the output of {}: {}", log.string(), argv[0],
                    std::strerror(errno));
    int status[2];  // carries errno of a failed exec; closed by a successful one
    SONM_ASSERT(::pipe2(status, O_CLOEXEC) == 0);
    std::vector<char*> words;
    for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);

    pid_t pid = ::fork();
    if (pid == 0) {
        ::setsid();
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        std::signal(SIGPIPE, SIG_DFL);
        int null = ::open("/dev/null", O_RDONLY);
        ::dup2(null, 0);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::execvp(words[0], words.data());
        int error = errno;
        (void)!::write(status[1], &error, sizeof error);
        ::_exit(127);
    }
    int spawn_error = pid < 0 ? errno : 0;
    ::close(out);
    ::close(status[1]);
    int error = 0;
    bool failed = pid > 0 && ::read(status[0], &error, sizeof error) == sizeof error;
    ::close(status[0]);
    if (pid < 0) return fail(Errc::io, "starting {}: {}", argv[0], std::strerror(spawn_error));
    if (failed) {
        ::waitpid(pid, nullptr, 0);
        if (error == ENOENT) return fail(Errc::not_found, "no program {}", argv[0]);
        return fail(error == EACCES ? Errc::denied : Errc::io, "starting {}: {}", argv[0],
                    std::strerror(error));
    }
    return identify(pid);
}

ProcessId identify(pid_t pid) {
    auto stat = read_stat(pid);
    return ProcessId{pid, stat ? stat->start_ticks : 0};
}

bool is_alive(const ProcessId& process) {
    if (process.pid <= 0) return false;
    auto stat = read_stat(process.pid);
    return stat && stat->start_ticks == process.start_ticks && stat->state != 'Z' && stat->state != 'X';
}

Async<void> stop_process(ProcessId process, Millis grace) {
    if (!is_alive(process)) co_return Result<void>();
    if (::kill(process.pid, SIGTERM) != 0 && errno == EPERM)
        co_return fail(Errc::denied, "stopping process {}", process.pid);
    const Millis step(20);
    for (Millis waited(0); is_alive(process); waited += step) {
        if (waited >= grace) ::kill(process.pid, SIGKILL);
        if (waited >= grace + Millis(5'000))
            co_return fail(Errc::timeout, "process {} does not die", process.pid);
        co_await sleep_for(step);
    }
    ::waitpid(process.pid, nullptr, WNOHANG);
    co_return Result<void>();
}

Result<void> write_pid_file(const std::filesystem::path& path, const ProcessId& process) {
    std::ofstream file(path, std::ios::trunc);
    file << process.pid << ' ' << process.start_ticks << '\n';
    file.flush();
    if (!file) return fail(Errc::io, "writing {}", path.string());
    return {};
}

Result<ProcessId> read_pid_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    ProcessId process;
    if (!(file >> process.pid >> process.start_ticks))
        return fail(Errc::not_found, "no process in {}", path.string());
    return process;
}

Result<std::filesystem::path> find_program(const std::string& name) {
    const char* variable = std::getenv("PATH");
    std::istringstream folders(variable ? variable : "/usr/bin:/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        std::filesystem::path candidate = std::filesystem::path(folder) / name;
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return fail(Errc::not_found, "no program {} in PATH", name);
}

}  // namespace sonm
