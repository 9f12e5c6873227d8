// create + start + first line of output of a trivial container, through the engine room alone.
//
//   tools/image busybox /tmp/busybox.tar && eval "$(tools/engine ensure --state DIR)"
//   engine_bench /tmp/busybox.tar [runs]
//
// Prints a table in milliseconds: the baseline that "deal opened -> first log line" and "task started ->
// first log line" are held against in docs/performance.md.

#include "sonm/base/units.hpp"
#include "sonm/engine/docker_engine.hpp"
#include "sonm/engine/sources.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace sonm::engine {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

struct Column {
    const char* name;
    std::vector<double> values;
    void print() {
        std::sort(values.begin(), values.end());
        fmt::print("| {:<28} | {:8.1f} | {:8.1f} | {:8.1f} |\n", name, values.front(),
                   values[values.size() / 2], values.back());
    }
};

struct Table {
    Column create{"create", {}}, start{"start", {}}, first{"first log line", {}},
        sum{"create + start + first log", {}}, end{"wait + remove", {}};
    void print(std::size_t runs) {
        fmt::print("| {:<28} | {:>8} | {:>8} | {:>8} |  ms, n = {}\n|---|---|---|---|\n", "step", "min",
                   "p50", "max", runs);
        for (Column* column : {&create, &start, &first, &sum, &end}) column->print();
    }
};

ContainerSpec trivial(const ImageId& image, std::size_t number) {
    ContainerSpec spec;
    spec.name = fmt::format("sonm-bench-{}-{}", ::getpid(), number);
    spec.image = image.value;
    spec.command = {"echo", "hello"};
    spec.labels["sonm.bench"] = "1";
    return spec;
}

Async<void> measure(Engine& engine, const ImageId& image, std::size_t number, Table& table) {
    auto begin = Clock::now();
    SONM_CO_TRY(ContainerId id, co_await engine.create(trivial(image, number)));
    auto created = Clock::now();
    SONM_CO_CHECK(co_await engine.start(id));
    auto started = Clock::now();
    LogQuery follow;
    follow.follow = true;
    SONM_CO_TRY(auto logs, co_await engine.logs(id, follow));
    SONM_CO_TRY(auto line, co_await logs->next());
    auto spoken = Clock::now();
    if (!line) co_return fail(Errc::internal, "the container said nothing");
    SONM_CO_CHECK(co_await engine.wait(id));
    SONM_CO_CHECK(co_await engine.remove(id));
    auto ended = Clock::now();
    table.create.values.push_back(milliseconds(created - begin));
    table.start.values.push_back(milliseconds(started - created));
    table.first.values.push_back(milliseconds(spoken - started));
    table.sum.values.push_back(milliseconds(spoken - begin));
    table.end.values.push_back(milliseconds(ended - spoken));
    co_return Result<void>();
}

Async<void> run(std::string archive, std::size_t runs) {
    DockerConfig config;
    SONM_CO_TRY(config.address, engine_address(std::getenv("DOCKER_HOST")));
    Executor executor = co_await asio::this_coro::executor;
    DockerEngine engine(executor, config);
    SONM_CO_TRY(EngineInfo info, co_await engine.info());
    fmt::print("engine {} ({}, {}), kernel {}\n", info.version, info.storage_driver, info.cgroup_driver,
               info.kernel);
    SONM_CO_TRY(FileHandle file, FileHandle::open(archive, O_RDONLY));
    auto begin = Clock::now();
    SONM_CO_TRY(ImageInfo image,
                co_await engine.load_image(read_source(std::move(file)), ImageLimits(), nullptr));
    fmt::print("image examined and loaded in {:.0f} ms\n", milliseconds(Clock::now() - begin));
    Table table;
    for (std::size_t number = 0; number <= runs; ++number) {
        // The first one warms up and does not count.
        Table ignored;
        SONM_CO_CHECK(co_await measure(engine, image.id, number, number ? table : ignored));
    }
    table.print(runs);
    co_return Result<void>();
}

}  // namespace
}  // namespace sonm::engine

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: engine_bench IMAGE.tar [runs]\n");
        return 2;
    }
    auto runs = argc > 2 ? sonm::parse_int<std::size_t>(argv[2]) : sonm::Result<std::size_t>(10);
    if (!runs || *runs == 0) {
        fmt::print(stderr, "engine_bench: {} is no number of runs\n", argv[2]);
        return 2;
    }
    auto done = sonm::run_test(sonm::engine::run(argv[1], *runs));
    if (!done) fmt::print(stderr, "engine_bench: {}\n", done.error().message());
    return done ? 0 : 1;
}
