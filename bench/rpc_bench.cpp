/// Unary round trips of the Slave protocol over one loopback TCP connection: how many a second, and how long
/// each takes. 64 bytes there and back, a fixed number of calls in flight. `rpc_bench [seconds per row]`
/// prints rows of a markdown table; with gRPC installed at build time the same measurement follows for its
/// callback API, in the same run.
#include "rpc_bench.hpp"

#include "sonm/base/units.hpp"
#include "sonm/rpc/rpc.hpp"

namespace sonm::bench {
namespace {

struct Echo
    : rpc::Protocol<"echo", 1,
                    rpc::Call<0, "echo", rpc::Args<rpc::Arg<"payload", Bytes>>, rpc::Returns<Bytes>>> {};

Task<void> caller(rpc::Client<Echo>& client, Window& window) {
    Bytes payload(payload_bytes, 'x');
    while (!window.over()) {
        auto begin = Window::now();
        auto calling = client.call<"echo">(payload);
        auto back = co_await std::move(calling);
        if (!back || back->size() != payload_bytes) {
            window.failed();
            co_return;
        }
        window.done(begin);
    }
}

Task<void> drive(std::string address, std::size_t in_flight, Window& window) {
    auto body = [&](TaskGroup& group) -> Task<void> {
        auto connecting = rpc::connect(group, address, "echo");
        auto connection = co_await std::move(connecting);
        rpc::Client<Echo> client(std::move(connection.value()));
        auto callers = [&](TaskGroup& inner) -> Task<void> {
            for (std::size_t i = 0; i < in_flight; ++i) inner.spawn(caller(client, window));
            auto joining = inner.join();
            co_await std::move(joining);
        };
        auto work = scope(in_flight, std::move(callers));
        co_await std::move(work);
    };
    auto work = scope(8, std::move(body));
    co_await std::move(work);
}

}  // namespace

std::vector<Row> measure_slave(double seconds) {
    asio::io_context context(1);
    rpc::Service<Echo> service;
    service.on<"echo">([](const rpc::Context&, Bytes payload) -> Result<Bytes> { return payload; });
    rpc::ServerOptions options;
    options.limits.channels_max = 4096;
    rpc::Server server(context.get_executor(), options);
    server.add(service);
    auto listener = listen_tcp(context.get_executor(), "127.0.0.1", 0).value();
    std::string address = listener->address();
    server.listen(std::move(listener));
    asio::co_spawn(context, server.run(), asio::detached);
    std::thread thread([&] { context.run(); });

    std::vector<Row> rows;
    for (std::size_t in_flight : in_flight_counts) {
        Window window(seconds);
        run_test(drive(address, in_flight, window));
        rows.push_back(window.row("Slave protocol", in_flight));
    }
    context.stop();
    thread.join();
    return rows;
}

}  // namespace sonm::bench

int main(int argc, char** argv) {
    using namespace sonm::bench;
    using sonm::parse_int;
    double seconds = argc > 1 ? static_cast<double>(parse_int<unsigned>(argv[1]).value_or(2)) : 2.0;
    auto rows = measure_slave(seconds);
#ifdef SONM_BENCH_GRPC
    for (Row& row : measure_grpc(seconds)) rows.push_back(row);
#endif
    print(rows);
}
