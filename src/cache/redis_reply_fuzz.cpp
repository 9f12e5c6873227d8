#include "sonm/cache/redis_connection.hpp"

/// First byte: how many answers are waited for, and the size of the pieces in which the rest arrives from
/// something that may not be a Redis server.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::cache;
    if (size == 0) return 0;
    constexpr std::size_t reply_bytes_max = 4 * KiB;
    auto ask = [&]() -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        auto [near, far] = make_pipe(executor);
        RedisConnection connection(std::move(near));
        std::vector<RedisConnection::Command> commands(data[0] % 4 + 1u);
        for (auto& command : commands) command.assign(2, Bytes(3, 'x'));
        auto body = [&, &server = far](TaskGroup& group) -> Task<void> {
            auto answer = [&]() -> Task<void> {
                BytesView left(data + 1, size - 1);
                while (!left.empty()) {
                    std::size_t step = std::min<std::size_t>(left.size(), (data[0] >> 4) * 64 + 1);
                    auto writing = server->write(left.first(step));
                    if (!co_await std::move(writing)) break;
                    left = left.subspan(step);
                    co_await asio::post(asio::use_awaitable);
                }
                server->close();
            };
            group.spawn(answer());
            auto running = connection.run(std::move(commands), reply_bytes_max);
            auto replies = co_await std::move(running);
            SONM_ASSERT(connection.is_usable() == replies.has_value());
            group.cancel();
            auto ending = group.join();
            co_await std::move(ending);
        };
        auto work = scope(4, std::move(body));
        co_await std::move(work);
    };
    run_test(ask());
    return 0;
}
