#include "sonm/apphost/places.hpp"

#include "sonm/base/errc.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;

constexpr unsigned stranger = 0x70000000;

Places::Wanted wanted_in(const TempDir& place) {
    Places::Wanted out;
    out.folder = place / "service";
    out.shared_runtime = place / "sockets";
    out.shared_spool = place / "shared";
    return out;
}

TEST(Places, without_other_users_all_lies_in_the_folder_of_the_service) {
    TempDir place;
    Places places;
    ASSERT_TRUE(places.open(wanted_in(place)));
    EXPECT_EQ(places.spool(), place / "service/spool");
    EXPECT_EQ(places.runtime(), place / "service/run");
    EXPECT_FALSE(fs::exists(place / "shared"));
}

TEST(Places, what_others_cannot_reach_lies_elsewhere_and_goes_with_the_service) {
    TempDir place;  // only its owner's
    {
        Places places;
        auto wanted = wanted_in(place);
        wanted.user = stranger;
        ASSERT_TRUE(places.open(wanted));
        EXPECT_EQ(places.spool().parent_path().parent_path(), place / "shared");
        EXPECT_EQ(places.runtime().parent_path(), place / "sockets");
        ASSERT_TRUE(write_atomically(places.spool() / "file", to_bytes("x")));
    }
    EXPECT_FALSE(fs::exists(place / "shared"));
    EXPECT_FALSE(fs::exists(place / "sockets"));
}

TEST(Places, what_is_configured_is_taken_as_it_is_and_emptied) {
    TempDir place;
    auto wanted = wanted_in(place);
    wanted.user = stranger;
    wanted.spool = place / "spool";
    ASSERT_TRUE(make_folder(wanted.spool / "old"));
    Places places;
    ASSERT_TRUE(places.open(wanted));
    EXPECT_EQ(places.spool(), wanted.spool);
    EXPECT_TRUE(fs::is_empty(wanted.spool));
    auto way = check_way(stranger, wanted.spool);
    ASSERT_FALSE(way);
    EXPECT_NE(way.error().message().find("cannot enter " + place.path().string()), std::string::npos)
        << way.error().message();
}

TEST(Places, the_way_to_a_folder_is_open_if_every_one_on_it_lets_that_user_through) {
    TempDir place;
    ASSERT_TRUE(make_passage(place / "open"));
    EXPECT_FALSE(check_way(stranger, place / "open"));
    EXPECT_TRUE(check_way(::getuid(), place / "open"));
    fs::permissions(place.path(), fs::perms(0711));
    EXPECT_TRUE(check_way(stranger, place / "open"));
    EXPECT_FALSE(check_way(stranger, place / "none"));
}

TEST(Places, a_socket_whose_path_would_be_too_long_lies_elsewhere) {
    TempDir place;
    auto wanted = wanted_in(place);
    wanted.folder = place / std::string(60, 'd');
    wanted.socket_bytes_max = 60;
    Places places;
    ASSERT_TRUE(places.open(wanted));
    EXPECT_LE(places.runtime().string().size() + 60, 107u);
    EXPECT_EQ(places.spool(), wanted.folder / "spool");
}

TEST(Places, the_temporary_folder_of_a_killed_node_goes_with_its_next_start) {
    TempDir place;
    auto wanted = wanted_in(place);
    wanted.folder = place / std::string(60, 'd');
    wanted.socket_bytes_max = 60;
    ASSERT_TRUE(make_folder(wanted.folder));
    std::string left = (fs::temp_directory_path() / "sonm-XXXXXX").string();
    ASSERT_NE(::mkdtemp(left.data()), nullptr);
    ASSERT_TRUE(make_folder(fs::path(left) / "box"));
    ASSERT_TRUE(write_atomically(wanted.folder / "runtime-folder", to_bytes(left)));
    fs::path own;
    {
        Places places;
        ASSERT_TRUE(places.open(wanted));
        EXPECT_FALSE(fs::exists(left));
        own = places.runtime();
        EXPECT_EQ(read_text(wanted.folder / "runtime-folder", 1000).value(), own.string());
    }
    EXPECT_FALSE(fs::exists(own) || fs::exists(wanted.folder / "runtime-folder"));
}

