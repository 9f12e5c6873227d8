#include "sonm/apphost/host.hpp"
#include "sonm/services/node_service.hpp"

#include <gtest/gtest.h>

namespace sonm::apphost {
namespace {

/// A node whose storage does not answer: an application that starts there stays at that.
class SilentHost final : public services::Host {
public:
    Result<void> publish(const std::string&, const rpc::ServiceBase&) override { return {}; }
    Async<void> withdraw(std::string) override { co_return Result<void>(); }
    Async<rpc::Connection> connect(std::string) override {
        co_await sleep_for(std::chrono::hours(1));
        co_return fail(Errc::timeout, "silence");
    }
    std::vector<rpc::Endpoint> locator() const override { return {}; }
};

using Client = rpc::Client<services::NodeProtocol>;

Task<void> start_app(Client client, std::string name, std::string& outcome) {
    auto starting = client.call<"start_app">(std::move(name), std::string("default"));
    auto started = co_await std::move(starting);
    outcome = started ? "started" : started.error().message();
}

TEST(AppHostReload, how_many_applications_there_may_be_is_taken_over_and_the_rest_needs_a_restart) {
    auto main = []() -> Task<void> {
        SilentHost node;
        FakeClock clock;
        TempDir folder;
        services::Environment environment;
        environment.executor = co_await asio::this_coro::executor;
        environment.clock = &clock;
        environment.host = &node;
        environment.name = "node";
        environment.folder = folder.path();
        Config config;
        config.apps_max = 1;
        AppHost host(environment, config, std::nullopt, nullptr, nullptr);
        std::string one = "waits", two = "waits", three = "waits", refused;
        auto inside = [&](TaskGroup& calls) -> Task<void> {
            calls.spawn(host.run());
            auto connection = rpc::connect_local(calls, environment.executor, host.handlers());
            Client client(std::move(*connection));
            auto turns = []() -> Task<void> {
                for (int i = 0; i < 50; ++i) co_await sleep_for(std::chrono::nanoseconds(0));
            };
            auto reload = [&](std::string_view text) {
                Result<void> done;
                auto take = [&](YamlReader& args) { done = host.reload(args); };
                EXPECT_TRUE(read_yaml(text, "args", take));
                return done ? std::string("taken over") : done.error().context;
            };
            co_await turns();
            calls.spawn(start_app(client, "one", one));
            co_await turns();
            co_await start_app(client, "two", refused);
            EXPECT_NE(refused.find("1 applications run here, which is the limit"), std::string::npos)
                << refused;
            EXPECT_EQ(reload("{apps_max: 2}"), "taken over");
            calls.spawn(start_app(client, "two", two));
            co_await turns();
            EXPECT_EQ(one + two, "waitswaits") << "both are being started";
            co_await start_app(client, "three", refused);
            EXPECT_NE(refused.find("2 applications run here"), std::string::npos) << refused;
            EXPECT_EQ(reload("{apps_max: 2, storage: other, seccomp: false, users: 1000-1003}"),
                      "storage, users, seccomp need a restart; everything else is taken over");
        };
        auto all = scope(16, std::move(inside));
        co_await std::move(all);
    };
    run_test(main());
}

}  // namespace
}  // namespace sonm::apphost
