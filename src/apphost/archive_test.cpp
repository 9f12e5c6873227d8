#include "sonm/apphost/archive.hpp"

#include "sonm/engine/archive_handle.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;

/// Writes tars that no honest program would write.
class Tar {
public:
    Tar() : bytes_(16 * MiB) {
        writer_.reset(archive_write_new());
        archive_write_set_format_pax(writer_.get());
        archive_write_open_memory(writer_.get(), bytes_.data(), bytes_.size(), &used_);
    }
    Tar& file(const std::string& path, std::string_view text, unsigned mode = 0644) {
        add(path, AE_IFREG, mode, text.size(), nullptr, nullptr);
        archive_write_data(writer_.get(), text.data(), text.size());
        return *this;
    }
    Tar& link(const std::string& path, const char* target) {
        return add(path, AE_IFLNK, 0777, 0, target, nullptr);
    }
    Tar& hard(const std::string& path, const char* target) {
        return add(path, AE_IFREG, 0644, 0, nullptr, target);
    }
    Tar& other(const std::string& path, unsigned type) { return add(path, type, 0644, 0, nullptr, nullptr); }
    Bytes take() {
        archive_write_close(writer_.get());
        return Bytes(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(used_));
    }

private:
    Tar& add(const std::string& path, unsigned type, unsigned mode, std::size_t size, const char* soft,
             const char* hard) {
        engine::ArchiveEntryHandle entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), path.c_str());
        archive_entry_set_filetype(entry.get(), type);
        archive_entry_set_perm(entry.get(), static_cast<mode_t>(mode));
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
        if (soft) archive_entry_set_symlink(entry.get(), soft);
        if (hard) archive_entry_set_hardlink(entry.get(), hard);
        archive_write_header(writer_.get(), entry.get());
        return *this;
    }
    Bytes bytes_;
    std::size_t used_ = 0;
    engine::ArchiveWriteHandle writer_;
};

std::string text_of(const fs::path& path) { return read_text(path, MiB).value_or(""); }

TEST(AppArchive, a_folder_packed_and_unpacked_is_the_same) {
    TempDir from, to;
    fs::create_directories(from / "lib/deep");
    std::ofstream(from / "worker") << "#!/bin/sh\n";
    std::ofstream(from / "lib/deep/data") << "data";
    fs::permissions(from / "worker", fs::perms(0755));
    fs::create_symlink("lib/deep/data", from / "link");
    auto packed = pack_archive(from.path());
    ASSERT_TRUE(packed) << packed.error().message();
    EXPECT_EQ(*pack_archive(from.path()), *packed) << "the same bytes each time";
    auto unpacked = unpack_archive(*packed, to / "app");
    ASSERT_TRUE(unpacked) << unpacked.error().message();
    EXPECT_EQ(text_of(to / "app/lib/deep/data"), "data");
    EXPECT_EQ(text_of(to / "app/link"), "data");
    EXPECT_EQ(fs::status(to / "app/worker").permissions(), fs::perms(0755));
}

TEST(AppArchive, nothing_leaves_the_folder) {
    TempDir place;
    std::ofstream(place / "victim") << "intact";
    struct Case {
        const char* what;
        Bytes tar;
    };
    const std::vector<Case> cases{{"a path upwards", Tar().file("../victim", "x").take()},
                                  {"a path upwards inside", Tar().file("a/../../victim", "x").take()},
                                  {"an absolute path", Tar().file((place / "victim").string(), "x").take()},
                                  {"a link upwards", Tar().link("l", "../victim").take()},
                                  {"an absolute link", Tar().link("l", "/etc/passwd").take()},
                                  {"a link upwards from below", Tar().link("a/l", "../../victim").take()},
                                  {"writing through a link", Tar().link("l", "a").file("l/x", "x").take()},
                                  {"replacing a file by a link", Tar().link("l", "x").file("l", "x").take()},
                                  {"a hard link to what is outside", Tar().hard("h", "../victim").take()},
                                  {"a hard link to an absolute path", Tar().hard("h", "/etc/passwd").take()},
                                  {"a hard link to what is not there", Tar().hard("h", "none").take()},
                                  {"a device", Tar().other("d", AE_IFCHR).take()},
                                  {"a pipe", Tar().other("p", AE_IFIFO).take()},
                                  {"no archive at all", to_bytes("this is no tar, whoever says so")}};
    int number = 0;
    for (const auto& [what, tar] : cases) {
        auto unpacked = unpack_archive(tar, place / fmt::format("app{}", number++));
        EXPECT_FALSE(unpacked) << what;
        EXPECT_EQ(text_of(place / "victim"), "intact") << what;
    }
}

TEST(AppArchive, one_that_unpacks_to_too_much_is_refused_when_that_is_seen) {
    TempDir place;
    ArchiveLimits limits;
    limits.unpacked_bytes_max = 1000;
    Bytes bomb = Tar().file("a", std::string(600, 'x')).file("b", std::string(600, 'x')).take();
    EXPECT_TRUE(unpack_archive(bomb, place / "bytes", limits).error().is(Errc::too_large));
    limits.entries_max = 1;
    Bytes crowd = Tar().file("a", "").file("b", "").take();
    EXPECT_TRUE(unpack_archive(crowd, place / "entries", limits).error().is(Errc::too_large));
}

TEST(AppArchive, set_id_bits_and_hard_links_are_tamed) {
    TempDir place;
    Bytes tar = Tar().file("suid", "x", 06755).hard("twin", "suid").take();
    auto unpacked = unpack_archive(tar, place / "app");
    ASSERT_TRUE(unpacked) << unpacked.error().message();
    struct stat status {};
    ASSERT_EQ(::stat((place / "app/suid").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0755u);
    EXPECT_EQ(text_of(place / "app/twin"), "x");
}

TEST(AppArchive, other_users_can_read_what_is_unpacked_whatever_the_umask) {
    TempDir place;
    Bytes tar = Tar().file("a/b/program", "x", 0700).file("text", "x", 0600).take();
    mode_t before = ::umask(077);
    auto unpacked = unpack_archive(tar, place / "app");
    ::umask(before);
    ASSERT_TRUE(unpacked) << unpacked.error().message();
    for (auto [path, mode] : {std::pair("app", 0755u), std::pair("app/a", 0755u), std::pair("app/a/b", 0755u),
                              std::pair("app/a/b/program", 0755u), std::pair("app/text", 0644u)}) {
        struct stat status {};
        ASSERT_EQ(::stat((place / path).c_str(), &status), 0) << path;
        EXPECT_EQ(status.st_mode & 07777, mode) << path;
    }
}

TEST(AppArchive, a_folder_that_is_too_large_is_not_packed) {
    TempDir place;
    Bytes noise = random_bytes(archive_bytes_max + MiB);
    ASSERT_TRUE(write_atomically(place / "noise", noise));
    EXPECT_TRUE(pack_archive(place.path()).error().is(Errc::too_large));
    EXPECT_FALSE(pack_archive(place / "none"));
}

}  // namespace
}  // namespace sonm::apphost
