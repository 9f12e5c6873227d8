#include "sonm/base/fs.hpp"

#include "sonm/base/errc.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

namespace sonm {
namespace {

std::size_t files_in(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(fs, written_file_is_read_back_with_its_mode) {
    TempDir folder;
    ASSERT_TRUE(write_atomically(folder / "key", as_bytes("secret"), 0600));
    EXPECT_EQ(read_text(folder / "key", 100).value(), "secret");
    struct stat about {};
    ASSERT_EQ(::stat((folder / "key").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u);
    ASSERT_TRUE(write_atomically(folder / "key", as_bytes("new")));
    EXPECT_EQ(read_text(folder / "key", 100).value(), "new");
    EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(fs, file_over_the_limit_is_refused) {
    TempDir folder;
    ASSERT_TRUE(write_atomically(folder / "big", Bytes(1000, 1)));
    EXPECT_EQ(read_file(folder / "big", 1000)->size(), 1000u);
    EXPECT_TRUE(read_file(folder / "big", 999).error().is(Errc::too_large));
    EXPECT_TRUE(read_file("/dev/zero", 100).error().is(Errc::too_large));
}

TEST(fs, missing_file_or_folder_is_told) {
    TempDir folder;
    EXPECT_TRUE(read_file(folder / "none", 10).error().is(Errc::not_found));
    EXPECT_TRUE(read_file(folder.path(), 10).error().is(Errc::invalid));
    EXPECT_TRUE(write_atomically(folder / "none" / "file", {}).error().is(Errc::not_found));
}

TEST(fs, full_disk_leaves_the_old_content_and_no_litter) {
    TempDir folder;
    ASSERT_TRUE(write_atomically(folder / "state", as_bytes("old")));
    // A file size limit fails like a full disk in the middle of a write.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    auto handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 4096;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    auto result = write_atomically(folder / "state", Bytes(100'000, 7));
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(result);
    EXPECT_EQ(read_text(folder / "state", 100).value(), "old");
    EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(fs, full_file_system_is_no_space_and_keeps_the_old_content) {
    TempDir folder;
    if (::mount("sonm-test", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
        GTEST_SKIP() << "SKIPPED: mounting a small file system needs root";
    }
    EXPECT_TRUE(write_atomically(folder / "state", as_bytes("old")));
    auto result = write_atomically(folder / "state", Bytes(1 * MiB, 7));
    EXPECT_TRUE(!result && result.error().is(Errc::no_space));
    EXPECT_EQ(read_text(folder / "state", 100).value(), "old");
    EXPECT_EQ(files_in(folder.path()), 1u);
    ::umount2(folder.path().c_str(), MNT_DETACH);
}

TEST(fs, folders_are_made_with_those_above) {
    TempDir folder;
    ASSERT_TRUE(make_folder(folder / "a" / "b", 0700));
    struct stat about {};
    ASSERT_EQ(::stat((folder / "a" / "b").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0700u);
    EXPECT_TRUE(make_folder(folder / "a" / "b"));
    ASSERT_TRUE(write_atomically(folder / "file", {}));
    EXPECT_TRUE(make_folder(folder / "file").error().is(Errc::exists));
    EXPECT_FALSE(make_folder(folder / "file" / "below"));
}

TEST(fs, temporary_folder_goes_away_with_all_it_holds) {
    std::filesystem::path path;
    {
        TempDir folder;
        path = folder.path();
        ASSERT_TRUE(write_atomically(folder / "x", as_bytes("y")));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace sonm
