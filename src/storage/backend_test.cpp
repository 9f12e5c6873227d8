#include "sonm/storage/backend_contract.hpp"
#include "sonm/storage/files_backend.hpp"
#include "sonm/storage/memory_backend.hpp"
#include "sonm/storage/sqlite_backend.hpp"

#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace sonm::storage {
namespace {

using Made = Result<std::unique_ptr<Backend>>;
const BackendKind files{"files", [](const Executor& executor, const std::filesystem::path& folder) -> Made {
                            return std::make_unique<FilesBackend>(executor, folder / "files");
                        }};
const BackendKind sqlite{"sqlite", [](const Executor& executor, const std::filesystem::path& folder) -> Made {
                             return std::make_unique<SqliteBackend>(executor, folder / "storage.db");
                         }};
const BackendKind memory{"memory", [](const Executor&, const std::filesystem::path&) -> Made {
                             return std::make_unique<MemoryBackend>();
                         }};
INSTANTIATE_TEST_SUITE_P(Local, BackendContract, ::testing::Values(files, sqlite, memory), backend_name);

const Name name{"c", "k"};

class FilesStoreTest : public ::testing::Test {
protected:
    FilesStoreTest() : root_(folder_ / "s") { reopen(); }
    void reopen() {
        store_.reset();
        store_ = std::make_unique<FilesStore>(root_);
        auto opened = store_->open();
        ASSERT_TRUE(opened) << opened.error().message();
    }
    std::filesystem::path value_file() const { return root_ / "data/c/values/k"; }
    std::string keys(const std::string& tag) {
        auto found = store_->find(Query{"c", {tag}, "", 10});
        return found ? fmt::format("{}", fmt::join(*found, " ")) : found.error().message();
    }
    TempDir folder_;
    std::filesystem::path root_;
    std::unique_ptr<FilesStore> store_;
};

TEST_F(FilesStoreTest, FolderOfARunningStore_IsRefusedToASecond) {
    FilesStore second(root_);
    auto opened = second.open();
    ASSERT_FALSE(opened);
    EXPECT_TRUE(opened.error().is(Errc::busy)) << opened.error().message();
}

TEST_F(FilesStoreTest, ValuesAndTags_AreThereAfterReopening) {
    ASSERT_TRUE(store_->write(name, as_bytes("v"), {"t"}));
    reopen();
    EXPECT_EQ(as_text(*store_->read(name)), "v");
    EXPECT_EQ(keys("t"), "k");
}

TEST_F(FilesStoreTest, LeftoversOfAKilledWriter_AreClearedAndSayNothing) {
    ASSERT_TRUE(store_->write(name, as_bytes("old"), {"t"}));
    std::ofstream(root_ / "new/7") << "half a rec";
    std::filesystem::create_directories(root_ / "data/c/tags/u");
    std::ofstream(root_ / "data/c/tags/u/k");
    std::ofstream(root_ / "data/c/tags/t/never");
    reopen();
    EXPECT_TRUE(std::filesystem::is_empty(root_ / "new"));
    EXPECT_EQ(as_text(*store_->read(name)), "old");
    EXPECT_EQ(keys("u"), "");
    EXPECT_EQ(keys("t"), "k");
}

TEST_F(FilesStoreTest, RecordChangedOnDisk_IsToldAsCorruptAndCanBeReplaced) {
    ASSERT_TRUE(store_->write(name, as_bytes("value"), {"t"}));
    {
        std::fstream file(value_file(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-1, std::ios::end);
        file.put('X');
    }
    auto read = store_->read(name);
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().is(Errc::corrupt)) << read.error().message();
    std::ofstream(value_file(), std::ios::trunc) << "nonsense";
    EXPECT_EQ(keys("t"), "");
    ASSERT_TRUE(store_->write(name, as_bytes("new"), {"t"}));
    EXPECT_EQ(as_text(*store_->read(name)), "new");
    std::ofstream(value_file(), std::ios::trunc) << "nonsense";
    ASSERT_TRUE(store_->remove(name));
    EXPECT_TRUE(store_->read(name).error().is(Errc::not_found));
}

TEST_F(FilesStoreTest, WriteThatDoesNotFit_LeavesOldValueAndTags) {
    ASSERT_TRUE(store_->write(name, as_bytes("old"), {"t"}));
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
    auto ignored = std::signal(SIGXFSZ, SIG_IGN);
    rlimit small = old;
    small.rlim_cur = 64 * KiB;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    auto written = store_->write(name, Bytes(MiB), {"u"});
    ::setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, ignored);
    ASSERT_FALSE(written);
    EXPECT_EQ(as_text(*store_->read(name)), "old");
    EXPECT_EQ(keys("u"), "");
    EXPECT_EQ(keys("t"), "k");
    EXPECT_TRUE(std::filesystem::is_empty(root_ / "new"));
    EXPECT_FALSE(std::filesystem::exists(root_ / "data/c/tags/u"));
}

