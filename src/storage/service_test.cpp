#include "sonm/storage/service.hpp"

#include "sonm/storage/memory_backend.hpp"
#include "sonm/storage/storage.hpp"

#include <gtest/gtest.h>

namespace sonm::storage {
namespace {

using services::StorageClient;

crypto::Address account(std::uint8_t last) {
    crypto::Address address{};
    address.bytes.back() = last;
    return address;
}

class StorageServiceTest : public ::testing::Test {
protected:
    /// Runs `body(client, service)` with a client whose proven account is `who`.
    template <class F>
    void as(std::optional<crypto::Address> who, F body) {
        auto main = [](StorageServiceTest& test, std::optional<crypto::Address> caller,
                       F talk) -> Task<void> {
            Executor executor = co_await asio::this_coro::executor;
            auto backend = std::make_unique<Shared>(test.backend_);
            StorageService service(executor, test.clock_, std::move(backend), test.settings_);
            auto inside = [&](TaskGroup& group) -> Task<void> {
                auto connection = rpc::connect_local(group, executor, service.handlers(), caller);
                StorageClient client(std::move(*connection));
                auto talking = talk(client);
                co_await std::move(talking);
                test.metrics_.clear();
                service.measure(test.metrics_);
            };
            auto all = scope(4, std::move(inside));
            co_await std::move(all);
        };
        run_test(main(*this, who, std::move(body)));
    }
    double metric(std::string_view name, std::string_view label = {}) const {
        for (const auto& metric : metrics_)
            if (metric.name == name && (label.empty() || metric.labels.at(0).second == label))
                return metric.value;
        return -1;
    }
    /// One store behind several lives of the service.
    struct Shared final : Backend {
        explicit Shared(MemoryBackend& b) : backend(b) {}
        Async<void> open() override { return backend.open(); }
        Async<Bytes> read(Name name) override { return backend.read(std::move(name)); }
        Async<void> write(Name name, Bytes value, std::set<std::string> tags) override {
            return backend.write(std::move(name), std::move(value), std::move(tags));
        }
        Async<void> remove(Name name) override { return backend.remove(std::move(name)); }
        Async<std::vector<std::string>> find(Query query) override { return backend.find(std::move(query)); }
        Quota* quota() override { return backend.quota(); }
        MemoryBackend& backend;
    };

