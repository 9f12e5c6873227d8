#include "sonm/node/testing.hpp"
#include "sonm/services/node_service.hpp"
#include "sonm/services/storage_service.hpp"

namespace sonm::node {
namespace {

using services::StorageProtocol;
using testing::NodeTest;

/// A service of any protocol, which has calls to finish while `busy`.
class Plain final : public services::PlatformService {
public:
    Plain(const rpc::ServiceBase& handlers, const bool& busy) : handlers_(handlers), busy_(busy) {}
    const rpc::ServiceBase& handlers() const override { return handlers_; }
    Async<void> drain() override {
        while (busy_) co_await sleep_for(Millis(1));
        co_return Result<void>();
    }

private:
    const rpc::ServiceBase& handlers_;
    const bool& busy_;
};

class DoorTest : public NodeTest {
protected:
    DoorTest() {
        storage.on<"read">([](rpc::Context, std::string collection, std::string key) -> Async<Bytes> {
            co_return to_bytes(collection + "/" + key);
        });
        storage.on<"write">([this](rpc::Context, std::string, std::string, Bytes,
                                   std::optional<std::vector<std::string>>) -> Async<void> {
            ++changes;
            co_return Result<void>();
        });
        storage.on<"remove">([this](rpc::Context, std::string, std::string) -> Async<void> {
            ++changes;
            co_return Result<void>();
        });
        storage.on<"find">(
            [](rpc::Context, std::string, std::vector<std::string>) -> Async<std::vector<std::string>> {
                co_return std::vector<std::string>{"key"};
            });
        apps.on<"start_app">([this](rpc::Context, std::string, std::string) -> Async<void> {
            ++changes;
            co_return Result<void>();
        });
        auto keep = [this](const rpc::ServiceBase& handlers) {
            return [this, &handlers](services::Environment,
                                     YamlReader& args) -> Result<std::unique_ptr<services::PlatformService>> {
                if (args.describing()) return std::unique_ptr<services::PlatformService>();
                return std::make_unique<Plain>(handlers, busy);
            };
        };
        types.add("storage", "Keeps.", keep(storage));
        types.add("apphost", "Starts.", keep(apps));
        write(
            "services:\n  - {name: storage, type: storage}\n  - {name: node, type: apphost}\n"
            "  - {name: a, type: echo}\n");
    }

    services::Door door() const {
        services::Door out;
        out.socket = folder / "door";
        out.services = {"storage"};
        out.closed_collections = {"profiles"};
        out.connections_max = 2;
        return out;
    }
    std::string address() const { return "unix:" + (folder / "door").string(); }

