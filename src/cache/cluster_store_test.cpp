#include "sonm/cache/cluster_store.hpp"

#include "sonm/cache/service.hpp"

#include <gtest/gtest.h>

namespace sonm::cache {
namespace {

#define SONM_CALL(name, ...)          \
    auto name##_task = (__VA_ARGS__); \
    auto name = co_await std::move(name##_task);

using Client = services::CacheClient;

/// Nodes of one process that share a cache.
class Nodes {
public:
    Nodes(const Executor& executor, const Clock& clock, int count) : executor_(executor) {
        for (int i = 0; i < count; ++i) {
            auto local = std::make_unique<LocalCache>(clock, LocalSettings());
            ClusterStore::Parts parts;
            parts.list = [this, i](TaskGroup&) { return list(i); };
            parts.connect = [this](TaskGroup& group, std::string address) { return connect(group, address); };
            ClusterSettings settings;
            settings.refresh = Millis(5);
            settings.retry = Millis(5);
            auto store = std::make_unique<ClusterStore>(executor, *local, std::move(parts), settings);
            stores.push_back(store.get());
            services.push_back(std::make_unique<CacheService>(std::move(local), std::move(store)));
        }
        down.resize(std::size_t(count));
    }
    Client client(TaskGroup& group, int node) {
        return Client(*rpc::connect_local(group, executor_, services[std::size_t(node)]->handlers()));
    }
    std::vector<std::unique_ptr<CacheService>> services;
    std::vector<ClusterStore*> stores;
    std::vector<bool> down;

private:
    Async<Members> list(int self) {
        Members members;
        members.self = fmt::format("n{}", self);
        for (std::size_t i = 0; i < services.size(); ++i)
            if (int(i) != self) members.others.emplace(fmt::format("n{}", i), fmt::format("{}", i));
        co_return members;
    }
    Async<rpc::Connection> connect(TaskGroup& group, std::string address) {
        auto node = std::size_t(address[0] - '0');
        if (down[node]) co_return fail(Errc::unavailable, "node {}", node);
        co_return rpc::connect_local(group, executor_, services[node]->handlers());
    }
    Executor executor_;
};

template <class F>
void with_nodes(int count, F body) {
    auto main = [](int nodes_count, F talk) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        FakeClock clock;
        Nodes nodes(executor, clock, nodes_count);
        auto inside = [&](TaskGroup& group) -> Task<void> {
            for (auto& service : nodes.services) group.spawn(service->run());
            auto settled = [&] {
                return std::ranges::all_of(
                    nodes.stores, [&](auto* store) { return store->members() == nodes.services.size(); });
            };
            while (!settled()) co_await sleep_for(Millis(1));
            auto talking = talk(nodes, group);
            co_await std::move(talking);
        };
        auto all = scope(64, std::move(inside));
        co_await std::move(all);
    };
    run_test(main(count, std::move(body)));
}

TEST(ClusterCache, EveryNodeSeesEveryKey_AndEachKeepsAShare) {
    with_nodes(3, [](Nodes& nodes, TaskGroup& group) -> Task<void> {
        Client first = nodes.client(group, 0), second = nodes.client(group, 1);
        for (int i = 0; i < 90; ++i) {
            std::string key = fmt::format("key{}", i);
            SONM_CALL(put, first.call<"put">(key, to_bytes(key), std::nullopt));
            EXPECT_TRUE(put);
            SONM_CALL(got, second.call<"get">(key));
            EXPECT_EQ(*got, std::tuple(true, to_bytes(key)));
        }
        for (int node = 0; node < 3; ++node) {
            Client client = nodes.client(group, node);
            SONM_CALL(stats, client.call<"stats">());
            EXPECT_GT(stats->entries, 10u) << node;
        }
    });
}

TEST(ClusterCache, CountsAndVersions_AreTheSameForAllNodes) {
    with_nodes(3, [](Nodes& nodes, TaskGroup& group) -> Task<void> {
        std::vector<Client> clients;
        for (int i = 0; i < 3; ++i) clients.push_back(nodes.client(group, i));
        for (int i = 1; i <= 9; ++i) {
            SONM_CALL(sum, clients[std::size_t(i % 3)].call<"increment">("n", 1, std::nullopt));
            EXPECT_EQ(*sum, i);
        }
        SONM_CALL(seen, clients[0].call<"get_versioned">("n"));
        SONM_CALL(swapped,
                  clients[1].call<"compare_and_put">("n", seen->version, to_bytes("x"), std::nullopt));
        EXPECT_TRUE(std::get<0>(*swapped));
        SONM_CALL(again, clients[2].call<"compare_and_put">("n", seen->version, to_bytes("y"), std::nullopt));
        EXPECT_FALSE(std::get<0>(*again));
        SONM_CALL(removed, clients[2].call<"remove">("n"));
        EXPECT_TRUE(*removed);
    });
}

TEST(ClusterCache, NodeThatDoesNotAnswer_HasNothing_AndWritesSayIt) {
    FakeClock clock;
    auto main = [](const Clock& time) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        LocalCache local(time, LocalSettings());
        bool down = false;
        ClusterStore::Parts parts;
        parts.list = [](TaskGroup&) -> Async<Members> {
            Members members{"self", {{"other", "other:1"}}};
            co_return members;
        };
        CacheService other(std::make_unique<LocalCache>(time, LocalSettings()), nullptr);
        std::vector<rpc::Connection> opened;
        parts.connect = [&](TaskGroup& group, std::string) -> Async<rpc::Connection> {
            if (down) co_return fail(Errc::unavailable, "down");
            auto connection = rpc::connect_local(group, executor, other.handlers());
            opened.push_back(*connection);
            co_return connection;
        };
        ClusterStore store(executor, local, std::move(parts), ClusterSettings());
        auto inside = [&](TaskGroup& group) -> Task<void> {
            group.spawn(store.run());
            while (store.members() != 2) co_await sleep_for(Millis(1));
            down = true;
            for (auto& connection : opened) connection.close();
            int refused = 0;
            for (int i = 0; i < 32; ++i) {
                std::string key = fmt::format("key{}", i);
                SONM_CALL(put, store.put(rpc::Context(), key, Bytes(), std::nullopt));
                if (!put) EXPECT_TRUE(put.error().is(std::errc::not_connected)) << put.error().message();
                refused += !put;
                SONM_CALL(got, store.get(rpc::Context(), key));
                EXPECT_TRUE(got);
                EXPECT_EQ(got->found, put.has_value());
            }
            EXPECT_GT(refused, 5);
            EXPECT_LT(refused, 27);
            EXPECT_GE(store.failures(), std::uint64_t(refused));
        };
        auto all = scope(4, std::move(inside));
        co_await std::move(all);
    };
    run_test(main(clock));
}

}  // namespace
}  // namespace sonm::cache
