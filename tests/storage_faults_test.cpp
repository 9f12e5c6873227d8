#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/storage/files_backend.hpp"
#include "sonm/storage/sqlite_backend.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace sonm::storage {
namespace {

std::unique_ptr<Backend> make_backend(const Executor& executor, const std::string& kind,
                                      const std::filesystem::path& folder) {
    if (kind == "files") return std::make_unique<FilesBackend>(executor, folder / "files");
    return std::make_unique<SqliteBackend>(executor, folder / "storage.db");
}

class StorageFaults : public ::testing::TestWithParam<const char*> {
protected:
    using Body = Async<void> (*)(Backend&, std::uint64_t);
    void with(const std::filesystem::path& folder, Body body, std::uint64_t number = 0) {
        auto main = [](std::string kind, std::filesystem::path at, Body talk,
                       std::uint64_t given) -> Async<void> {
            Executor executor = co_await asio::this_coro::executor;
            auto backend = make_backend(executor, kind, at);
            auto opening = backend->open();
            SONM_CO_CHECK(co_await std::move(opening));
            auto talking = talk(*backend, given);
            co_return co_await std::move(talking);
        };
        auto outcome = run_test(main(GetParam(), folder, body, number));
        EXPECT_TRUE(outcome) << outcome.error().message();
    }
    TempDir folder_;
};
INSTANTIATE_TEST_SUITE_P(Local, StorageFaults, ::testing::Values("files", "sqlite"),
                         [](const auto& info) { return std::string(info.param); });

/// Runs the writer for a moment and kills it; gives the last number that it said was stored.
std::uint64_t write_and_kill(const std::string& kind, const std::filesystem::path& folder, int moment_ms) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    std::string path = (folder / (kind == "files" ? "files" : "storage.db")).native();
    pid_t writer = ::fork();
    if (writer == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::close(ends[0]);
        ::execl(SONM_STORAGE_WRITER, "writer", kind.c_str(), path.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string said;
    std::array<char, 4096> piece{};
    auto read_some = [&] {
        ssize_t count = ::read(ends[0], piece.data(), piece.size());
        if (count > 0) said.append(piece.data(), std::size_t(count));
        return count > 0;
    };
    EXPECT_TRUE(read_some());
    std::this_thread::sleep_for(std::chrono::milliseconds(moment_ms));
    ::kill(writer, SIGKILL);
    while (read_some()) continue;
    ::close(ends[0]);
    int status = 0;
    ::waitpid(writer, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    said.resize(said.rfind('\n') + 1);
    std::size_t begin = said.rfind('\n', said.size() - 2) + 1;
    return parse_int<std::uint64_t>(std::string_view(said).substr(begin, said.size() - begin - 1))
        .value_or(0);
}

/// Everything up to `last` is there as it was written; of the one behind it either all or nothing.
Async<void> check_written(Backend& backend, std::uint64_t last) {
    for (std::uint64_t slot = 0; slot < std::min<std::uint64_t>(50, last); ++slot) {
        std::uint64_t newest = last - slot;
        Name name{"c", fmt::format("k{}", newest % 50)};
        auto reading = backend.read(std::move(name));
        SONM_CO_TRY(Bytes value, co_await std::move(reading));
        std::string_view text = as_text(value);
        std::size_t colon = text.find(':');
        SONM_CO_TRY(std::uint64_t number, parse_int<std::uint64_t>(text.substr(0, colon)));
        EXPECT_TRUE(number == newest || number == last + 1) << number << " instead of " << newest;
        std::string_view rest = text.substr(colon + 1);
        EXPECT_EQ(rest.size(), number * 7919 % 20'000);
        EXPECT_EQ(rest.find_first_not_of(static_cast<char>('a' + number % 26)), rest.npos);
        Query query{"c", {"all", fmt::format("t{}", newest % 50)}, "", 10};
        auto finding = backend.find(std::move(query));
        SONM_CO_TRY(auto keys, co_await std::move(finding));
        EXPECT_EQ(keys.size(), 1u) << newest;
    }
    co_return Result<void>();
}

TEST_P(StorageFaults, WriterKilledAnywhere_LosesNothingThatWasAcknowledged) {
    for (int round = 0; round < 8; ++round) {
        TempDir folder;
        std::uint64_t last = write_and_kill(GetParam(), folder.path(), 5 + round * 13);
        ASSERT_GT(last, 0u);
        with(folder.path(), check_written, last);
        // A second life over what the first one left.
        last = write_and_kill(GetParam(), folder.path(), 30);
        with(folder.path(), [](Backend& backend, std::uint64_t) -> Async<void> {
            Query query{"c", {"all"}, "", 100};
            auto finding = backend.find(std::move(query));
            SONM_CO_TRY(auto keys, co_await std::move(finding));
            for (std::string& key : keys) {
                Name name{"c", std::move(key)};
                auto reading = backend.read(std::move(name));
                SONM_CO_CHECK(co_await std::move(reading));
            }
            co_return Result<void>();
        });
    }
}

/// A file whose removal makes room on the small disk.
std::filesystem::path ballast;

/// A disk of 4 MiB.
class SmallDisk {
public:
    explicit SmallDisk(std::filesystem::path path) : path_(std::move(path)) {
        std::filesystem::create_directories(path_);
        mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=4m") == 0;
    }
    SmallDisk(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }
    bool mounted() const { return mounted_; }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
    bool mounted_ = false;
};

TEST_P(StorageFaults, FullDisk_RefusesWritesAndKeepsWhatIsThere) {
    SmallDisk disk(folder_ / "disk");
    if (!disk.mounted()) GTEST_SKIP() << "SKIPPED: no right to mount a small disk";
    ballast = disk.path() / "ballast";
    ASSERT_TRUE(write_atomically(ballast, Bytes(500'000)));
    with(disk.path(), [](Backend& backend, std::uint64_t) -> Async<void> {
        Name old{"c", "old"};
        auto writing = backend.write(old, to_bytes("kept"), {"t"});
        SONM_CO_CHECK(co_await std::move(writing));
        bool full = false;
        for (int i = 0; i < 100 && !full; ++i) {
            Name name{"c", fmt::format("fill{}", i)};
            std::set<std::string> tags{"fill", fmt::format("fill{}", i)};
            auto filling = backend.write(name, Bytes(200'000, 'x'), tags);
            auto filled = co_await std::move(filling);
            full = !filled;
            if (filled) continue;
            EXPECT_TRUE(filled.error().is(Errc::no_space)) << filled.error().message();
            auto reading = backend.read(name);
            auto read = co_await std::move(reading);
            EXPECT_TRUE(!read && read.error().is(Errc::not_found));
        }
        EXPECT_TRUE(full);
        std::set<std::string> more{"u"};
        auto replacing = backend.write(old, Bytes(3'000'000, 'y'), more);
        auto replaced = co_await std::move(replacing);
        EXPECT_TRUE(!replaced && replaced.error().is(Errc::no_space));
        auto reading = backend.read(old);
        SONM_CO_TRY(Bytes value, co_await std::move(reading));
        EXPECT_EQ(as_text(value), "kept");
        Query of_new{"c", more, "", 10}, of_old{"c", {"t"}, "", 10};
        auto finding = backend.find(std::move(of_new));
        SONM_CO_TRY(auto none, co_await std::move(finding));
        EXPECT_TRUE(none.empty());
        auto looking = backend.find(std::move(of_old));
        SONM_CO_TRY(auto kept, co_await std::move(looking));
        EXPECT_EQ(kept.size(), 1u);
        // Room again: everything goes on.
        std::filesystem::remove(ballast);
        auto again = backend.write(old, to_bytes("new"), more);
        SONM_CO_CHECK(co_await std::move(again));
        co_return Result<void>();
    });
}

}  // namespace
}  // namespace sonm::storage