TEST(Places, only_a_temporary_folder_is_removed_by_a_note) {
    TempDir place, other;
    auto wanted = wanted_in(place);
    ASSERT_TRUE(make_folder(wanted.folder));
    ASSERT_TRUE(make_folder(place / "sonm-keep"));
    fs::create_directory_symlink(other.path(), place / "sonm-linked");
    for (const fs::path& noted : {place / "sonm-keep", place / "sonm-linked", fs::path("sonm-XXXXXX")}) {
        ASSERT_TRUE(write_atomically(wanted.folder / "runtime-folder", to_bytes(noted.string())));
        Places places;
        ASSERT_TRUE(places.open(wanted));
        EXPECT_FALSE(fs::exists(wanted.folder / "runtime-folder"));
    }
    EXPECT_TRUE(fs::exists(place / "sonm-keep") && fs::exists(place / "sonm-linked"));
    EXPECT_TRUE(fs::exists(other.path()));
}

TEST(Places, no_temporary_folder_to_write_is_an_error) {
    TempDir place;
    auto wanted = wanted_in(place);
    wanted.folder = place / std::string(60, 'd');
    wanted.socket_bytes_max = 60;
    const char* before = std::getenv("TMPDIR");
    std::string kept = before ? before : "";
    ::setenv("TMPDIR", (place / "none").c_str(), 1);
    auto opened = Places().open(wanted);
    if (before)
        ::setenv("TMPDIR", kept.c_str(), 1);
    else
        ::unsetenv("TMPDIR");
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message().find("`runtime`"), std::string::npos) << opened.error().message();
}

TEST(Places, what_dead_nodes_have_left_goes_with_any_start_of_root) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has the shared folders";
    TempDir place;
    ASSERT_TRUE(make_folder(place / "shared/dead/spool/app"));
    ASSERT_TRUE(make_folder(place / "sockets/dead"));
    Places places;
    ASSERT_TRUE(places.open(wanted_in(place)));
    EXPECT_FALSE(fs::exists(place / "shared") || fs::exists(place / "sockets"));
}

TEST(SharedFolder, is_one_owners_and_those_of_dead_ones_are_swept_away) {
    TempDir place;
    fs::path parent = place / "shared";
    ASSERT_TRUE(make_folder(parent / "dead/spool/app"));
    ASSERT_TRUE(write_atomically(parent / "dead/lock", {}));
    ASSERT_TRUE(make_folder(parent / "died-in-a-sweep/spool"));
    ASSERT_TRUE(make_folder(parent / "died-early"));
    auto living = SharedFolder::take(parent, "living");
    ASSERT_TRUE(living) << living.error().message();
    ASSERT_TRUE(make_folder(living->path() / "spool"));
    SharedFolder::sweep(parent);
    EXPECT_FALSE(fs::exists(parent / "dead"));
    EXPECT_FALSE(fs::exists(parent / "died-early") || fs::exists(parent / "died-in-a-sweep"));
    EXPECT_TRUE(fs::exists(living->path() / "spool"));
    EXPECT_TRUE(SharedFolder::take(parent, "living", Millis(0)).error().is(Errc::busy));
    EXPECT_TRUE(SharedFolder::take(parent, "other", Millis(0)));
}

TEST(SharedFolder, many_that_sweep_and_take_at_once_each_get_their_own) {
    TempDir place;
    constexpr int nodes = 4, rounds = 15;
    std::array<int, nodes> bad{};
    auto node = [&](int number) {
        for (int i = 0; i < rounds; ++i) {
            SharedFolder::sweep(place / "shared");
            // Two of each name: at its end one's folder goes before the other's eyes.
            auto mine = SharedFolder::take(place / "shared", fmt::format("node-{}", number / 2));
            bool good = mine && make_folder(mine->path() / "spool/app") &&
                        write_atomically(mine->path() / "spool/app/file", to_bytes("x"));
            SharedFolder::sweep(place / "shared");
            if (!good || !fs::exists(mine->path() / "spool/app/file"))
                ++bad.at(static_cast<unsigned>(number));
        }
    };
    std::vector<std::thread> all;
    for (int i = 0; i < nodes; ++i) all.emplace_back(node, i);
    for (std::thread& one : all) one.join();
    EXPECT_EQ(bad, (std::array<int, nodes>{}));
    EXPECT_FALSE(fs::exists(place / "shared"));
}

TEST(Passage, is_open_to_all_whatever_the_umask) {
    TempDir place;
    mode_t before = ::umask(077);
    auto made = make_passage(place / "folder");
    ::umask(before);
    ASSERT_TRUE(made);
    struct stat status {};
    ASSERT_EQ(::stat((place / "folder").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0711u);
}

}  // namespace
}  // namespace sonm::apphost
