#pragma once

#include "sonm/base/fs.hpp"
#include "sonm/storage/backend.hpp"

#include <gtest/gtest.h>

/// What every backend must do, as tests. A test program includes this once and says which backends:
///     INSTANTIATE_TEST_SUITE_P(Files, BackendContract, ::testing::Values(make_files), backend_name);
namespace sonm::storage {

/// One kind of backend. `open` gives a fresh view of what lies at `folder`, or a reason to skip.
struct BackendKind {
    std::string name;
    std::function<Result<std::unique_ptr<Backend>>(const Executor&, const std::filesystem::path& folder)>
        make;
};
inline std::ostream& operator<<(std::ostream& out, const BackendKind& kind) { return out << kind.name; }

class BackendContract : public ::testing::TestWithParam<BackendKind> {
protected:
    using Body = Async<void> (*)(Backend&);
    /// Opens the backend and runs the body against it.
    void with(Body body) {
        auto main = [](Body test, BackendKind kind, std::filesystem::path folder) -> Async<void> {
            Executor executor = co_await asio::this_coro::executor;
            SONM_CO_TRY(std::unique_ptr<Backend> backend, kind.make(executor, folder));
            auto opening = backend->open();
            SONM_CO_CHECK(co_await std::move(opening));
            auto work = test(*backend);
            co_return co_await std::move(work);
        };
        Result<void> outcome = run_test(main(body, GetParam(), folder_.path()));
        if (!outcome && outcome.error().is(std::errc::not_supported))
            GTEST_SKIP() << "SKIPPED: " << outcome.error().context;
        EXPECT_TRUE(outcome) << outcome.error().message();
    }

private:
    TempDir folder_;
};

inline Async<void> put(Backend& backend, std::string key, std::string value, std::set<std::string> tags = {},
                       std::string collection = "c") {
    Name name{std::move(collection), std::move(key)};
    return backend.write(std::move(name), to_bytes(value), std::move(tags));
}
inline Async<std::string> get(Backend& backend, std::string key, std::string collection = "c") {
    Name name{std::move(collection), std::move(key)};
    auto reading = backend.read(std::move(name));
    SONM_CO_TRY(Bytes value, co_await std::move(reading));
    co_return std::string(as_text(value));
}
inline Async<void> drop(Backend& backend, std::string key) {
    Name name{"c", std::move(key)};
    return backend.remove(std::move(name));
}
/// The keys, with blanks between.
inline Async<std::string> look(Backend& backend, std::set<std::string> tags, std::string after = {},
                               std::size_t keys_max = 100, std::string collection = "c") {
    Query query{std::move(collection), std::move(tags), std::move(after), keys_max};
    auto finding = backend.find(std::move(query));
    SONM_CO_TRY(auto keys, co_await std::move(finding));
    co_return fmt::format("{}", fmt::join(keys, " "));
}
inline Async<std::size_t> count_of(Async<std::string> looking) {
    SONM_CO_TRY(std::string keys, co_await std::move(looking));
    co_return keys.empty() ? 0 : static_cast<std::size_t>(std::ranges::count(keys, ' ')) + 1;
}
#define SONM_EXPECT(wanted, ...)                                                                            \
    do {                                                                                                    \
        auto sonm_task = (__VA_ARGS__);                                                                     \
        auto sonm_result = co_await std::move(sonm_task);                                                   \
        if (!sonm_result)                                                                                   \
            co_return fail(sonm_result.error().code, "line {}: {}", __LINE__, sonm_result.error().context); \
        EXPECT_EQ(*sonm_result, wanted);                                                                    \
    } while (false)
#define SONM_DO(...)                                                                                        \
    do {                                                                                                    \
        auto sonm_task = (__VA_ARGS__);                                                                     \
        auto sonm_result = co_await std::move(sonm_task);                                                   \
        if (!sonm_result)                                                                                   \
            co_return fail(sonm_result.error().code, "line {}: {}", __LINE__, sonm_result.error().context); \
    } while (false)
#define SONM_REFUSED(kind, ...)                                                                       \
    do {                                                                                              \
        auto sonm_task = (__VA_ARGS__);                                                               \
        auto sonm_result = co_await std::move(sonm_task);                                             \
        EXPECT_FALSE(sonm_result);                                                                    \
        if (!sonm_result) EXPECT_TRUE(sonm_result.error().is(kind)) << sonm_result.error().message(); \
    } while (false)

TEST_P(BackendContract, WrittenValue_IsReadBack) {
    with([](Backend& b) -> Async<void> {
        SONM_DO(put(b, "k", "value-1"));
        SONM_EXPECT("value-1", get(b, "k"));
        SONM_DO(put(b, "k", "longer value 2"));
        SONM_EXPECT("longer value 2", get(b, "k"));
        SONM_DO(put(b, "empty", ""));
        SONM_EXPECT("", get(b, "empty"));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, MissingKeyOrCollection_IsNotFound) {
    with([](Backend& b) -> Async<void> {
        SONM_REFUSED(Errc::not_found, get(b, "k"));
        SONM_DO(put(b, "k", "v"));
        SONM_REFUSED(Errc::not_found, get(b, "other"));
        SONM_REFUSED(Errc::not_found, get(b, "k", "elsewhere"));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, RemovedKey_IsGoneWithItsTags_AndRemovingAgainIsFine) {
    with([](Backend& b) -> Async<void> {
        SONM_DO(put(b, "k", "v", {"t"}));
        SONM_DO(drop(b, "k"));
        SONM_REFUSED(Errc::not_found, get(b, "k"));
        SONM_EXPECT("", look(b, {"t"}));
        SONM_DO(drop(b, "k"));
        SONM_DO(put(b, "k", "v2"));
        SONM_EXPECT("", look(b, {"t"}));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, FindByTags_GivesKeysThatHaveAll_SortedBytewise) {
    with([](Backend& b) -> Async<void> {
        SONM_DO(put(b, "b", "1", {"x", "y"}));
        SONM_DO(put(b, "a", "2", {"x"}));
        SONM_DO(put(b, "B", "3", {"y", "x"}));
        SONM_DO(put(b, "\xff", "4", {"x", "y"}));
        SONM_DO(put(b, "untagged", "5"));
        SONM_DO(put(b, "a", "6", {"x", "y"}, "elsewhere"));
        SONM_EXPECT("B a b \xff", look(b, {"x"}));
        SONM_EXPECT("B b \xff", look(b, {"x", "y"}));
        SONM_EXPECT("", look(b, {"x", "unknown"}));
        SONM_EXPECT("", look(b, {"x"}, "", 100, "unknown"));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, Overwriting_AddsTagsAndKeepsOldOnes) {
    with([](Backend& b) -> Async<void> {
        SONM_DO(put(b, "k", "1", {"old"}));
        SONM_DO(put(b, "k", "2", {"new"}));
        SONM_DO(put(b, "k", "3"));
        SONM_EXPECT("k", look(b, {"old", "new"}));
        SONM_EXPECT("3", get(b, "k"));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, TooManyTags_AreRefusedAndNothingChanges) {
    with([](Backend& b) -> Async<void> {
        std::set<std::string> most, one_more{"last"};
        for (std::size_t i = 0; i < tags_max; ++i) most.insert(fmt::format("t{}", i));
        SONM_DO(put(b, "k", "1", most));
        SONM_REFUSED(Errc::too_large, put(b, "k", "2", one_more));
        SONM_EXPECT("1", get(b, "k"));
        SONM_EXPECT("", look(b, one_more));
        SONM_EXPECT("k", look(b, most));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, Pages_FollowEachOtherWithoutGaps) {
    with([](Backend& b) -> Async<void> {
        for (int i = 9; i >= 0; --i)
            SONM_DO(put(b, fmt::format("k{}", i), "v", {"t", i % 2 ? "odd" : "even"}));
        SONM_EXPECT("k0 k1 k2", look(b, {"t"}, "", 3));
        SONM_EXPECT("k3 k4 k5", look(b, {"t"}, "k2", 3));
        SONM_EXPECT("k7 k9", look(b, {"t", "odd"}, "k6", 3));
        SONM_EXPECT("k3", look(b, {"t", "odd"}, "k1zzz", 1));
        SONM_EXPECT("", look(b, {"t"}, "k9", 3));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, AwkwardNamesAndBytes_AreKeptAsTheyAre) {
    with([](Backend& b) -> Async<void> {
        std::vector<std::string> names{"%2F",
                                       "%",
                                       "a b",
                                       ".hidden",
                                       "...",
                                       "\x01\xff\xfe",
                                       "ключ",
                                       "\"'\\$`;",
                                       "%h00",
                                       "CASE",
                                       "case",
                                       "x\ny",
                                       std::string(1024, 'k'),
                                       std::string(1023, 'k') + "l",
                                       std::string(300, '\xff')};
        std::string all_bytes;
        for (int i = 0; i < 256; ++i) all_bytes += char(i);
        for (const std::string& name : names) SONM_DO(put(b, name, all_bytes + name, {name}, name));
        for (const std::string& name : names) {
            SONM_EXPECT(all_bytes + name, get(b, name, name));
            SONM_EXPECT(name, look(b, {name}, "", 10, name));
        }
        co_return Result<void>();
    });
}

TEST_P(BackendContract, LargeValue_IsKeptWhole) {
    with([](Backend& b) -> Async<void> {
        std::string large(9 * MiB, 'x');
        for (std::size_t i = 0; i < large.size(); i += 4093) large[i] = char(i >> 4);
        SONM_DO(put(b, "large", large));
        SONM_EXPECT(large, get(b, "large"));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, ManyWritersOfOneKey_LeaveOneWholeValueAndAllTags) {
    with([](Backend& b) -> Async<void> {
        int failures = 0;
        auto body = [&](TaskGroup& group) -> Task<void> {
            auto one = [](Backend& to, int i, int& failed) -> Task<void> {
                auto writing = put(to, "k", std::string(1000, char('a' + i)), {fmt::format("t{}", i)});
                auto done = co_await std::move(writing);
                if (!done) ++failed;
            };
            for (int i = 0; i < 16; ++i) group.spawn(one(b, i, failures));
            auto joining = group.join();
            co_await std::move(joining);
        };
        auto all = scope(16, std::move(body));
        co_await std::move(all);
        EXPECT_EQ(failures, 0);
        auto reading = get(b, "k");
        SONM_CO_TRY(std::string value, co_await std::move(reading));
        EXPECT_EQ(value, std::string(1000, value.at(0)));
        for (int i = 0; i < 16; ++i) SONM_EXPECT("k", look(b, {fmt::format("t{}", i)}));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, WhatIsOverTheLimit_IsRefusedLikeOnAFullDisk_AndLessIsTaken) {
    with([](Backend& b) -> Async<void> {
        Quota* quota = b.quota();
        if (!quota) co_return Result<void>();  // its server counts
        std::string value(40'000, 'v');
        SONM_DO(put(b, "a", value, {"t"}));
        std::uint64_t used = quota->used();
        EXPECT_GE(used, value.size());
        quota->limit(used + 100'000);
        SONM_REFUSED(Errc::no_space, put(b, "b", std::string(200'000, 'x'), {"u"}));
        SONM_REFUSED(Errc::not_found, get(b, "b"));
        SONM_EXPECT("", look(b, {"u"}));
        EXPECT_EQ(quota->used(), used) << "and leaves nothing behind";
        SONM_DO(put(b, "b", std::string(40'000, 'x')));
        quota->limit(quota->used());
        SONM_REFUSED(Errc::no_space, put(b, "a", std::string(90'000, 'y')));
        SONM_EXPECT(value, get(b, "a"));
        SONM_DO(put(b, "a", std::string(40'000, 'z')));
        quota->limit(0);
        SONM_DO(put(b, "a", "less"));
        SONM_REFUSED(Errc::no_space, put(b, "a", value));
        SONM_DO(drop(b, "b"));
        SONM_DO(drop(b, "a"));
        EXPECT_LT(quota->used(), used);
        co_return Result<void>();
    });
}

TEST_P(BackendContract, WritersAtOnceNearTheLimit_DoNotPassIt) {
    with([](Backend& b) -> Async<void> {
        Quota* quota = b.quota();
        if (!quota) co_return Result<void>();
        SONM_DO(put(b, "first", "v", {"t"}));
        quota->limit(quota->used() + 300'000);
        int stored = 0;
        auto body = [&](TaskGroup& group) -> Task<void> {
            auto one = [](Backend& to, int i, int& done) -> Task<void> {
                auto writing = put(to, fmt::format("k{}", i), std::string(60'000, 'x'), {"t"});
                auto written = co_await std::move(writing);
                if (written) ++done;
                if (!written) EXPECT_TRUE(written.error().is(Errc::no_space)) << written.error().message();
            };
            for (int i = 0; i < 16; ++i) group.spawn(one(b, i, stored));
            auto joining = group.join();
            co_await std::move(joining);
        };
        auto all = scope(16, std::move(body));
        co_await std::move(all);
        EXPECT_GE(stored, 3);
        EXPECT_LE(stored, 4) << "60 kB and what is beside it, four times";
        EXPECT_LE(quota->used(), quota->max());
        SONM_EXPECT(std::size_t(stored + 1), count_of(look(b, {"t"})));
        co_return Result<void>();
    });
}

TEST_P(BackendContract, FullStore_TakesASmallRecordMoreWhileThereIsALoan) {
    with([](Backend& b) -> Async<void> {
        Quota* quota = b.quota();
        if (!quota) co_return Result<void>();
        SONM_DO(put(b, "large", std::string(200'000, 'x'), {"t"}));
        for (std::uint64_t limit : {quota->used(), std::uint64_t(0)}) {
            quota->limit(limit);
            Name rules{fmt::format("rules-{}", limit), "collection"};
            std::set<std::string> tags{"a tag"};
            {
                Quota::Loan room(*quota, 64 * KiB);
                SONM_DO(b.write(rules, to_bytes("record"), tags));
                SONM_REFUSED(Errc::no_space, put(b, "other", std::string(100'000, 'x')));
            }
            SONM_EXPECT(to_bytes("record"), b.read(rules));
            SONM_REFUSED(Errc::no_space, put(b, "other", std::string(100'000, 'x')));
        }
        co_return Result<void>();
    });
}

inline std::string backend_name(const ::testing::TestParamInfo<BackendKind>& info) { return info.param.name; }

}  // namespace sonm::storage
