/// What the C++ SDK does, for tests/system/app_sdk_cpp_test.py. Started by a node, an app worker whose events
/// answer, fail and break; else a client that lives as long as its stdin: a line "enqueue APP EVENT TEXT" or
/// "read COLLECTION KEY" each, and for each a line "ok ANSWER" or "error CATEGORY CODE SENTENCE".
#include "sonm/sdk/worker.hpp"

#include <unistd.h>

#include <cstdio>
#include <sstream>
#include <stdexcept>

using namespace sonm;

namespace {

Async<void> echo(sdk::Request request, sdk::Response response) {
    while (true) {
        SONM_CO_TRY(std::optional<Bytes> chunk, co_await request.next());
        if (!chunk) co_return Result<void>();
        SONM_CO_CHECK(co_await response.write(std::move(*chunk)));
    }
}

Async<void> in_pieces(sdk::Request, sdk::Response response) {
    for (int i = 0; i < 3; ++i) SONM_CO_CHECK(co_await response.write(fmt::format("piece {};", i)));
    co_return Result<void>();
}

Async<void> refuse(sdk::Request, sdk::Response) {
    std::error_code mine(42, rpc::remote_category());
    co_return fail(mine, "not on a Sunday");
}

Async<void> known(sdk::Request, sdk::Response) { co_return fail(Errc::conflict, "it is so already"); }

Async<void> broken(sdk::Request, sdk::Response) {
    throw std::runtime_error("out of order");
    co_return Result<void>();
}

Async<void> ask_storage(sdk::Service<services::StorageProtocol> storage, sdk::Request request,
                        sdk::Response response) {
    SONM_CO_TRY(std::string key, co_await request.text());
    SONM_CO_TRY(Bytes value, co_await storage.call<"read">(std::string("collection"), key));
    co_return co_await response.write(std::move(value));
}

Async<void> hang(sdk::Request, sdk::Response) {
    co_await sleep_for(std::chrono::hours(1));
    co_return Result<void>();
}

/// Longer than from one heartbeat to the next (10 s), and than the node waits for one then (12 s in the
/// test).
Async<void> read_late(sdk::Request request, sdk::Response response) {
    co_await sleep_for(std::chrono::seconds(23));
    auto echoing = echo(std::move(request), std::move(response));
    co_return co_await std::move(echoing);
}

Async<void> end_at_once(sdk::Request, sdk::Response) {
    ::_exit(3);
    co_return Result<void>();
}

int work(int argc, char** argv) {
    sdk::Worker worker(argc, argv);
    auto storage = worker.service<services::StorageProtocol>("storage");
    worker.on("echo", echo);
    worker.on("pieces", in_pieces);
    worker.on("refuse", refuse);
    worker.on("known", known);
    worker.on("broken", broken);
    worker.on("hang", hang);
    worker.on("late", read_late);
    worker.on("exit", end_at_once);
    worker.on("storage", [storage](sdk::Request request, sdk::Response response) {
        return ask_storage(storage, std::move(request), std::move(response));
    });
    return worker.run();
}

Async<std::string> answer(sdk::Node& node, std::string line) {
    std::istringstream words(line);
    std::string what, name, more, text;
    words >> what >> name >> more >> std::ws;
    std::getline(words, text);
    if (what == "read") {
        sdk::Service<services::StorageProtocol> storage([&node]() -> sdk::Node& { return node; }, "storage");
        SONM_CO_TRY(Bytes value, co_await storage.call<"read">(name, more));
        co_return std::string(as_text(value));
    }
    auto asking = sdk::enqueue(node, name, more, to_bytes(text));
    SONM_CO_TRY(Bytes value, co_await std::move(asking));
    co_return std::string(as_text(value));
}

Async<void> serve_stdin(sdk::Node& node) {
    auto executor = co_await asio::this_coro::executor;
    asio::posix::stream_descriptor in(executor, ::dup(STDIN_FILENO));
    std::string read;
    while (true) {
        auto [error, length] = co_await asio::async_read_until(in, asio::dynamic_buffer(read, 1 * MiB), '\n',
                                                               as_tuple(asio::use_awaitable));
        if (error) co_return Result<void>();
        std::string line = read.substr(0, length - 1);
        read.erase(0, length);
        auto asking = answer(node, line);
        auto answered = co_await std::move(asking);
        if (answered)
            fmt::print("ok {}\n", *answered);
        else
            fmt::print("error {} {} {}\n", answered.error().code.category().name(),
                       answered.error().code.value(), answered.error().message());
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) { return argc > 1 ? work(argc, argv) : sdk::run(serve_stdin); }
