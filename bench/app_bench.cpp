/// The way of a call to an application and back: client, node (`sonm node`), app worker (C++ SDK) as three
/// processes. Beside it, in the same run, gRPC C++: client, a process that passes calls on, server; and the
/// bare parts: gRPC without the hop. `app_bench [seconds a row]` prints a table for docs/performance.md.
/// Callers run on processor 1, hops on processor 0, workers and servers on processor 2, where there are so
/// many.
#include "app_bench.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/sdk/worker.hpp"
#include "sonm/services/node_service.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace sonm::bench {
namespace {

const std::string app_name = "echo";
constexpr int hop_processor = 0, caller_processor = 1, worker_processor = 2;

void pin(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor % static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)), &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

/// Processor time of a process so far, seconds.
double cpu_of(pid_t process) {
    clockid_t clock;
    timespec time{};
    if (::clock_getcpuclockid(process, &clock) == 0) ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string self() { return std::filesystem::read_symlink("/proc/self/exe").native(); }

/// A program on one processor; ended with the object.
class Child {
public:
    /// `output`: a file for all that it says; empty = its first line is kept.
    Child(std::vector<std::string> words, int processor, const std::string& output = {}) {
        int ends[2];
        if (::pipe(ends) != 0) std::abort();
        std::fflush(stdout);
        process_ = ::fork();
        if (process_ == 0) {
            pin(processor);
            if (!output.empty() &&
                (!std::freopen(output.c_str(), "w", stdout) || ::dup2(STDOUT_FILENO, STDERR_FILENO) < 0))
                ::_exit(127);
            if (output.empty()) ::dup2(ends[1], STDOUT_FILENO);
            std::vector<char*> argv;
            for (std::string& word : words) argv.push_back(word.data());
            argv.push_back(nullptr);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        ::close(ends[1]);
        FILE* from = ::fdopen(ends[0], "r");
        char line[128] = "";
        if (output.empty() && !std::fgets(line, sizeof line, from)) std::abort();
        said_ = std::string(line, std::strcspn(line, "\n"));
        std::fclose(from);
    }
    Child(const Child&) = delete;
    ~Child() {
        ::kill(process_, SIGTERM);
        ::waitpid(process_, nullptr, 0);
    }
    const std::string& said() const { return said_; }
    pid_t process() const { return process_; }

private:
    pid_t process_;
    std::string said_;
};

int work(int argc, char** argv) {
    pin(worker_processor);
    sdk::Worker worker(argc, argv);
    worker.on("echo", [](sdk::Request request, sdk::Response response) -> Async<void> {
        while (true) {
            SONM_CO_TRY(std::optional<Bytes> chunk, co_await request.next());
            if (!chunk) co_return Result<void>();
            SONM_CO_CHECK(co_await response.write(std::move(*chunk)));
        }
    });
    worker.on("pid", [](sdk::Request, sdk::Response response) -> Async<void> {
        return response.write(std::to_string(::getpid()));
    });
    return worker.run();
}

// ---- the client

Async<rpc::Connection> at_node(TaskGroup& group, std::string door, std::string service) {
    Result<rpc::Connection> connection;
    for (int attempt = 0; attempt < 200; ++attempt) {
        auto connecting = rpc::connect(group, "unix:" + door, service);
        connection = co_await std::move(connecting);
        if (connection) break;
        co_await sleep_for(Millis(50));
    }
    co_return connection;
}

/// Stores this program as an application and starts it: where clients find it.
Async<std::string> start_app(TaskGroup& group, std::string door) {
    SONM_CO_TRY(auto store, co_await at_node(group, door, "storage"));
    services::StorageClient storage(std::move(store));
    auto put = [&](const char* collection, Bytes value) {
        std::vector<std::string> tags{"app"};
        return storage.call<"write">(std::string(collection), app_name, std::move(value), std::move(tags));
    };
    Bytes manifest, profile;
    rpc::Writer manifest_out(manifest), profile_out(profile);
    rpc::pack(manifest_out, std::map<std::string, std::string>{{"slave", self()}});
    rpc::pack(profile_out, std::map<std::string, std::uint64_t>{
                               {"pool-limit", 1}, {"concurrency", 500}, {"queue-limit", 4096}});
    auto storing = put("manifests", std::move(manifest));
    SONM_CO_CHECK(co_await std::move(storing));
    // An archive without anything in it: the program is here.
    storing = put("apps", Bytes{0xa0});
    SONM_CO_CHECK(co_await std::move(storing));
    storing = put("profiles", std::move(profile));
    SONM_CO_CHECK(co_await std::move(storing));
    SONM_CO_TRY(auto to_node, co_await at_node(group, door, "node"));
    services::NodeClient node(std::move(to_node));
    auto starting = node.call<"start_app">(app_name, app_name);
    SONM_CO_CHECK(co_await std::move(starting));
    SONM_CO_TRY(auto to_locator, co_await at_node(group, door, ""));
    rpc::Client<rpc::LocatorProtocol> locator(std::move(to_locator));
    auto resolving = locator.call<"resolve">(app_name, std::optional<std::string>());
    SONM_CO_TRY(auto resolved, co_await std::move(resolving));
    const rpc::Endpoint& endpoint = std::get<0>(resolved).at(0);
    co_return fmt::format("{}:{}", endpoint.first, endpoint.second);
}

/// One call, from its event to the end of its answer.
Async<Bytes> one_call(services::AppClient client, std::string event, const Bytes& payload) {
    SONM_CO_TRY(auto channel, client.stream<"enqueue">(std::move(event), std::optional<std::string>()));
    auto writing = channel.sink.write(payload);
    SONM_CO_CHECK(co_await std::move(writing));
    channel.sink.finish();
    Bytes back;
    while (true) {
        SONM_CO_TRY(std::optional<Bytes> chunk, co_await channel.source.next());
        if (!chunk) co_return back;
        append(back, *chunk);
    }
}

/// What the worker answers to `event`; the first call waits for its start.
Result<Bytes> ask(std::string address, std::string event) {
    auto main = [](std::string where, std::string what) -> Async<Bytes> {
        Result<Bytes> answer;
        auto body = [&](TaskGroup& group) -> Task<void> {
            auto connecting = rpc::connect(group, where, "");
            auto connection = co_await std::move(connecting);
            services::AppClient client(std::move(connection.value()));
            const Bytes nothing;
            auto calling = one_call(client, what, nothing);
            answer = co_await std::move(calling);
        };
        auto work = scope(4, std::move(body));
        co_await std::move(work);
        co_return answer;
    };
    return run_test(main(std::move(address), std::move(event)));
}

Task<void> caller(services::AppClient client, const Bytes& payload, Window& window) {
    while (!window.over()) {
        auto begin = Window::now();
        auto calling = one_call(client, "echo", payload);
        auto back = co_await std::move(calling);
        if (!back || back->size() != payload.size()) {
            window.failed();
            if (!back) fmt::print(stderr, "app_bench: {}\n", back.error().message());
            co_return;
        }
        window.done(begin);
    }
}

Task<void> drive(std::string address, Plan plan, Window& window) {
    auto body = [&](TaskGroup& group) -> Task<void> {
        const Bytes payload(plan.payload_bytes, 'x');
        rpc::ConnectOptions options;
        options.limits.channels_max = 4096;
        auto connecting = rpc::connect(group, address, "", options);
        auto connection = co_await std::move(connecting);
        services::AppClient client(std::move(connection.value()));
        auto callers = [&](TaskGroup& inner) -> Task<void> {
            for (std::size_t i = 0; i < plan.in_flight; ++i) inner.spawn(caller(client, payload, window));
            auto joining = inner.join();
            co_await std::move(joining);
        };
        auto work = scope(plan.in_flight, std::move(callers));
        co_await std::move(work);
    };
    auto work = scope(8, std::move(body));
    co_await std::move(work);
}

/// A node with this program as its application.
class SonmNode {
public:
    SonmNode() {
        std::string yaml = fmt::format(
            "state: {0}/state\nlisten: ['unix:{0}/door', '127.0.0.1:0']\nhttp: {{listen: off}}\ndrain: 1 "
            "s\nlimits: {{channels: "
            "4096}}\nservices:\n  - {{name: storage, type: storage, args: {{backend: memory}}}}\n  - {{name: "
            "node, type: "
            // The worker is this program, where it was built: another user may not come there.
            "apphost, args: {{users: none}}}}\n",
            folder_.path().native());
        SONM_ASSERT(write_atomically(folder_ / "node.yaml", as_bytes(yaml)).has_value());
        const char* given = std::getenv("SONM_BINARY");
        std::vector<std::string> words{given ? given : SONM_BINARY, "node", "--config",
                                       (folder_ / "node.yaml").native()};
        node_ = std::make_unique<Child>(std::move(words), hop_processor, (folder_ / "log").native());
        auto main = [](std::string door) -> Async<std::string> {
            Result<std::string> address;
            auto body = [&](TaskGroup& group) -> Task<void> {
                auto starting = start_app(group, door);
                address = co_await std::move(starting);
            };
            auto work = scope(16, std::move(body));
            co_await std::move(work);
            co_return address;
        };
        auto address = run_test(main((folder_ / "door").native()));
        if (!address) {
            fmt::print(stderr, "app_bench: {}\n", address.error().message());
            std::exit(1);
        }
        address_ = std::move(*address);
    }
    const std::string& address() const { return address_; }
    pid_t process() const { return node_->process(); }

private:
    TempDir folder_;
    std::unique_ptr<Child> node_;
    std::string address_;
};

/// One row: calls by `measure`, and the processor time of this process and `others` for each.
template <class F>
double print_row(const char* name, Plan plan, double first, const std::vector<pid_t>& others, F measure) {
    auto cpu = [&] {
        double sum = cpu_of(::getpid());
        for (pid_t process : others) sum += cpu_of(process);
        return sum;
    };
    double before = cpu();
    Row row = measure();
    double each = (cpu() - before) / static_cast<double>(std::max<std::uint64_t>(row.calls, 1)) * 1e6;
    fmt::print("| {}{}{} | {} | {} | {:.0f} | {:.1f} | {:.1f} | {:.1f} |\n", name,
               row.failures ? " (FAILURES)" : "",
               first == 0 || row.per_second == 0 ? "" : fmt::format(" (1/{:.1f})", first / row.per_second),
               plan.payload_bytes, plan.in_flight, row.per_second, row.p50_us, row.p99_us, each);
    std::fflush(stdout);
    return row.per_second;
}

int print_all(double seconds) {
    SonmNode node;
    auto pid = ask(node.address(), "pid");
    if (!pid) {
        fmt::print(stderr, "app_bench: {}\n", pid.error().message());
        return 1;
    }
    pid_t worker = parse_int<pid_t>(as_text(*pid)).value_or(0);
    fmt::print(
        "| round trip | payload | in flight | calls/s | p50 µs | p99 µs | CPU µs a call, all processes |\n"
        "|---|---:|---:|---:|---:|---:|---:|\n");
    for (Plan plan : {Plan{64, 1, 1}, Plan{64, 64, 1}, Plan{4096, 1, 1}, Plan{4096, 64, 1}}) {
        auto ours = [&] {
            Window window(seconds);
            run_test(drive(node.address(), plan, window));
            return window.row();
        };
        [[maybe_unused]] double first =
            print_row("client, node, app worker", plan, 0, {node.process(), worker}, ours);
#ifdef SONM_BENCH_GRPC
        Child server({self(), "--grpc-server"}, worker_processor);
        Child hop({self(), "--grpc-hop", server.said()}, hop_processor);
        print_row("gRPC: client, hop, server", plan, first, {hop.process(), server.process()},
                  [&] { return grpc_side.calls(hop.said(), plan, seconds); });
        print_row("gRPC: client, server", plan, first, {server.process()},
                  [&] { return grpc_side.calls(server.said(), plan, seconds); });
#endif
    }
    return 0;
}

}  // namespace
}  // namespace sonm::bench

int main(int argc, char** argv) {
    using namespace sonm::bench;
    for (int i = 1; i < argc; ++i)
        if (std::string_view(argv[i]) == "--endpoint") return work(argc, argv);
#ifdef SONM_BENCH_GRPC
    if (argc == 2 && std::string_view(argv[1]) == "--grpc-server") grpc_side.serve();
    if (argc == 3 && std::string_view(argv[1]) == "--grpc-hop") serve_grpc_hop(argv[2]);
#endif
    pin(caller_processor);
    return print_all(argc > 1 ? sonm::parse_int<unsigned>(argv[1]).value_or(2) : 2);
}
