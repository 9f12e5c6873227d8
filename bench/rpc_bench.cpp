/// RPC over loopback TCP, the Slave protocol beside gRPC C++ (where it was installed at build time), in one
/// run: unary calls, a stream, idle connections. `rpc_bench [seconds a row] [idle connections] [payload/in
/// flight/connections]` prints tables for docs/performance.md; the third argument, 64/64/1 or stream, keeps
/// one row only.
#include "rpc_bench_idle.hpp"
#include "sonm/base/units.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>

namespace sonm::bench {
namespace {

void pin(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor % static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)), &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

/// This program again, as the server of one side, on processor 0; ended with the object.
class ServerProcess {
public:
    explicit ServerProcess(std::size_t side) {
        int ends[2];
        if (::pipe(ends) != 0) std::abort();
        process_ = ::fork();
        if (process_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            std::string number = std::to_string(side);
            ::execl("/proc/self/exe", "rpc_bench", "--serve", number.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        FILE* from = ::fdopen(ends[0], "r");
        char line[128] = "";
        if (!std::fgets(line, sizeof line, from)) std::abort();
        address_ = std::string(line, std::strcspn(line, "\n"));
        std::fclose(from);
    }
    ServerProcess(const ServerProcess&) = delete;
    ~ServerProcess() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    pid_t process() const { return process_; }
    const std::string& address() const { return address_; }
    /// Processor time of both processes so far, seconds.
    double cpu() const { return cpu_of(process_) + cpu_of(::getpid()); }

private:
    static double cpu_of(pid_t process) {
        clockid_t clock;
        timespec time{};
        if (::clock_getcpuclockid(process, &clock) == 0) ::clock_gettime(clock, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
    }
    pid_t process_;
    std::string address_;
};

std::vector<const Side*> sides() {
    std::vector<const Side*> all{&slave_side};
#ifdef SONM_BENCH_GRPC
    all.push_back(&grpc_side);
#endif
    all.push_back(&bare_side);
    return all;
}

void print_calls(double seconds, std::string_view only) {
    fmt::print(
        "| unary echo | payload | connections | in flight | calls/s | p50 µs | p99 µs | CPU µs a call |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|\n");
    const Plan plans[] = {{64, 1, 1},   {64, 64, 1},   {64, 1024, 1},   {64, 64, 64},   {64, 1024, 64},
                          {4096, 1, 1}, {4096, 64, 1}, {4096, 1024, 1}, {4096, 64, 64}, {4096, 1024, 64}};
    for (const Plan& plan : plans) {
        if (!only.empty() &&
            only != fmt::format("{}/{}/{}", plan.payload_bytes, plan.in_flight, plan.connections))
            continue;
        double first = 0;
        for (std::size_t i = 0; i < sides().size(); ++i) {
            ServerProcess server(i);
            double cpu = server.cpu();
            Row row = sides()[i]->calls(server.address(), plan, seconds);
            cpu = (server.cpu() - cpu) / static_cast<double>(std::max<std::uint64_t>(row.calls, 1)) * 1e6;
            if (i == 0) first = row.per_second;
            if (row.calls == 0) continue;
            fmt::print(
                "| {}{}{} | {} | {} | {} | {:.0f} | {:.1f} | {:.1f} | {:.2f} |\n", sides()[i]->name,
                row.failures ? " (FAILURES)" : "",
                i == 0 || row.per_second == 0 ? "" : fmt::format(" (1/{:.1f})", first / row.per_second),
                plan.payload_bytes, plan.connections, plan.in_flight, row.per_second, row.p50_us, row.p99_us,
                cpu);
            std::fflush(stdout);
        }
    }
}

void print_streams(double seconds) {
    fmt::print("\n| stream of 64 KiB pieces, service to caller | MB/s |\n|---|---:|\n");
    for (std::size_t i = 0; i < sides().size(); ++i) {
        if (!sides()[i]->stream) continue;
        ServerProcess server(i);
        fmt::print("| {} | {:.0f} |\n", sides()[i]->name,
                   sides()[i]->stream(server.address(), seconds) / 1e6);
    }
}

void print_idle(std::size_t count) {
    fmt::print("\n| {} idle connections | bytes a connection at the server |\n|---|---:|\n", count);
    for (std::size_t i = 0; i < sides().size(); ++i) {
        if (!sides()[i]->opening) continue;
        ServerProcess server(i);
        double bytes = idle_bytes(*sides()[i], server.address(), server.process(), count);
        fmt::print("| {} | {} |\n", sides()[i]->name, bytes < 0 ? "failed" : fmt::format("{:.0f}", bytes));
        std::fflush(stdout);
    }
}

}  // namespace
}  // namespace sonm::bench

int main(int argc, char** argv) {
    using namespace sonm::bench;
    using sonm::parse_int;
    raise_file_limit();
    auto number = [&](int index, unsigned otherwise) {
        return argc > index ? parse_int<std::uint32_t>(argv[index]).value_or(otherwise) : otherwise;
    };
    if (argc == 3 && std::string_view(argv[1]) == "--serve") {
        pin(0);
        sides().at(number(2, 0))->serve();
        return 0;
    }
    pin(1);
    double seconds = number(1, 2);
    std::string_view only = argc > 3 ? argv[3] : "";
    if (seconds > 0) print_calls(seconds, only);
    if (seconds > 0 && (only.empty() || only == "stream")) print_streams(seconds);
    if (auto count = number(2, 15'000)) print_idle(count);
}
