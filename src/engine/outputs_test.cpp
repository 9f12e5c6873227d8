#include "sonm/engine/outputs.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/engine/sources.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace sonm::engine {
namespace {

namespace fs = std::filesystem;

/// A work folder with a neighbour that must never be reached.
struct Folder {
    Folder() {
        fs::create_directories(temp / "work");
        write("../secret", "secret");
        folder.path = temp / "work";
    }
    void write(const std::string& path, std::string_view text) {
        fs::create_directories((temp / "work" / path).parent_path());
        std::ofstream(temp / "work" / path) << text;
    }
    Result<std::string> pack(std::vector<std::string> paths, FileLimits limits = FileLimits()) {
        auto task = [](WorkFolder folder, std::vector<std::string> paths,
                       FileLimits limits) -> Async<std::string> {
            SONM_CO_TRY(auto outputs, co_await collect(std::move(folder), std::move(paths), limits));
            std::string tar;
            while (true) {
                SONM_CO_TRY(Bytes piece, co_await outputs->read());
                if (piece.empty()) break;
                tar += as_text(piece);
            }
            co_return Result<std::string>(std::move(tar));
        };
        return run_test(task(folder, std::move(paths), limits));
    }
    Result<void> put(std::string path, std::string text, std::uint64_t bytes_max = 1 * MiB) {
        return run_test(place(folder, std::move(path), bytes_source(to_bytes(text)), bytes_max));
    }
    TempDir temp;
    WorkFolder folder;
};

TEST(Outputs, PackedAndUnpacked_AreTheSameFiles) {
    Folder folder;
    std::string large(300'000, 'x');
    folder.write("out/a.txt", "a");
    folder.write("out/deep/large", large);
    folder.write("other", "not asked for");
    auto tar = folder.pack({"out"});
    ASSERT_TRUE(tar) << tar.error().message();
    std::ofstream(folder.temp / "t.tar") << *tar;
    fs::create_directories(folder.temp / "to");
    auto unpacked = run_test(unpack(folder.temp / "t.tar", folder.temp / "to", FileLimits()));
    ASSERT_TRUE(unpacked) << unpacked.error().message();
    EXPECT_EQ(unpacked->files, (std::vector<std::string>{"out/a.txt", "out/deep/large"}));
    EXPECT_EQ(*read_text(folder.temp / "to/out/deep/large", 1 * MiB), large);
    EXPECT_EQ(*tar, *folder.pack({"out"})) << "the same files give the same bytes";
}

TEST(Outputs, PathEscaping_IsRefused) {
    Folder folder;
    for (const char* path : {"../secret", "/etc/passwd", "a/../../secret", "", ".."}) {
        auto tar = folder.pack({path});
        ASSERT_FALSE(tar) << path;
        EXPECT_TRUE(tar.error().is(EngineErrc::path_escapes)) << path << ": " << tar.error().message();
    }
}

TEST(Outputs, SymbolicLinkOut_IsRefusedByNameAndLeftOutBelowAFolder) {
    Folder folder;
    folder.write("out/good", "good");
    fs::create_symlink("../../secret", folder.folder.path / "out/link");
    fs::create_directory_symlink("..", folder.folder.path / "up");
    auto direct = folder.pack({"out/link"});
    EXPECT_TRUE(direct.error().is(EngineErrc::path_escapes)) << direct.error().message();
    auto through = folder.pack({"up/secret"});
    EXPECT_TRUE(through.error().is(EngineErrc::path_escapes)) << through.error().message();
    auto whole = folder.pack({"."});
    ASSERT_TRUE(whole) << whole.error().message();
    EXPECT_EQ(whole->find("secret"), std::string::npos);
    EXPECT_NE(whole->find("out/good"), std::string::npos);
}

TEST(Outputs, PipeInTheFolder_DoesNotHoldUs) {
    Folder folder;
    ASSERT_EQ(::mkfifo((folder.folder.path / "pipe").c_str(), 0666), 0);
    EXPECT_TRUE(folder.pack({"."}));
    EXPECT_TRUE(folder.pack({"pipe"}).error().is(Errc::denied));
}

TEST(Outputs, TooLargeOrTooMany_AreRefusedBeforeTheFirstByte) {
    Folder folder;
    folder.write("a", std::string(1000, 'x'));
    folder.write("b", "x");
    FileLimits limits;
    limits.bytes_max = 1000;
    EXPECT_TRUE(folder.pack({"."}, limits).error().is(EngineErrc::output_too_large));
    EXPECT_TRUE(folder.pack({"a"}, limits));
    limits = FileLimits();
    limits.files_max = 2;  // the folder itself counts
    EXPECT_TRUE(folder.pack({"."}, limits).error().is(EngineErrc::output_too_large));
    ASSERT_EQ(::truncate((folder.folder.path / "b").c_str(), 1LL << 40), 0);
    EXPECT_TRUE(folder.pack({"b"}).error().is(EngineErrc::output_too_large)) << "holes count";
}

TEST(Outputs, Missing_IsNamed) {
    Folder folder;
    auto tar = folder.pack({"picture.png"});
    EXPECT_TRUE(tar.error().is(EngineErrc::output_missing));
    EXPECT_NE(tar.error().message().find("picture.png"), std::string::npos);
}

TEST(Inputs, Placed_ReplacesTheFileAndMakesFolders) {
    Folder folder;
    ASSERT_TRUE(folder.put("in/deep/scene.pov", "one"));
    ASSERT_TRUE(folder.put("in/deep/scene.pov", "two"));
    EXPECT_EQ(*read_text(folder.folder.path / "in/deep/scene.pov", 100), "two");
}

TEST(Inputs, EscapingOrThroughALink_IsRefused) {
    Folder folder;
    fs::create_directory_symlink("..", folder.folder.path / "up");
    fs::create_symlink("../secret", folder.folder.path / "link");
    EXPECT_TRUE(folder.put("../x", "x").error().is(EngineErrc::path_escapes));
    EXPECT_FALSE(folder.put("up/x", "x"));
    EXPECT_FALSE(fs::exists(folder.temp / "x"));
    ASSERT_TRUE(folder.put("link", "mine")) << "the link is replaced, not followed";
    EXPECT_EQ(*read_text(folder.temp / "secret", 100), "secret");
}

TEST(Inputs, TooLarge_LeavesNothingBehind) {
    Folder folder;
    EXPECT_TRUE(folder.put("a", "12345", 4).error().is(Errc::too_large));
    EXPECT_FALSE(fs::exists(folder.folder.path / "a"));
}

Task<void> folders(fs::path root) {
    WorkFolders folders(root / "tasks", QuotaKind::none);
    auto made = co_await folders.create("task-1", 1 * MiB);
    EXPECT_TRUE(made) << made.error().message();
    auto twice = co_await folders.create("task-1", 1 * MiB);
    EXPECT_TRUE(twice.error().is(Errc::exists));
    auto adopted = co_await folders.adopt("task-1");
    EXPECT_EQ(adopted->path, made->path);
    auto listed = folders.list();
    EXPECT_EQ(*listed, std::vector<std::string>{"task-1"});
    EXPECT_TRUE(co_await folders.remove("task-1"));
    EXPECT_TRUE(co_await folders.remove("task-1"));
    auto gone = co_await folders.adopt("task-1");
    EXPECT_TRUE(gone.error().is(Errc::not_found));
    auto bad = co_await folders.create("../x", 1 * MiB);
    EXPECT_TRUE(bad.error().is(Errc::invalid));
}
TEST(WorkFolders, MadeFoundAndRemoved_ByName) {
    TempDir temp;
    run_test(folders(temp.path()));
}

}  // namespace
}  // namespace sonm::engine
