#include "sonm/apphost/process_spawner.hpp"

#include "sonm/apphost/child.hpp"
#include "sonm/apphost/places.hpp"
#include "sonm/apphost/seccomp_filter.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/base/log.hpp"
#include "sonm/engine/seccomp.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;
using engine::FileHandle;

/// The pieces of a worker's output are read in.
constexpr std::size_t output_piece_bytes = 16 * KiB;

class Process final : public Spawned {
public:
    Process(const Executor& executor, ProcessId id, FileHandle pidfd, FileHandle output, ControlGroup group,
            fs::path note, OutputFn tell)
        : id_(id),
          ended_(executor, ::dup(pidfd.get())),
          output_(executor, ::dup(output.get())),
          group_(std::move(group)),
          note_(std::move(note)),
          tell_(std::move(tell)) {}

    ~Process() override {
        if (!reaped_) {
            kill_all();
            reap();
        }
        // What dies slowly (in the kernel) leaves its group to the next start's clean_up.
        (void)group_.remove();
        std::error_code ignored;
        fs::remove(note_, ignored);
    }

    Task<ExitStatus> wait() override {
        auto body = [this](TaskGroup& group) -> Task<void> {
            group.spawn(read_output());
            (void)co_await ended_.async_wait(asio::posix::stream_descriptor::wait_read,
                                             as_tuple(asio::use_awaitable));
            // The leader is a zombie now, so the number of its group is still its own.
            kill_all();
            // All writers of the pipe are dead: what they wrote is read to its end, if that comes soon.
            auto reading = ended_output();
            auto bounded = within(Millis(1'000), std::move(reading));
            (void)co_await std::move(bounded);
        };
        auto work = scope(2, std::move(body));
        co_await std::move(work);
        ExitStatus status = reap();
        // What it had started dies in its own time, and only then can the group go.
        constexpr int tries = 100;
        for (int i = 0; i < tries && !group_.remove(); ++i) co_await sleep_for(Millis(10));
        co_return status;
    }

    void terminate() override {
        if (!reaped_) ::kill(id_.pid, SIGTERM);
    }
    void kill() override {
        if (!reaped_) kill_all();
    }

private:
    Task<void> read_output() {
        std::array<std::uint8_t, output_piece_bytes> buffer;
        while (true) {
            auto [error, count] =
                co_await output_.async_read_some(asio::buffer(buffer), as_tuple(asio::use_awaitable));
            if (error) break;
            tell_(BytesView(buffer.data(), count));
        }
        output_done_ = true;
    }
    Async<void> ended_output() {
        while (!output_done_) co_await sleep_for(Millis(5));
        co_return Result<void>();
    }
    void kill_all() {
        ::kill(-id_.pid, SIGKILL);
        group_.kill();
    }
    ExitStatus reap() {
        int status = 0;
        while (::waitpid(id_.pid, &status, 0) < 0 && errno == EINTR) continue;
        reaped_ = true;
        if (WIFSIGNALED(status)) return ExitStatus{128 + WTERMSIG(status), true};
        return ExitStatus{WEXITSTATUS(status), false};
    }

    ProcessId id_;
    asio::posix::stream_descriptor ended_, output_;
    ControlGroup group_;
    fs::path note_;
    OutputFn tell_;
    bool reaped_ = false, output_done_ = false;
};

}  // namespace

Result<std::unique_ptr<ProcessSpawner>> ProcessSpawner::make(Executor executor, ProcessSpawnerConfig config) {
    std::vector<sock_filter> filter;
    if (config.seccomp) {
        SONM_TRY(filter, make_seccomp_filter(engine::seccomp_profile()));
    }
    return std::unique_ptr<ProcessSpawner>(
        new ProcessSpawner(std::move(executor), std::move(config), std::move(filter)));
}

void ProcessSpawner::make_groups() {
    groups_.emplace(config_.control_groups, tag_of(config_.state));
    std::string missing = groups_->missing(), unlimited = groups_->unlimited();
    if (!missing.empty()) {
        groups_.reset();
        SONM_LOG(warn, "app workers run without control groups: {}", missing);
    } else if (!unlimited.empty()) {
        SONM_LOG(warn,
                 "the control groups of app workers do not limit their {}: not all of the controllers "
                 "memory, pids and cpu can be written below {}",
                 unlimited, config_.control_groups.string());
    }
}

Async<std::unique_ptr<Spawned>> ProcessSpawner::spawn(SpawnSpec spec, OutputFn output) {
    co_return start(spec, std::move(output));
}

Result<std::unique_ptr<Spawned>> ProcessSpawner::start(const SpawnSpec& spec, OutputFn output) {
    ControlGroup group;
    if (groups_) {
        SONM_TRY(group, groups_->make(spec.uuid, spec.isolate));
    }
    auto undo = [&](Error error) {
        (void)group.remove();
        return tl::unexpected<Error>(std::move(error));
    };
    auto entrances = group.entrances();
    if (!entrances) return undo(std::move(entrances.error()));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return undo(Error{make_error_code(Errc::busy), "no pipe for a worker's output"});
    FileHandle read_end(ends[0]), write_end(ends[1]);
    ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);

    ChildSpec child{spec,
                    filter_,
                    *entrances,
                    write_end.get(),
                    !groups_ || !groups_->limit_memory(),
                    !groups_ || !groups_->limit_processes()};
    auto pid = start_child(child);
    if (!pid) return undo(std::move(pid.error()));
    FileHandle pidfd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
    ProcessId id = identify(*pid);
    fs::path note = config_.state / (spec.uuid + ".pid");
    auto noted = write_pid_file(note, id);
    if (!noted) SONM_LOG(warn, "app worker {}: {}", spec.uuid, noted.error().message());
    return std::unique_ptr<Spawned>(std::make_unique<Process>(executor_, id, std::move(pidfd),
                                                              std::move(read_end), std::move(group),
                                                              std::move(note), std::move(output)));
}

Async<void> ProcessSpawner::clean_up() {
    SONM_CO_CHECK(make_folder(config_.state, 0700));
    make_groups();
    std::error_code error;
    std::vector<fs::path> notes;
    for (fs::directory_iterator at(config_.state, error), end; !error && at != end; at.increment(error))
        if (at->path().extension() == ".pid") notes.push_back(at->path());
    for (const fs::path& note : notes) {
        auto id = read_pid_file(note);
        // The whole session: whoever leads it was ours, and its number is not given out while anybody is in
        // it.
        if (id && is_alive(*id)) {
            SONM_LOG(info, "app worker {} of an earlier life is ended", id->pid);
            ::kill(-id->pid, SIGKILL);
        }
        fs::remove(note, error);
    }
    if (!groups_) co_return Result<void>();
    constexpr int tries = 50;
    for (int i = 0; i < tries; ++i) {
        bool gone = true;
        for (const ControlGroup& group : groups_->leftovers()) gone &= group.remove();
        if (gone) break;
        co_await sleep_for(Millis(20));
    }
    groups_->sweep();
    co_return Result<void>();
}

}  // namespace sonm::apphost
