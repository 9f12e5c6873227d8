#include "sonm/apphost/remove_tree.hpp"

#include "sonm/base/fs.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;

/// Folders in one another below `folder`, deeper than a path can be long, with a file at each tenth.
void dig(const fs::path& folder, int depth) {
    int at = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < depth; ++i) {
        ASSERT_EQ(::mkdirat(at, "deeper", 0700), 0);
        if (i % 10 == 0) ::close(::openat(at, "file", O_CREAT | O_WRONLY, 0600));
        int next = ::openat(at, "deeper", O_RDONLY | O_DIRECTORY);
        ASSERT_GE(next, 0);
        ::close(at);
        at = next;
    }
    ::close(at);
}

TEST(RemoveTree, a_chain_of_folders_deeper_than_descriptors_and_paths_go__is_removed) {
    TempDir place;
    ASSERT_TRUE(make_folder(place / "tree"));
    dig(place / "tree", 3000);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = 64;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    auto removed = remove_tree(place / "tree");
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_TRUE(removed) << removed.error().message();
    EXPECT_FALSE(fs::exists(place / "tree"));
}

TEST(RemoveTree, links__are_removed_and_not_followed) {
    TempDir place;
    ASSERT_TRUE(make_folder(place / "tree/inner"));
    ASSERT_TRUE(make_folder(place / "outside"));
    ASSERT_TRUE(write_atomically(place / "outside/file", to_bytes("x")));
    fs::create_symlink(place / "outside", place / "tree/link");
    fs::create_symlink(place / "outside", place / "tree/inner/link");
    ASSERT_TRUE(write_atomically(place / "tree/.1", to_bytes("a name that is taken")));
    ASSERT_TRUE(make_folder(place / "tree/inner/most/of/all"));
    fs::create_symlink(place / "outside", place / "link");
    EXPECT_TRUE(remove_tree(place / "tree"));
    EXPECT_TRUE(remove_tree(place / "link"));
    EXPECT_TRUE(remove_tree(place / "none"));
    EXPECT_FALSE(fs::exists(place / "tree") || fs::exists(fs::symlink_status(place / "link")));
    EXPECT_TRUE(fs::exists(place / "outside/file"));
}

TEST(RemoveTree, folders_that_their_owner_has_closed__are_opened_and_removed) {
    TempDir place;
    ASSERT_TRUE(make_folder(place / "tree/closed/inner/most"));
    for (const char* one : {"tree/closed/inner", "tree/closed"}) fs::permissions(place / one, fs::perms(0));
    auto removed = remove_tree(place / "tree");
    EXPECT_TRUE(removed) << removed.error().message();
    EXPECT_FALSE(fs::exists(place / "tree"));
}

TEST(RemoveTree, a_folder_that_is_emptied__stays) {
    TempDir place;
    ASSERT_TRUE(make_folder(place / "tree/a/b/c"));
    ASSERT_TRUE(make_folder(place / "tree/d"));
    EXPECT_TRUE(empty_folder(place / "tree"));
    EXPECT_TRUE(fs::is_empty(place / "tree"));
    EXPECT_FALSE(empty_folder(place / "none"));
}

}  // namespace
}  // namespace sonm::apphost
