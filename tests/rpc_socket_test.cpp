#include "sonm/rpc/rpc.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

/// The Slave protocol over TCP on loopback and over a unix socket, with and without proof of identity.
namespace sonm::rpc {
namespace {

using namespace std::chrono_literals;

struct Files : Protocol<"files", 1, Call<0, "who", Args<>, Returns<std::optional<crypto::Address>>>,
                        ClientStream<1, "put", Args<>, Items<Bytes>, Returns<crypto::Hash>>,
                        ServerStream<2, "get", Args<Arg<"bytes", std::uint64_t>>, Items<Bytes>>> {};

class FilesService : public Service<Files> {
public:
    FilesService() {
        on<"who">(
            [](const Context& who) -> Result<std::optional<crypto::Address>> { return who.identity(); });
        on<"put">([](Context, Source<Bytes> in) { return put(std::move(in)); });
        on<"get">([](Context, std::uint64_t bytes, Sink<Bytes> out) { return get(bytes, std::move(out)); });
    }

private:
    /// Slower than its writer, and gives a digest that depends on every byte and on the order.
    static Async<crypto::Hash> put(Source<Bytes> in) {
        crypto::Hash sum;
        std::size_t at = 0;
        while (true) {
            SONM_CO_TRY(std::optional<Bytes> piece, co_await in.next());
            if (!piece) co_return sum;
            for (std::uint8_t byte : *piece) sum.bytes[at++ % 32] += static_cast<std::uint8_t>(byte + at);
        }
    }
    static Async<void> get(std::uint64_t bytes, Sink<Bytes> out) {
        while (bytes != 0) {
            Bytes piece(std::min<std::uint64_t>(bytes, 200'000), 'g');
            bytes -= piece.size();
            SONM_CO_CHECK(co_await out.write(std::move(piece)));
        }
        co_return Result<void>();
    }
};

crypto::PrivateKey key(std::uint8_t number) {
    FixedBytes<32> secret{};
    secret[31] = number;
    return std::move(crypto::PrivateKey::from_bytes(secret).value());
}

std::string unix_path() {
    return (std::filesystem::temp_directory_path() / fmt::format("sonm-rpc-{}.sock", ::getpid())).string();
}

/// Runs `body(group, address)` beside a server on a fresh port or path. Keys 1 (server) and 2 (caller).
template <class F>
void with_server(bool tcp, bool identity, F body) {
    auto main = [](bool over_tcp, bool prove, F run) -> Async<bool> {
        Executor executor = co_await asio::this_coro::executor;
        SystemClock clock;
        auto server_key = key(1);
        FilesService service;
        ServerOptions options;
        options.signer = prove ? &server_key : nullptr;
        options.clock = &clock;
        options.identity_required = prove;
        Server server(executor, options);
        server.add(service);
        auto listener = over_tcp ? listen_tcp(executor, "127.0.0.1", 0) : listen_unix(executor, unix_path());
        EXPECT_TRUE(listener) << listener.error().message();
        if (!listener) co_return false;
        std::string address = (*listener)->address();
        server.listen(std::move(*listener));
        auto inside = [&](TaskGroup& group) {
            group.spawn(server.run());
            return run(group, address);
        };
        auto work = scope(32, std::move(inside));
        co_await std::move(work);
        co_return true;
    };
    auto limited = within(60s, main(tcp, identity, std::move(body)));
    EXPECT_TRUE(run_test(std::move(limited)));
}

Task<void> check_bulk(TaskGroup& group, std::string address) {
    auto connection = co_await connect(group, address, "files");
    EXPECT_TRUE(connection) << connection.error().message();
    if (!connection) co_return;
    Client<Files> files(*connection);
    auto upload = files.stream<"put">().value();
    crypto::Hash sum;
    std::size_t at = 0;
    for (int i = 0; i < 200; ++i) {
        Bytes piece = random_bytes(static_cast<std::size_t>(i) * 997);
        for (std::uint8_t byte : piece) sum.bytes[at++ % 32] += static_cast<std::uint8_t>(byte + at);
        EXPECT_TRUE(co_await upload.write(std::move(piece)));
    }
    EXPECT_EQ((co_await upload.reply()).value(), sum);

    auto download = files.stream<"get">(20 * MiB).value();
    std::uint64_t got = 0;
    while (true) {
        auto piece = co_await download.next();
        EXPECT_TRUE(piece);
        if (!piece || !*piece) break;
        got += (*piece)->size();
        // Calls go on beside the stream.
        if (got % 1'000'000 == 0) EXPECT_TRUE(co_await files.call<"who">());
    }
    EXPECT_EQ(got, 20 * MiB);
}
TEST(RpcSocket, megabytes_go_both_ways_over_tcp) { with_server(true, false, check_bulk); }
TEST(RpcSocket, megabytes_go_both_ways_over_a_unix_socket) { with_server(false, false, check_bulk); }

Task<void> check_identity(TaskGroup& group, std::string address) {
    SystemClock clock;
    auto mine = key(2);
    ConnectOptions options;
    options.signer = &mine;
    options.clock = &clock;
    options.expect = key(1).address();
    auto connection = co_await connect(group, address, "files", options);
    EXPECT_TRUE(connection) << connection.error().message();
    if (!connection) co_return;
    EXPECT_EQ(connection->peer_identity(), key(1).address());
    Client<Files> files(*connection);
    EXPECT_EQ((co_await files.call<"who">()).value(), mine.address());

    options.expect = key(3).address();
    auto wrong = co_await connect(group, address, "files", options);
    EXPECT_TRUE(wrong.error().is(SecurityErrc::unauthorized)) << wrong.error().message();
    auto nameless = co_await connect(group, address, "files");
    EXPECT_TRUE(nameless.error().is(SecurityErrc::token_not_found)) << nameless.error().message();
}
TEST(RpcSocket, accounts_are_proven_over_tcp_and_strangers_are_told_why_not) {
    with_server(true, true, check_identity);
}

Task<void> check_many(TaskGroup& group, std::string address) {
    std::vector<Connection> connections;
    for (int i = 0; i < 20; ++i) {
        auto connection = co_await connect(group, address, "files");
        EXPECT_TRUE(connection);
        connections.push_back(std::move(*connection));
    }
    for (int i = 0; i < 20; i += 2) connections[static_cast<std::size_t>(i)].close();
    for (int i = 1; i < 20; i += 2) {
        Client<Files> files(connections[static_cast<std::size_t>(i)]);
        EXPECT_TRUE(co_await files.call<"who">());
    }
}
TEST(RpcSocket, connections_that_close_leave_others_alone) { with_server(true, false, check_many); }

Task<void> check_nobody(TaskGroup& group, std::string) {
    auto connection = co_await connect(group, "127.0.0.1:1", "files");
    EXPECT_TRUE(connection.error().is(Errc::unavailable)) << connection.error().message();
}
TEST(RpcSocket, a_port_where_nobody_listens_is_unavailable) { with_server(true, false, check_nobody); }

}  // namespace
}  // namespace sonm::rpc
