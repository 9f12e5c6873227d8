#include "sonm/engine/command.hpp"

#include "sonm/engine/file_handle.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace sonm::engine {
namespace {

constexpr std::size_t output_bytes_max = 64 * KiB;
using Deadline = std::chrono::steady_clock::time_point;

/// Only folders of the system: this may run as root.
char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
char locale[] = "LC_ALL=C";

Result<pid_t> start(const std::vector<std::string>& argv, int output) {
    std::vector<char*> words;
    for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    char* environment[] = {path, locale, nullptr};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, 1);
    posix_spawn_file_actions_adddup2(&files, output, 2);
    pid_t pid = 0;
    int error = ::posix_spawnp(&pid, words[0], &files, nullptr, words.data(), environment);
    posix_spawn_file_actions_destroy(&files);
    if (error) return system_failure(error, "starting " + argv[0]);
    return pid;
}

/// Reads until the end or the deadline; true if it was the end.
bool read_output(FileHandle& file, Deadline deadline, std::string& out) {
    Bytes buffer(4096);
    while (true) {
        auto left = std::chrono::duration_cast<Millis>(deadline - std::chrono::steady_clock::now()).count();
        pollfd waiting{file.get(), POLLIN, 0};
        if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) return false;
        auto count = file.read(buffer);
        if (!count || *count == 0) return true;
        out += as_text(BytesView(buffer.data(), *count)).substr(0, output_bytes_max - out.size());
    }
}

Result<std::string> run_blocking(const std::vector<std::string>& argv, Millis limit) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure(errno, "making a pipe");
    FileHandle near(ends[0]), far(ends[1]);
    SONM_TRY(pid_t pid, start(argv, far.get()));
    far.close();
    std::string out;
    bool ended = read_output(near, std::chrono::steady_clock::now() + limit, out);
    if (!ended) ::kill(pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (!ended) return fail(Errc::timeout, "{} did not end within {} ms", argv[0], limit.count());
    while (!out.empty() && out.back() == '\n') out.pop_back();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127 && out.empty())
        return fail(Errc::not_found, "{} is not installed", argv[0]);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail(Errc::io, "{}: {}", argv[0], out.empty() ? "failed" : out);
    return out;
}

}  // namespace

Async<std::string> run_command(std::vector<std::string> argv, Millis limit) {
    SONM_ASSERT(!argv.empty());
    auto work = [argv = std::move(argv), limit] { return run_blocking(argv, limit); };
    co_return co_await offload(std::move(work));
}

}  // namespace sonm::engine
