#include "sonm/base/log.hpp"
#include "sonm/locator/locator.hpp"

#include <asio/io_context.hpp>

#include <cstdio>

/// A node with nothing but a locator and a service, as a program of its own: so that a test can kill it.
///     locator_node CONFIG NAME...     CONFIG: the section `locator`; NAME: services
namespace sonm::locator {
namespace {

struct Echo : rpc::Protocol<
                  "echo", 3,
                  rpc::Call<0, "say", rpc::Args<rpc::Arg<"words", std::string>>, rpc::Returns<std::string>>> {
};

Task<int> run(Executor executor, Options options, std::vector<std::string> names) {
    SystemClock clock;
    rpc::Service<Echo> echo;
    echo.on<"say">([](const rpc::Context&, std::string words) -> Result<std::string> { return words; });
    rpc::Server server(executor, {});
    Locator locator(Parts(executor, clock, server), std::move(options));
    auto listener = listen_tcp(executor, "127.0.0.1", 0);
    if (!listener) co_return 2;
    std::string address = (*listener)->address();
    server.listen(std::move(*listener));
    for (const std::string& name : names) {
        auto own = listen_tcp(executor, "127.0.0.1", 0);
        if (!own || !server.publish(name, echo, std::move(*own))) co_return 2;
    }
    auto starting = locator.start();
    if (auto started = co_await std::move(starting); !started) {
        fmt::print("failed {}\n", started.error().message());
        co_return 3;
    }
    fmt::print("ready {} {}\n", address, locator.uuid());
    std::fflush(stdout);
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(server.run());
        group.spawn(locator.run());
        return group.join();
    };
    auto work = scope(4, std::move(body));
    co_await std::move(work);
    co_return 0;
}

}  // namespace
}  // namespace sonm::locator

int main(int argc, char** argv) {
    using namespace sonm;
    if (argc < 2) return 2;
    init_log("debug");
    locator::Options options;
    auto read = read_yaml_file(argv[1], [&](YamlReader& r) { locator::fields(r, options); });
    if (!read) {
        fmt::print("failed {}\n", read.error().message());
        return 2;
    }
    asio::io_context context;
    std::vector<std::string> names(argv + 2, argv + argc);
    return run_main(context, locator::run(context.get_executor(), std::move(options), std::move(names)));
}
