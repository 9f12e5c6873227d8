#include "rpc_bench.hpp"
#include "sonm/base/units.hpp"
#include "sonm/rpc/rpc.hpp"

#include <cstdio>

/// The Slave protocol's side of the comparison.
namespace sonm::bench {
namespace {

struct Echo : rpc::Protocol<"echo", 1,
                            rpc::Call<0, "echo", rpc::Args<rpc::Arg<"payload", Bytes>>, rpc::Returns<Bytes>>,
                            rpc::ServerStream<1, "pour", rpc::Args<>, rpc::Items<Bytes>>> {};

Async<void> pour(rpc::Context, rpc::Sink<Bytes> out) {
    const Bytes piece(piece_bytes, 'x');
    while (true) {
        auto waiting = out.ready();
        SONM_CO_CHECK(co_await std::move(waiting));
        SONM_CO_CHECK(out.write_now(piece));
    }
}

void serve() {
    asio::io_context context(1);
    rpc::Service<Echo> service;
    service.on<"echo">([](const rpc::Context&, Bytes payload) -> Result<Bytes> { return payload; });
    service.on<"pour">(pour);
    rpc::ServerOptions options;
    options.limits.channels_max = 4096;
    options.connections_max = 20'000;
    rpc::Server server(context.get_executor(), options);
    server.add(service);
    auto listener = listen_tcp(context.get_executor(), "127.0.0.1", 0).value();
    fmt::print("{}\n", listener->address());
    std::fflush(stdout);
    server.listen(std::move(listener));
    asio::co_spawn(context, server.run(), asio::detached);
    context.run();
}

Task<void> caller(rpc::Client<Echo> client, std::size_t payload_bytes, Window& window) {
    const Bytes payload(payload_bytes, 'x');
    auto begin = Window::now();
    while (!window.over(begin)) {
        auto calling = client.call<"echo">(payload);
        auto back = co_await std::move(calling);
        if (!back || back->size() != payload_bytes) {
            window.failed();
            co_return;
        }
        begin = window.done(begin);
    }
}

Task<void> drive(std::string address, Plan plan, Window& window) {
    auto body = [&](TaskGroup& group) -> Task<void> {
        auto callers = [&](TaskGroup& inner) -> Task<void> {
            std::vector<rpc::Client<Echo>> clients;
            for (std::size_t i = 0; i < plan.connections; ++i) {
                rpc::ConnectOptions options;
                options.limits.channels_max = 4096;
                auto connecting = rpc::connect(group, address, "echo", options);
                auto connection = co_await std::move(connecting);
                clients.emplace_back(std::move(connection.value()));
            }
            for (std::size_t i = 0; i < plan.in_flight; ++i)
                inner.spawn(caller(clients[i % clients.size()], plan.payload_bytes, window));
            auto joining = inner.join();
            co_await std::move(joining);
        };
        auto work = scope(plan.in_flight, std::move(callers));
        co_await std::move(work);
    };
    auto work = scope(plan.connections + 8, std::move(body));
    co_await std::move(work);
}

Task<void> drink(std::string address, Window& window) {
    auto body = [&](TaskGroup& group) -> Task<void> {
        auto connecting = rpc::connect(group, address, "echo");
        auto connection = co_await std::move(connecting);
        rpc::Client<Echo> client(std::move(connection.value()));
        auto source = client.stream<"pour">().value();
        while (!window.over()) {
            auto item = co_await source.next();
            if (!item || !*item) {
                window.failed();
                break;
            }
            window.bytes((*item)->size());
        }
    };
    auto work = scope(8, std::move(body));
    co_await std::move(work);
}

Row calls(const std::string& address, Plan plan, double seconds) {
    Window window(seconds);
    run_test(drive(address, plan, window));
    return window.row();
}

double stream(const std::string& address, double seconds) {
    Window window(seconds);
    run_test(drink(address, window));
    return window.per_second();
}

/// attach("echo") and one call.
std::string opening() {
    return std::string(
        "\x93\x01\x41\x91\xa4"
        "echo"
        "\x93\x02\x00\x91\xa1x",
        15);
}

}  // namespace

const Side slave_side{"Slave protocol", serve, calls, stream, opening, 11};

}  // namespace sonm::bench
