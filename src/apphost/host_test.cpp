#include "sonm/apphost/host.hpp"

#include "sonm/rpc/server.hpp"
#include "sonm/services/node_service.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;

/// A node with a storage in memory.
class SmallNode final : public services::Host {
public:
    explicit SmallNode(const Executor& executor) : server(executor, rpc::ServerOptions()) {
        storage.on<"read">([this](rpc::Context, std::string collection, std::string key) -> Async<Bytes> {
            auto found = stored.find(collection + "/" + key);
            if (found == stored.end()) co_return fail(std::errc::no_such_file_or_directory, "{}", key);
            co_return found->second;
        });
        storage.on<"write">([this](rpc::Context, std::string collection, std::string key, Bytes value,
                                   std::optional<std::vector<std::string>>) -> Async<void> {
            stored[collection + "/" + key] = std::move(value);
            co_return Result<void>();
        });
        server.add(storage);
    }
    Result<void> publish(const std::string& name, const rpc::ServiceBase& service) override {
        return server.publish(name, service);
    }
    Async<void> withdraw(std::string name) override { return server.withdraw(std::move(name)); }
    Async<rpc::Connection> connect(std::string name) override {
        co_return server.connect_local(*group, name);
    }
    std::vector<rpc::Endpoint> locator() const override { return {}; }

    TaskGroup* group = nullptr;
    std::map<std::string, Bytes> stored;
    rpc::Service<services::StorageProtocol> storage;
    rpc::Server server;
};

/// Nobody is ever started.
class NoSpawner final : public Spawner {
public:
    Async<std::unique_ptr<Spawned>> spawn(SpawnSpec, OutputFn) override {
        co_return fail(Errc::not_found, "nobody");
    }
    Async<void> clean_up() override { co_return Result<void>(); }
};

class AppHostFolders : public ::testing::Test {
protected:
    using Client = rpc::Client<services::NodeProtocol>;

    /// Serves an application `app` until `body` is done.
    template <class F>
    void run(F body) {
        auto main = [&]() -> Task<void> {
            Executor executor = co_await asio::this_coro::executor;
            SmallNode node(executor);
            store(node, "one");
            services::Environment environment;
            environment.executor = executor;
            environment.clock = &clock;
            environment.host = &node;
            environment.name = "node";
            environment.folder = folder.path();
            AppHost host(environment, Config(), std::nullopt, std::make_unique<NoSpawner>(), nullptr);
            auto inside = [&](TaskGroup& calls) -> Task<void> {
                node.group = &calls;
                auto starting = host.start();
                auto started = co_await std::move(starting);
                EXPECT_TRUE(started) << started.error().message();
                calls.spawn(host.run());
                auto connection = rpc::connect_local(calls, executor, host.handlers());
                Client client(std::move(*connection));
                auto doing = body(client, node);
                co_await std::move(doing);
                auto draining = host.drain();
                (void)co_await std::move(draining);
            };
            auto all = scope(64, std::move(inside));
            co_await std::move(all);
        };
        run_test(main());
    }
    static void store(SmallNode& node, std::string version) {
        Manifest manifest;
        manifest.slave = "worker";
        manifest.image = version;  // so that it needs no archive
        node.stored["manifests/app"] = pack_manifest(manifest);
    }
    static Async<void> start(Client client) {
        return client.call<"start_app">(std::string("app"), std::string());
    }

    /// What is unpacked, when that are so many or after a while.
    Task<std::vector<fs::path>> unpacked(std::size_t wanted) {
        std::vector<fs::path> found;
        for (int i = 0; i < 5'000; ++i) {
            found.clear();
            std::error_code none;
            for (fs::directory_iterator at(folder / "spool/app", none), end; !none && at != end; ++at)
                found.push_back(at->path());
            if (found.size() == wanted && (wanted > 0 || !fs::exists(folder / "spool/app"))) break;
            co_await sleep_for(Millis(1));
        }
        co_return found;
    }

    TempDir folder;
    FakeClock clock;
};

TEST_F(AppHostFolders, a_start_that_fails_after_unpacking__leaves_nothing) {
    run([&](Client client, SmallNode& node) -> Task<void> {
        EXPECT_TRUE(node.server.publish("app", node.storage));
        auto started = co_await start(client);
        EXPECT_FALSE(started);
        auto left = co_await unpacked(0);
        EXPECT_EQ(left.size(), 0u);
        EXPECT_FALSE(fs::exists(folder / "spool/app"));
        auto withdrawing = node.server.withdraw("app");
        EXPECT_TRUE(co_await std::move(withdrawing));
        auto again = co_await start(client);
        EXPECT_TRUE(again) << again.error().message();
        EXPECT_EQ((co_await unpacked(1)).size(), 1u);
    });
}

TEST_F(AppHostFolders, a_version_that_is_replaced__goes_once_nobody_runs_it) {
    run([&](Client client, SmallNode& node) -> Task<void> {
        auto started = co_await start(client);
        EXPECT_TRUE(started) << started.error().message();
        auto before = co_await unpacked(1);
        store(node, "two");
        auto updated = co_await client.call<"update">(std::string("app"), std::string());
        EXPECT_TRUE(updated && updated->new_version);
        auto after = co_await unpacked(1);
        EXPECT_EQ(after.size(), 1u);
        EXPECT_NE(before, after);
    });
}

TEST_F(AppHostFolders, what_workers_have_made__goes_with_the_application_however_deep_it_is) {
    run([&](Client client, SmallNode&) -> Task<void> {
        auto started = co_await start(client);
        EXPECT_TRUE(started) << started.error().message();
        auto mine = co_await unpacked(1);
        int at = ::open(mine.at(0).c_str(), O_RDONLY | O_DIRECTORY);
        for (int i = 0; i < 3000; ++i) {
            EXPECT_EQ(::mkdirat(at, "deeper", 0700), 0);
            ::close(std::exchange(at, ::openat(at, "deeper", O_RDONLY | O_DIRECTORY)));
        }
        ::close(at);
        auto paused = co_await client.call<"pause_app">(std::string("app"));
        EXPECT_TRUE(paused) << paused.error().message();
        EXPECT_EQ((co_await unpacked(0)).size(), 0u);
        EXPECT_FALSE(fs::exists(folder / "spool/app"));
    });
}

}  // namespace
}  // namespace sonm::apphost