TEST_F(FilesStoreTest, WhatIsKept_IsCountedAnewAtOpen_AndIsTheSame) {
    EXPECT_EQ(store_->quota().used(), 0u);
    Name other{"d", "k"};
    ASSERT_TRUE(store_->write(name, Bytes(10'000), {"t", "u"}));
    ASSERT_TRUE(store_->write(name, Bytes(20'000), {"v"}));
    ASSERT_TRUE(store_->write(other, Bytes(5'000), {"t"}));
    ASSERT_TRUE(store_->write(other, as_bytes("short"), {}));
    std::uint64_t used = store_->quota().used();
    // Two collections of three folders, four folders of tags with a mark each, 20 and 4 KiB of records.
    EXPECT_EQ(used, (6 + 4) * 4 * KiB + 4 * 512 + 20 * KiB + 4 * KiB);
    reopen();
    EXPECT_EQ(store_->quota().used(), used);
    ASSERT_TRUE(store_->remove(name));
    ASSERT_TRUE(store_->remove(other));
    ASSERT_TRUE(store_->remove(other));
    EXPECT_EQ(store_->quota().used(), 0u);
    EXPECT_TRUE(std::filesystem::is_empty(root_ / "data")) << "collections without keys are gone";
}

TEST_F(FilesStoreTest, CollectionPerJob_LeavesNothingWhenItsLastKeyIsRemoved) {
    store_->quota().limit(64 * KiB);
    for (int i = 0; i < 20; ++i) {
        Name one{fmt::format("job-{}", i), "k"}, other{one.collection, "l"};
        ASSERT_TRUE(store_->write(one, as_bytes("v"), {"t"})) << i;
        ASSERT_TRUE(store_->write(other, as_bytes("v"), {})) << i;
        ASSERT_TRUE(store_->remove(one));
        EXPECT_EQ(as_text(*store_->read(other)), "v");
        ASSERT_TRUE(store_->remove(other));
        EXPECT_EQ(store_->quota().used(), 0u);
    }
}

TEST_F(FilesStoreTest, WriteThatDoesNotFitTheLimit_LeavesNoFoldersOfItsCollection) {
    for (std::uint64_t room : {4, 8, 12, 16, 20}) {
        store_->quota().limit(room * KiB);
        auto written = store_->write(name, Bytes(100), {"t"});
        EXPECT_TRUE(!written && written.error().is(Errc::no_space));
        EXPECT_EQ(store_->quota().used(), 0u) << room;
        EXPECT_TRUE(std::filesystem::is_empty(root_ / "data")) << room;
    }
}

TEST_F(FilesStoreTest, LastKeyOfACollection_MayGoWhileOthersAreWritten) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([this, i] {
            Name own{"c", fmt::format("k{}", i)};
            for (int round = 0; round < 20; ++round) {
                auto written = store_->write(own, as_bytes("v"), {"t"});
                EXPECT_TRUE(written) << written.error().message();
                EXPECT_TRUE(store_->read(own));
                EXPECT_TRUE(store_->remove(own));
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(store_->quota().used(), 0u);
    EXPECT_TRUE(std::filesystem::is_empty(root_ / "data"));
}

TEST_F(FilesStoreTest, CollectionsAndTagsWithoutEnd_AreBoundedToo) {
    store_->quota().limit(MiB);
    int stored = 0;
    while (stored < 1'000 && store_->write(Name{fmt::format("c{}", stored), "k"}, Bytes(), {"t"})) ++stored;
    EXPECT_EQ(stored, 1024 * 2 / 41) << "five blocks each, and half a kilobyte";
    EXPECT_LE(store_->quota().used(), MiB);
    Name first{"c0", "k"};
    EXPECT_TRUE(store_->write(first, as_bytes("as large as before"), {"t"}));
    EXPECT_TRUE(store_->remove(first));
}

TEST_F(FilesStoreTest, LastKeyOfATag_TakesItsFolderWithIt) {
    ASSERT_TRUE(store_->write(name, as_bytes("v"), {"2026-01-01"}));
    ASSERT_TRUE(store_->remove(name));
    EXPECT_FALSE(std::filesystem::exists(root_ / "data/c/tags/2026-01-01"));
}

Task<void> put(Backend& backend, std::size_t bytes, std::vector<Result<void>>& outcomes) {
    Name own{"c", fmt::format("k{}", outcomes.size())};
    auto writing = backend.write(std::move(own), Bytes(bytes), {});
    outcomes.push_back(co_await std::move(writing));
}

TEST(QuotaLoans, WhatIsOverTheLimitAlready_CountsOnceForAllOfThem) {
    Quota quota;
    quota.add(10'000);
    quota.limit(1'000);
    EXPECT_FALSE(quota.take(1));
    {
        Quota::Loan first(quota, 100), second(quota, 100);
        EXPECT_FALSE(quota.take(201));
        EXPECT_TRUE(quota.take(100));
        Quota::Loan third(quota, 100);
        EXPECT_FALSE(quota.take(301));
        EXPECT_TRUE(quota.take(300));
        EXPECT_FALSE(quota.take(1));
    }
    EXPECT_FALSE(quota.take(1));
    quota.limit(20'000);
    Quota::Loan beside(quota, 100);
    EXPECT_FALSE(quota.take(9'701));
    EXPECT_TRUE(quota.take(9'700)) << "the limit and the loan";
}

TEST(SqliteBackend, ValuesThatWaitForTheDisk_AreBoundedInBytes) {
    auto main = []() -> Task<void> {
        TempDir folder;
        auto file = folder / "storage.db";
        SqliteBackend backend(co_await asio::this_coro::executor, file);
        auto opening = backend.open();
        EXPECT_TRUE(co_await std::move(opening));
        auto other = Database::open(file.native(), {"-- the same"}).value();
        EXPECT_TRUE(other->script("BEGIN IMMEDIATE")) << "now nobody else gets on";
        std::vector<Result<void>> outcomes;
        auto body = [&](TaskGroup& group) -> Task<void> {
            for (std::size_t bytes : {std::size_t(1), 30 * MiB, 30 * MiB, 5 * MiB, std::size_t(1)})
                group.spawn(put(backend, bytes, outcomes));
            co_await sleep_for(std::chrono::milliseconds(5));
            EXPECT_EQ(outcomes.size(), 1u);
            if (!outcomes.empty()) EXPECT_TRUE(!outcomes[0] && outcomes[0].error().is(Errc::busy));
            group.cancel();
        };
        auto all = scope(8, std::move(body));
        co_await std::move(all);
        EXPECT_TRUE(other->script("ROLLBACK"));
    };
    run_test(main());
}

}  // namespace
}  // namespace sonm::storage