    MemoryBackend backend_;
    FakeClock clock_;
    Settings settings_;
    std::vector<services::Metric> metrics_;
};

using Tags = std::vector<std::string>;

#define SONM_CALL(name, ...)          \
    auto name##_task = (__VA_ARGS__); \
    auto name = co_await std::move(name##_task);

TEST_F(StorageServiceTest, ValueWithTags_IsReadFoundAndRemoved) {
    as(std::nullopt, [](StorageClient storage) -> Task<void> {
        SONM_CALL(written,
                  storage.call<"write">("collection", "key", to_bytes("value-1"), Tags{"tagA", "tagB"}));
        EXPECT_TRUE(written);
        SONM_CALL(plain, storage.call<"write">("collection", "key0", to_bytes("v"), std::nullopt));
        EXPECT_TRUE(plain);
        SONM_CALL(read, storage.call<"read">("collection", "key"));
        EXPECT_EQ(read.value(), to_bytes("value-1"));
        SONM_CALL(found, storage.call<"find">("collection", Tags{"tagA"}));
        EXPECT_EQ(found.value(), Tags{"key"});
        SONM_CALL(none, storage.call<"find">("collection", Tags{}));
        EXPECT_EQ(none.value(), Tags{});
        SONM_CALL(removed, storage.call<"remove">("collection", "key"));
        EXPECT_TRUE(removed);
        SONM_CALL(missing, storage.call<"read">("collection", "key"));
        EXPECT_TRUE(missing.error().is(std::errc::no_such_file_or_directory));
        EXPECT_EQ(missing.error().context, "read: /collection/key: No such file or directory");
    });
    EXPECT_EQ(metric("calls_total", "write"), 2);
    EXPECT_EQ(metric("failures_total", "missing"), 1);
    EXPECT_EQ(metric("written_bytes_total"), 8);
    EXPECT_EQ(metric("calls_now"), 0);
}

TEST_F(StorageServiceTest, HostileNames_AreRefusedByEveryMethod) {
    as(std::nullopt, [](StorageClient storage) -> Task<void> {
        for (std::string bad :
             {std::string(""), std::string(".."), std::string("a/b"), std::string("a\0", 2)}) {
            SONM_CALL(read, storage.call<"read">(bad, "key"));
            EXPECT_TRUE(read.error().is(std::errc::invalid_argument));
            SONM_CALL(write, storage.call<"write">("c", bad, Bytes(), std::nullopt));
            EXPECT_TRUE(write.error().is(std::errc::invalid_argument));
            SONM_CALL(tag, storage.call<"write">("c", "k", Bytes(), Tags{bad}));
            EXPECT_TRUE(tag.error().is(std::errc::invalid_argument));
            SONM_CALL(remove, storage.call<"remove">("c", bad));
            EXPECT_TRUE(remove.error().is(std::errc::invalid_argument));
            SONM_CALL(find, storage.call<"find">("c", Tags{bad}));
            EXPECT_TRUE(find.error().is(std::errc::invalid_argument));
        }
        SONM_CALL(longest, storage.call<"read">("c", std::string(10 * MiB, 'k')));
        EXPECT_TRUE(longest.error().is(std::errc::filename_too_long)) << longest.error().message();
    });
}

TEST_F(StorageServiceTest, ValueOverTheLimit_IsRefused) {
    settings_.value_bytes_max = 10;
    as(std::nullopt, [](StorageClient storage) -> Task<void> {
        SONM_CALL(fits, storage.call<"write">("c", "k", Bytes(10), std::nullopt));
        EXPECT_TRUE(fits);
        SONM_CALL(large, storage.call<"write">("c", "k", Bytes(11), std::nullopt));
        EXPECT_TRUE(large.error().is(std::errc::file_too_large));
    });
}

TEST_F(StorageServiceTest, FullDisk_IsToldAsNoSpace) {
    backend_.failure = Error{make_error_code(Errc::no_space), "writing x"};
    as(std::nullopt, [](StorageClient storage) -> Task<void> {
        SONM_CALL(full, storage.call<"write">("c", "k", Bytes(11), std::nullopt));
        EXPECT_TRUE(full.error().is(std::errc::no_space_on_device));
    });
    EXPECT_EQ(metric("failures_total", "no_space"), 1);
}

TEST_F(StorageServiceTest, TotalOverTheLimit_IsToldAsNoSpace_AndShowsInMetrics) {
    settings_.total_bytes_max = 10'000;
    as(std::nullopt, [](StorageClient storage) -> Task<void> {
        SONM_CALL(fits, storage.call<"write">("c", "k", Bytes(9'000), std::nullopt));
        EXPECT_TRUE(fits);
        SONM_CALL(full, storage.call<"write">("c", "other", Bytes(1'000), std::nullopt));
        EXPECT_TRUE(full.error().is(std::errc::no_space_on_device));
        EXPECT_EQ(full.error().code.value(), 28);
        EXPECT_NE(full.error().message().find("total_max"), std::string::npos) << full.error().message();
        SONM_CALL(read, storage.call<"read">("c", "other"));
        EXPECT_TRUE(read.error().is(std::errc::no_such_file_or_directory));
    });
    EXPECT_EQ(metric("failures_total", "no_space"), 1);
    EXPECT_GT(metric("bytes"), 9'000);
    EXPECT_EQ(metric("bytes_max"), 10'000);
}

TEST_F(StorageServiceTest, ChangedLimits_AreTakenOver_AndAnotherPlaceIsNot) {
    auto main = [this]() -> Task<void> {
        services::Environment environment;
        environment.executor = co_await asio::this_coro::executor;
        environment.clock = &clock_;
        std::unique_ptr<services::PlatformService> service;
        auto make_it = [&](YamlReader& args) { service = std::move(*make(environment, args)); };
        EXPECT_TRUE(read_yaml("{backend: memory, value_max: 100 B, total_max: 10 KiB}", "args", make_it));
        auto talk = [&](TaskGroup& group) -> Task<void> {
            auto connection = rpc::connect_local(group, environment.executor, service->handlers());
            StorageClient storage(std::move(*connection));
            auto reload = [&](std::string_view text) {
                Result<void> done;
                auto take = [&](YamlReader& args) { done = service->reload(args); };
                EXPECT_TRUE(read_yaml(text, "args", take));
                return done ? std::string("taken over") : done.error().context;
            };
            SONM_CALL(large, storage.call<"write">("c", "k", Bytes(5'000), std::nullopt));
            EXPECT_TRUE(large.error().is(std::errc::file_too_large));
            EXPECT_EQ(reload("{backend: memory, value_max: 1 MiB, total_max: 10 KiB}"), "taken over");
            SONM_CALL(fits, storage.call<"write">("c", "k", Bytes(5'000), std::nullopt));
            EXPECT_TRUE(fits);
            SONM_CALL(full, storage.call<"write">("c", "l", Bytes(6'000), std::nullopt));
            EXPECT_TRUE(full.error().is(std::errc::no_space_on_device));
            EXPECT_EQ(reload("{backend: files, path: /x, value_max: 1 MiB, total_max: 1 MiB}"),
                      "backend, path need a restart; everything else is taken over");
            SONM_CALL(more, storage.call<"write">("c", "l", Bytes(6'000), std::nullopt));
            EXPECT_TRUE(more);
            reload("{backend: memory, calls_max: 0}");
            SONM_CALL(busy, storage.call<"read">("c", "k"));
            EXPECT_TRUE(busy.error().is(std::errc::resource_unavailable_try_again));
            reload("{backend: memory, keys_max: 0}");
            SONM_CALL(none, storage.call<"find_page">("c", Tags{"t"}, "", 10u));
            EXPECT_TRUE(none.value().empty());
        };
        auto all = scope(4, std::move(talk));
        co_await std::move(all);
    };
    run_test(main());
}

TEST(StorageArguments, TotalOfAServer_IsNotOursToBound) {
    FakeClock clock;
    asio::io_context context;
    services::Environment environment;
    environment.executor = context.get_executor();
    environment.clock = &clock;
    auto make_it = [&](YamlReader& args) { (void)make(environment, args); };
    auto read =
        read_yaml("{backend: postgres, postgres: {url: postgresql://x}, total_max: 1 GiB}", "args", make_it);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message().find("set at the server"), std::string::npos) << read.error().message();
}

TEST_F(StorageServiceTest, MoreKeysThanAReplyHolds_AreRefusedByFindAndPagedByFindPage) {
    settings_.keys_max = 2;
    as(std::nullopt, [](StorageClient storage) -> Task<void> {
        for (std::string key : {"a", "b", "c"}) {
            SONM_CALL(written, storage.call<"write">("c", key, Bytes(), Tags{"t"}));
            EXPECT_TRUE(written);
        }
        SONM_CALL(many, storage.call<"find">("c", Tags{"t"}));
        EXPECT_TRUE(many.error().is(std::errc::value_too_large)) << many.error().message();
        SONM_CALL(page, storage.call<"find_page">("c", Tags{"t"}, "", 10u));
        EXPECT_EQ(page.value(), (Tags{"a", "b"}));
        SONM_CALL(rest, storage.call<"find_page">("c", Tags{"t"}, "b", 10u));
        EXPECT_EQ(rest.value(), Tags{"c"});
    });
}

TEST_F(StorageServiceTest, FirstKnownWriter_OwnsTheCollection) {
    as(account(1), [](StorageClient storage) -> Task<void> {
        SONM_CALL(written, storage.call<"write">("c", "k", to_bytes("v"), std::nullopt));
        EXPECT_TRUE(written);
        SONM_CALL(read, storage.call<"read">("c", "k"));
        EXPECT_TRUE(read);
    });
    for (auto other : {std::optional<crypto::Address>(), std::optional<crypto::Address>(account(2))})
        as(other, [](StorageClient storage) -> Task<void> {
            SONM_CALL(read, storage.call<"read">("c", "k"));
            EXPECT_TRUE(read.error().is(std::errc::permission_denied));
            EXPECT_EQ(read.error().message(), "read (Permission denied)");
            SONM_CALL(write, storage.call<"write">("c", "k", Bytes(), std::nullopt));
            EXPECT_TRUE(write.error().is(std::errc::permission_denied));
            SONM_CALL(remove, storage.call<"remove">("c", "k"));
            EXPECT_TRUE(remove.error().is(std::errc::permission_denied));
            SONM_CALL(find, storage.call<"find">("c", Tags{"t"}));
            EXPECT_TRUE(find.error().is(std::errc::permission_denied));
            SONM_CALL(open, storage.call<"write">("free", "k", Bytes(), std::nullopt));
            EXPECT_TRUE(open);
        });
}

TEST_F(StorageServiceTest, FullStore_LetsKnownCallersRemoveAndOverwriteWhatNobodyOwns_ButNotGrow) {
    as(std::nullopt, [](StorageClient storage) -> Task<void> {
        for (std::string key : {"a", "b"}) {
            SONM_CALL(written, storage.call<"write">("c", key, Bytes(1'000), std::nullopt));
            EXPECT_TRUE(written);
        }
    });
    // As after a restart with a smaller limit.
    settings_.total_bytes_max = 1'500;
    as(account(1), [](StorageClient storage) -> Task<void> {
        for (std::string fresh : {"c", "d"}) {
            SONM_CALL(more, storage.call<"write">(fresh, "new", Bytes(10), std::nullopt));
            EXPECT_TRUE(more.error().is(std::errc::no_space_on_device)) << "nor do rules alone grow it";
        }
        SONM_CALL(removed, storage.call<"remove">("c", "a"));
        EXPECT_TRUE(removed);
    });
    settings_.total_bytes_max = 1'000;
    as(std::nullopt, [](StorageClient storage) -> Task<void> {
        SONM_CALL(read, storage.call<"read">("c", "b"));
        EXPECT_TRUE(read) << "whoever only removes is no owner";
    });
    as(account(1), [](StorageClient storage) -> Task<void> {
        SONM_CALL(less, storage.call<"write">("c", "b", Bytes(900), std::nullopt));
        EXPECT_TRUE(less);
    });
    as(std::nullopt, [](StorageClient storage) -> Task<void> {
        SONM_CALL(read, storage.call<"read">("c", "b"));
        EXPECT_TRUE(read.error().is(std::errc::permission_denied)) << "whoever has written is";
    });
}

TEST_F(StorageServiceTest, CollectionThatAnotherNodeGaveAnOwner_LosesNothingToOthersAtOnce) {
    as(account(1), [&](StorageClient storage) -> Task<void> {
        SONM_CALL(missing, storage.call<"read">("c", "key"));
        EXPECT_FALSE(missing) << "remembered: nobody owns it";
        Rules rules;
        rules.accounts[account(2)] = 3;
        for (auto [name, value] : {std::pair(Name{std::string(acl_collection), "c"}, encode_rules(rules)),
                                   std::pair(Name{"c", "key"}, Bytes(1))}) {
            SONM_CALL(written, backend_.write(name, value, {}));
            EXPECT_TRUE(written);
        }
        SONM_CALL(removed, storage.call<"remove">("c", "key"));
        EXPECT_TRUE(!removed && removed.error().is(std::errc::permission_denied));
    });
}

TEST_F(StorageServiceTest, OwnerMayOpenACollection_OthersMayNotTouchItsRules) {
    Rules shared;
    shared.accounts[account(1)] = 3;
    shared.accounts[account(2)] = 1;
    Bytes record = encode_rules(shared);
    std::string acls(acl_collection);
    as(account(1), [](StorageClient storage) -> Task<void> {
        SONM_CALL(written, storage.call<"write">("c", "k", to_bytes("v"), std::nullopt));
        EXPECT_TRUE(written);
    });
    as(account(2), [=](StorageClient storage) -> Task<void> {
        SONM_CALL(seen, storage.call<"read">(acls, "c"));
        EXPECT_TRUE(seen.error().is(std::errc::permission_denied));
        SONM_CALL(changed, storage.call<"write">(acls, "c", record, std::nullopt));
        EXPECT_TRUE(changed.error().is(std::errc::permission_denied));
        SONM_CALL(removed, storage.call<"remove">(acls, "c"));
        EXPECT_TRUE(!removed && removed.error().is(std::errc::permission_denied));
    });
    as(account(1), [=](StorageClient storage) -> Task<void> {
        SONM_CALL(nonsense, storage.call<"write">(acls, "c", to_bytes("x"), std::nullopt));
        EXPECT_TRUE(nonsense.error().is(rpc::SecurityErrc::invalid_acl));
        SONM_CALL(changed, storage.call<"write">(acls, "c", record, std::nullopt));
        EXPECT_TRUE(changed);
    });
    as(account(2), [](StorageClient storage) -> Task<void> {
        SONM_CALL(read, storage.call<"read">("c", "k"));
        EXPECT_TRUE(read);
        SONM_CALL(write, storage.call<"write">("c", "k", Bytes(), std::nullopt));
        EXPECT_TRUE(write.error().is(std::errc::permission_denied));
    });
}

TEST_F(StorageServiceTest, Strangers_CannotMakeRulesForACollectionWithoutOwner) {
    Bytes record = encode_rules(Rules());
    std::string acls(acl_collection);
    as(std::nullopt, [=](StorageClient storage) -> Task<void> {
        SONM_CALL(locked, storage.call<"write">(acls, "c", record, std::nullopt));
        EXPECT_TRUE(locked.error().is(std::errc::permission_denied));
    });
}

rpc::Context with_header(std::string value) {
    return rpc::Context(std::make_shared<rpc::Peer>(), {rpc::Header{"authorization", std::move(value)}});
}

TEST(Callers, AuthorizationHeader_IsBelievedOnlyWhereConfiguredAndWellFormed) {
    EXPECT_FALSE(caller_of(with_header("7"), false).is_known());
    EXPECT_EQ(caller_of(with_header("7,12"), true).users, (std::set<std::uint64_t>{7, 12}));
    for (std::string other : {"", ",", "7,", "TVM abc", "-1", "7, 12", "99999999999999999999999"})
        EXPECT_FALSE(caller_of(with_header(other), true).is_known()) << other;
    std::string many = "1";
    for (int i = 2; i < 100; ++i) many += fmt::format(",{}", i);
    EXPECT_FALSE(caller_of(with_header(many), true).is_known());
}

TEST(AccessRules, OldForm_HasTwoMaps_AccountsMakeAThird) {
    Rules old;
    old.users[7] = 3;
    old.clients[1] = 1;
    EXPECT_EQ(to_hex(encode_rules(old)),
              "928101018107"
              "03");
    EXPECT_EQ(decode_rules(encode_rules(old)).value(), old);
    Rules ours = old;
    ours.accounts[account(9)] = 2;
    EXPECT_EQ(decode_rules(encode_rules(ours)).value(), ours);
    Caller caller;
    caller.users = {3, 7};
    EXPECT_TRUE(ours.allow(caller, Access::read));
    caller.users = {3};
    caller.account = account(9);
    EXPECT_FALSE(ours.allow(caller, Access::read));
    EXPECT_TRUE(ours.allow(caller, Access::write));
    for (const char* bad : {"", "91", "9280", "90", "c0",
                            "94808080"
                            "80"})
        EXPECT_TRUE(decode_rules(*parse_hex(bad)).error().is(rpc::SecurityErrc::invalid_acl)) << bad;
}

}  // namespace
}  // namespace sonm::storage
