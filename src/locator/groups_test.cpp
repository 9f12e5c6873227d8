#include "sonm/locator/groups.hpp"

#include "sonm/rpc/service.hpp"
#include "sonm/services/storage_service.hpp"

#include <gtest/gtest.h>

namespace sonm::locator {
namespace {

const Random fixed = [] { return 0u; };

TEST(Groups, a_seed_decides_and_without_one_chance_does) {
    Groups groups;
    ASSERT_TRUE(groups.put("app", {{"app_v1", 75}, {"app_v2", 25}}));
    EXPECT_EQ(*groups.route("app", "user-1", fixed), "app_v1");
    EXPECT_EQ(*groups.route("app", std::nullopt, fixed), "app_v2") << "the first point of the ring";
    EXPECT_EQ(*groups.route("app", "", fixed), "app_v2") << "an empty seed is none";
    EXPECT_EQ(groups.route("other", "user-1", fixed), nullptr);
}

TEST(Groups, all_of_them_together_fit_one_message) {
    Groups groups;
    Group wide;
    for (int i = 0; i < 256; ++i) wide.emplace(std::string(200, 'x') + std::to_string(i), 1);
    EXPECT_TRUE(groups.put("first", wide).error().is(Errc::busy));
    Group narrow;
    for (int i = 0; i < 256; ++i) narrow.emplace(std::to_string(i), 1);
    std::size_t taken = 0;
    while (groups.put(fmt::format("g{}", taken), narrow)) ++taken;
    EXPECT_EQ(taken, 4u);
    EXPECT_TRUE(groups.put("g1", narrow)) << "a change is none more";
}

/// A storage service with what the test puts in.
struct FakeStorage {
    rpc::Service<services::StorageProtocol> service;
    std::map<std::string, Bytes> blobs;
    FakeStorage() {
        service.on<"find">([this](const rpc::Context&, std::string collection,
                                  std::vector<std::string> tags) -> Result<std::vector<std::string>> {
            EXPECT_EQ(collection, "groups");
            EXPECT_EQ(tags, (std::vector<std::string>{"group", "active"}));
            std::vector<std::string> out;
            for (const auto& [key, blob] : blobs) out.push_back(key);
            return out;
        });
        service.on<"read">([this](const rpc::Context&, std::string, std::string key) -> Result<Bytes> {
            auto found = blobs.find(key);
            if (found == blobs.end())
                return fail(std::make_error_code(std::errc::no_such_file_or_directory), "/groups/{}", key);
            return found->second;
        });
    }
};

Async<bool> check_storage() {
    Executor executor = co_await asio::this_coro::executor;
    FakeStorage storage;
    auto body = [&](TaskGroup& group) -> Task<void> {
        StorageGroups store([&]() -> Async<rpc::Connection> {
            co_return rpc::connect_local(group, executor, storage.service);
        });
        // As existing tools write them: {"app_v1": 75, "app_v2": 25}.
        storage.blobs["app"] = parse_hex("82a66170705f76314ba66170705f763219").value();
        storage.blobs["broken"] = {0xc1};
        Groups groups;
        auto reading = refresh(store, groups, {});
        auto outcome = co_await std::move(reading);
        EXPECT_NE(outcome.error().message().find("broken"), std::string::npos) << outcome.error().message();
        EXPECT_EQ(groups.all().at("app").size(), 512u) << "one that is broken does not cost the others";

        storage.blobs["app"] = {0x80};
        std::vector<std::string> one{"app"};
        auto again = refresh(store, groups, one);
        EXPECT_FALSE(co_await std::move(again));
        EXPECT_EQ(groups.all().at("app").size(), 512u) << "what was there stays";
        storage.blobs.clear();
        auto last = refresh(store, groups, one);
        EXPECT_TRUE(co_await std::move(last));
        EXPECT_TRUE(groups.all().empty());
    };
    auto work = scope(16, std::move(body));
    co_await std::move(work);
    co_return true;
}
TEST(Groups, they_are_read_from_storage_and_go_with_it) { EXPECT_TRUE(run_test(check_storage())); }

Async<bool> check_unreachable() {
    Error why{make_error_code(Errc::unavailable), "storage"};
    StorageGroups store([&why]() -> Async<rpc::Connection> { co_return tl::unexpected<Error>(why); });
    Groups groups;
    EXPECT_TRUE(groups.put("app", {{"a", 1}}));
    std::vector<std::string> one{"app"};
    auto reading = refresh(store, groups, one);
    auto outcome = co_await std::move(reading);
    EXPECT_TRUE(outcome.error().is(rpc::LocatorErrc::routing_storage));
    EXPECT_EQ(groups.all().size(), 1u) << "groups outlive their storage";
    EXPECT_FALSE(store.missing());
    why.code = make_error_code(rpc::LocatorErrc::service_not_available);
    auto nowhere = refresh(store, groups, one);
    EXPECT_TRUE((co_await std::move(nowhere)).error().is(rpc::LocatorErrc::routing_storage));
    EXPECT_TRUE(store.missing()) << "nobody has one";
    co_return true;
}
TEST(Groups, a_storage_that_cannot_be_reached_takes_nothing_away) {
    EXPECT_TRUE(run_test(check_unreachable()));
}

}  // namespace
}  // namespace sonm::locator
