#include "sonm/apphost/places.hpp"

#include "sonm/base/errc.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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

TEST(SharedFolder, is_one_owners_and_those_of_dead_ones_are_swept_away) {
    TempDir place;
    fs::path parent = place / "shared";
    ASSERT_TRUE(make_folder(parent / "dead/spool/app"));
    ASSERT_TRUE(write_atomically(parent / "dead/lock", {}));
    ASSERT_TRUE(make_folder(parent / "died-early"));
    auto living = SharedFolder::take(parent, "living");
    ASSERT_TRUE(living) << living.error().message();
    EXPECT_FALSE(fs::exists(parent / "dead"));
    EXPECT_FALSE(fs::exists(parent / "died-early"));
    EXPECT_TRUE(SharedFolder::take(parent, "living").error().is(Errc::busy));
    auto other = SharedFolder::take(parent, "other");
    ASSERT_TRUE(other);
    EXPECT_TRUE(fs::exists(living->path() / "lock"));
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