    rpc::Service<StorageProtocol> storage;
    rpc::Service<services::NodeProtocol> apps;
    int changes = 0;
    bool busy = false;
};

template <class T>
std::string said(const Result<T>& result) {
    return result ? "done" : result.error().message();
}

TEST_F(DoorTest, what_is_behind_a_door__can_be_read_and_neither_written_nor_can_apps_be_started) {
    std::string read, profile, wrote, removed, found, profiles, node, echo;
    auto body = [&](Node& n) -> Task<void> {
        EXPECT_TRUE(n.open_door(door()));
        auto talk = [&](TaskGroup& group) -> Task<void> {
            auto connecting = rpc::connect(group, address(), "storage", {});
            auto connection = co_await std::move(connecting);
            EXPECT_TRUE(connection) << said(connection);
            if (connection) {
                services::StorageClient client(*connection);
                auto good = co_await client.call<"read">(std::string("collection"), std::string("key"));
                read = good ? std::string(as_text(*good)) : said(good);
                profile = said(co_await client.call<"read">(std::string("profiles"), std::string("p")));
                std::optional<std::vector<std::string>> tags;
                Bytes blob(1, 0x80);
                wrote = said(
                    co_await client.call<"write">(std::string("profiles"), std::string("p"), blob, tags));
                removed = said(co_await client.call<"remove">(std::string("else"), std::string("p")));
                std::vector<std::string> none;
                found = said(co_await client.call<"find">(std::string("collection"), none));
                profiles = said(co_await client.call<"find">(std::string("profiles"), none));
                connection->close();
            }
            auto starting = rpc::connect(group, address(), "node", {});
            node = said(co_await std::move(starting));
            auto calling = rpc::connect(group, address(), "a", {});
            echo = said(co_await std::move(calling));
        };
        auto talking = scope(8, std::move(talk));
        co_await std::move(talking);
        n.stop();
    };
    auto done = serve(body);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(read, "collection/key");
    EXPECT_EQ(found, "done");
    for (const std::string& one : {profile, profiles})
        EXPECT_NE(one.find("not for applications"), one.npos) << one;
    for (const std::string& one : {wrote, removed}) EXPECT_NE(one.find("only read"), one.npos) << one;
    for (const std::string& one : {node, echo}) EXPECT_NE(one.find("not available"), one.npos) << one;
    EXPECT_EQ(changes, 0);
}

TEST_F(DoorTest, the_locator_behind_a_door__knows_its_names_only_and_takes_none) {
    std::string known, unknown, announced, cluster;
    auto body = [&](Node& n) -> Task<void> {
        EXPECT_TRUE(n.open_door(door()));
        auto talk = [&](TaskGroup& group) -> Task<void> {
            auto connecting = rpc::connect(group, address(), "", {});
            auto connection = co_await std::move(connecting);
            EXPECT_TRUE(connection) << said(connection);
            if (!connection) co_return;
            rpc::Client<rpc::LocatorProtocol> client(*connection);
            std::optional<std::string> seed;
            known = said(co_await client.call<"resolve">(std::string("storage"), seed));
            unknown = said(co_await client.call<"resolve">(std::string("node"), seed));
            cluster = said(co_await client.call<"cluster">());
            connection->close();
        };
        auto talking = scope(8, std::move(talk));
        co_await std::move(talking);
        n.stop();
    };
    auto done = serve(body);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(known, "done");
    EXPECT_NE(unknown.find("not available"), unknown.npos) << unknown;
    EXPECT_NE(cluster, "done");
}

TEST_F(DoorTest, where_the_node_wants_proofs__who_comes_by_a_file_is_nobody_and_sees_what_it_shows) {
    FixedBytes<32> secret{};
    secret[31] = 1;
    auto key = std::move(crypto::PrivateKey::from_bytes(secret).value());
    signer = &key;
    write("services:\n  - {name: storage, type: storage}\n  - {name: a, type: echo}\n",
          "key: '0x1'\nidentity_required: true\n");
    std::string read, behind, outside, own;
    auto body = [&](Node& n) -> Task<void> {
        EXPECT_TRUE(n.wants_proof());
        EXPECT_TRUE(n.open_door(door()));
        auto talk = [&](TaskGroup& group) -> Task<void> {
            std::string node = "unix:" + (folder / "node").string();
            auto connecting = rpc::connect(group, address(), "storage", {});
            auto connection = co_await std::move(connecting);
            EXPECT_TRUE(connection) << said(connection);
            if (!connection) co_return;
            services::StorageClient client(std::move(*connection));
            read = said(co_await client.call<"read">(std::string("collection"), std::string("key")));
            auto entering = rpc::connect(group, address(), "a", {});
            behind = said(co_await std::move(entering));
            auto calling = rpc::connect(group, node, "a", {});
            outside = said(co_await std::move(calling));
            auto asking = n.connect(std::string(rpc::LocatorProtocol::name));
            auto locator = co_await std::move(asking);
            rpc::Client<rpc::LocatorProtocol> here(std::move(*locator));
            own = said(co_await here.call<"uuid">());
        };
        auto talking = scope(16, std::move(talk));
        co_await std::move(talking);
        n.stop();
    };
    auto done = serve(body);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(read, "done");
    EXPECT_NE(behind.find("not available"), behind.npos) << behind;
    EXPECT_EQ(outside, "done");
    EXPECT_EQ(own, "done");
}

TEST_F(DoorTest, a_door_to_what_starts_programs__is_not_opened) {
    std::string opened;
    auto body = [&](Node& n) -> Task<void> {
        services::Door wide = door();
        wide.services = {"storage", "node"};
        opened = said(n.open_door(std::move(wide)));
        n.stop();
        co_return;
    };
    auto done = serve(body);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_NE(opened.find("container_services"), opened.npos) << opened;
    EXPECT_FALSE(std::filesystem::exists(folder / "door"));
}

TEST_F(DoorTest, a_door_that_is_closed__ends_who_came_through_it_and_leaves_the_others) {
    bool ended = false, gone = false;
    std::string other, again;
    auto body = [&](Node& n) -> Task<void> {
        services::Door second = door();
        second.socket = folder / "second";
        EXPECT_TRUE(n.open_door(door()));
        EXPECT_TRUE(n.open_door(std::move(second)));
        auto talk = [&](TaskGroup& group) -> Task<void> {
            auto connecting = rpc::connect(group, address(), "storage", {});
            auto connection = co_await std::move(connecting);
            auto entering = rpc::connect(group, "unix:" + (folder / "second").string(), "storage", {});
            auto neighbour = co_await std::move(entering);
            EXPECT_TRUE(connection && neighbour);
            if (!connection || !neighbour) co_return;
            auto closing = n.close_door(folder / "door");
            EXPECT_TRUE(co_await std::move(closing));
            services::StorageClient client(*connection), there(*neighbour);
            auto late = co_await client.call<"read">(std::string("collection"), std::string("key"));
            ended = !late && late.error().is(Errc::closed);
            gone = !std::filesystem::exists(folder / "door");
            other = said(co_await there.call<"read">(std::string("collection"), std::string("key")));
            neighbour->close();
            again = said(n.open_door(door()));
        };
        auto talking = scope(8, std::move(talk));
        co_await std::move(talking);
        n.stop();
    };
    auto done = serve(body);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_TRUE(ended);
    EXPECT_TRUE(gone);
    EXPECT_EQ(other, "done");
    EXPECT_EQ(again, "done");
}

TEST_F(DoorTest, calls_under_way_when_the_node_stops__still_read_what_a_door_shows) {
    std::string held, fresh;
    busy = true;
    auto body = [&](Node& n) -> Task<void> {
        EXPECT_TRUE(n.open_door(door()));
        auto talk = [&](TaskGroup& group) -> Task<void> {
            auto read = [&](rpc::Connection connection) {
                services::StorageClient client(std::move(connection));
                return client.call<"read">(std::string("collection"), std::string("key"));
            };
            auto connecting = rpc::connect(group, address(), "storage", {});
            auto connection = co_await std::move(connecting);
            EXPECT_TRUE(connection) << said(connection);
            n.stop();
            while (n.info().state != "draining") co_await sleep_for(std::chrono::nanoseconds(0));
            for (int i = 0; i < 50; ++i) co_await sleep_for(std::chrono::nanoseconds(0));
            if (connection) held = said(co_await read(*connection));
            auto entering = rpc::connect(group, address(), "storage", {});
            auto late = co_await std::move(entering);
            fresh = late ? said(co_await read(*late)) : said(late);
            busy = false;
        };
        auto talking = scope(8, std::move(talk));
        co_await std::move(talking);
    };
    auto done = serve(body);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(held, "done");
    EXPECT_EQ(fresh, "done");
    EXPECT_FALSE(std::filesystem::exists(folder / "door"));
}

TEST_F(DoorTest, a_full_door__leaves_the_room_of_the_node_alone) {
    std::size_t opened = 0;
    std::string outside;
    auto body = [&](Node& n) -> Task<void> {
        EXPECT_TRUE(n.open_door(door()));
        auto talk = [&](TaskGroup& group) -> Task<void> {
            std::vector<rpc::Connection> held;
            for (int i = 0; i < 5; ++i) {
                auto connecting = rpc::connect(group, address(), "storage", {});
                auto connection = co_await std::move(connecting);
                if (connection) held.push_back(std::move(*connection));
            }
            opened = held.size();
            auto connecting = rpc::connect(group, "unix:" + (folder / "node").string(), "storage", {});
            auto other = co_await std::move(connecting);
            outside = said(other);
            if (other) other->close();
            for (auto& one : held) one.close();
        };
        auto talking = scope(16, std::move(talk));
        co_await std::move(talking);
        n.stop();
    };
    auto done = serve(body);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(opened, 2u);
    EXPECT_EQ(outside, "done");
}

}  // namespace
}  // namespace sonm::node
