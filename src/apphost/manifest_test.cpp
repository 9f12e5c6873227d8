#include "sonm/apphost/manifest.hpp"

#include "sonm/apphost/store.hpp"

#include <gtest/gtest.h>

namespace sonm::apphost {
namespace {

using namespace std::chrono_literals;

Bytes packed(const auto& fill) {
    Bytes bytes;
    rpc::Writer out(bytes);
    fill(out);
    return bytes;
}

TEST(Manifest, what_existing_tools_write_is_read) {
    Bytes bytes = packed([](rpc::Writer& out) {
        out.map(3);
        out.raw("slave");
        out.raw("./worker.py");
        out.raw("environment");
        out.map(1);
        out.raw("PYTHONPATH");
        out.raw("/opt/sonm");
        out.raw("drivers");
        out.map(1);
        out.raw("x");
        out.array(0);
    });
    auto manifest = parse_manifest(bytes);
    ASSERT_TRUE(manifest) << manifest.error().message();
    EXPECT_EQ(manifest->slave, "./worker.py");
    EXPECT_EQ(manifest->environment.at("PYTHONPATH"), "/opt/sonm");
    EXPECT_EQ(*parse_manifest(pack_manifest(*manifest)), *manifest);
}

TEST(Manifest, without_a_program_it_says_what_is_missing) {
    auto manifest = parse_manifest(packed([](rpc::Writer& out) { out.map(0); }));
    ASSERT_FALSE(manifest);
    EXPECT_NE(manifest.error().message().find("\"slave\" is missing"), std::string::npos);
}

TEST(Manifest, damaged_bytes_a_NUL_and_bad_names_are_refused) {
    for (auto fill : std::vector<std::function<void(rpc::Writer&)>>{[](rpc::Writer& out) { out.array(0); },
                                                                    [](rpc::Writer& out) {
                                                                        out.map(1);
                                                                        out.raw("slave");
                                                                        out.raw(std::string_view("a\0b", 3));
                                                                    },
                                                                    [](rpc::Writer& out) {
                                                                        out.map(1);
                                                                        out.raw("environment");
                                                                        out.map(1);
                                                                        out.raw("A=B");
                                                                        out.raw("x");
                                                                    }})
        EXPECT_FALSE(parse_manifest(packed(fill)));
    Bytes long_one(manifest_bytes_max + 1, 0xc0);
    EXPECT_TRUE(parse_manifest(long_one).error().is(Errc::too_large));
    EXPECT_FALSE(parse_manifest({}));
}

TEST(Profile, absent_keys_have_the_defaults_of_the_protocol) {
    auto profile = parse_profile(packed([](rpc::Writer& out) { out.map(0); }));
    ASSERT_TRUE(profile);
    EXPECT_EQ(*profile, Profile());
    EXPECT_EQ(profile->handshake_timeout, 5s);
    EXPECT_EQ(profile->heartbeat_timeout, 30s);
    EXPECT_EQ(profile->pool_limit, 10u);
    EXPECT_EQ(profile->queue_limit, 100u);
    EXPECT_EQ(profile->threshold(), 5u);
}

TEST(Profile, every_key_survives_a_round_trip) {
    Profile profile;
    profile.heartbeat_timeout = 1500ms;
    profile.pool_limit = 3;
    profile.queue_limit = 0;
    profile.grow_threshold = 7;
    profile.isolate.type = Isolate::Type::container;
    profile.isolate.memory_bytes_max = 64 * MiB;
    profile.isolate.files_max = 99;
    auto again = parse_profile(pack_profile(profile));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again, profile);
}

TEST(Profile, a_value_out_of_range_is_named_with_its_range) {
    auto profile = parse_profile(packed([](rpc::Writer& out) {
        out.map(1);
        out.raw("pool-limit");
        out.uint(0);
    }));
    ASSERT_FALSE(profile);
    EXPECT_NE(profile.error().message().find("\"pool-limit\""), std::string::npos)
        << profile.error().message();
    EXPECT_NE(profile.error().message().find("between 1 and 1000"), std::string::npos);
}

TEST(AppName, names_that_would_leave_a_folder_are_refused) {
    for (std::string_view good : {"echo", "a", "my-app_2.1"}) EXPECT_TRUE(check_app_name(good)) << good;
    for (std::string_view bad : {"", ".", "..", "../x", "a/b", "-x", ".hidden", "a b", "\n"})
        EXPECT_FALSE(check_app_name(bad)) << bad;
    EXPECT_FALSE(check_app_name(std::string(65, 'a')));
    EXPECT_FALSE(check_app_name(std::string_view("a\0", 2)));
}

TEST(Runlist, it_survives_a_round_trip_and_garbage_is_refused) {
    Runlist runlist{{"echo", "default"}, {"x", ""}};
    EXPECT_EQ(*parse_runlist(pack_runlist(runlist)), runlist);
    EXPECT_FALSE(parse_runlist(Bytes{0xff}));
    EXPECT_FALSE(parse_archive(Bytes{0x01}));
    EXPECT_EQ(*parse_archive(Bytes{0xa2, 1, 2}), (Bytes{1, 2}));
}

}  // namespace
}  // namespace sonm::apphost
