// Work folders with a real quota, seen from inside of a container. Needs root for mounting; skipped
// otherwise.

#include "sonm/base/fs.hpp"
#include "sonm/engine/outputs.hpp"
#include "sonm/engine/sources.hpp"
#include "support/engine.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

namespace sonm::engine {
namespace {

using test::output_of;
using test::run_to_end;
using test::shell;

/// A place for work folders that a container engine can mount from.
struct Root {
    Root() : path(fmt::format("{}/work-folders-{}", SONM_BINARY_DIR, ::getpid())) {}
    ~Root() {
        WorkFolders folders(path, QuotaKind::none);
        if (auto names = folders.list())
            for (const auto& name : *names) (void)run_test(folders.remove(name));
        std::error_code error;
        std::filesystem::remove_all(path, error);
    }
    std::filesystem::path path;
};

Task<void> quota_of_kind(Engine& engine, ImageId image, std::filesystem::path root, QuotaKind kind) {
    WorkFolders folders(root, kind);
    auto folder = co_await folders.create("task", 8 * MiB);
    EXPECT_TRUE(folder) << folder.error().message();
    if (!folder) co_return;
    EXPECT_TRUE(co_await place(*folder, "in/scene", bytes_source(to_bytes("input")), 1 * MiB));
    ContainerSpec spec =
        shell(image,
              "cat in/scene; dd if=/dev/zero of=full bs=1M count=64 2>&1; rm full; echo result > out; "
              "ln -s /etc/passwd link; ls -l /dev/full; mknod d b 1 1");
    Mount work;
    work.source = folder->path;
    work.target = "/work";
    spec.mounts.push_back(work);
    auto report = co_await run_to_end(engine, spec);
    EXPECT_TRUE(report) << report.error().message();
    auto found = co_await engine.find(spec.name);
    auto output = co_await output_of(engine, found->id);
    EXPECT_NE(output->find("input"), std::string::npos) << *output;
    EXPECT_NE(output->find("No space left on device"), std::string::npos) << *output;

    // A restarted process finds it; an unmounted one is mounted again.
    WorkFolders again(root, kind);
    if (kind == QuotaKind::loop_ext4) EXPECT_EQ(::umount2(folder->path.c_str(), MNT_DETACH), 0);
    auto adopted = co_await again.adopt("task");
    EXPECT_TRUE(adopted) << adopted.error().message();
    if (kind == QuotaKind::loop_ext4) EXPECT_EQ(adopted->bytes_max, 8 * MiB);
    std::vector<std::string> names{"out"};
    auto outputs = co_await collect(*adopted, names, FileLimits());
    EXPECT_TRUE(outputs) << outputs.error().message();
    auto tar = co_await (*outputs)->read();
    EXPECT_NE(as_text(*tar).find("result\n"), std::string::npos);
    names = {"link"};
    auto link = co_await collect(*adopted, names, FileLimits());
    EXPECT_TRUE(link.error().is(EngineErrc::path_escapes)) << link.error().message();

    auto large = co_await place(*adopted, "large", bytes_source(Bytes(16 * MiB)), 64 * MiB);
    EXPECT_TRUE(large.error().is(EngineErrc::work_folder_full)) << large.error().message();
    EXPECT_TRUE(co_await engine.remove(found->id));
    EXPECT_TRUE(co_await again.remove("task"));
    EXPECT_FALSE(std::filesystem::exists(root / "task"));
}

void run_kind(QuotaKind kind, std::string& reason) {
    Root root;
    if (::geteuid() != 0) {
        reason = "mounting needs root";
        return;
    }
    auto support = run_test(WorkFolders::probe(root.path));
    if (kind == QuotaKind::loop_ext4 && support->kind != kind) {
        reason = "this machine has no " + std::string(to_string(kind)) + ": " + support->reason;
        return;
    }
    auto body = [&](Engine& engine, ImageId image) { return quota_of_kind(engine, image, root.path, kind); };
    reason = test::with_engine(body);
}

TEST(EngineWorkFolder, ContainerFillsItsDisk_MeetsTheQuotaOfExt4InAFile) {
    std::string reason;
    run_kind(QuotaKind::loop_ext4, reason);
    if (!reason.empty()) GTEST_SKIP() << reason;
}

TEST(EngineWorkFolder, ContainerFillsItsDisk_MeetsTheQuotaOfTmpfs) {
    std::string reason;
    run_kind(QuotaKind::tmpfs, reason);
    if (!reason.empty()) GTEST_SKIP() << reason;
}

TEST(EngineWorkFolder, HalfMade_IsRefusedAndCanBeRemoved) {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    Root root;
    WorkFolders folders(root.path, QuotaKind::loop_ext4);
    std::filesystem::create_directories(root.path / "task/data");
    std::ofstream(root.path / "task/disk.img") << "not a file system";
    auto adopted = run_test(folders.adopt("task"));
    ASSERT_FALSE(adopted);
    EXPECT_TRUE(adopted.error().is(Errc::corrupt)) << adopted.error().message();
    EXPECT_TRUE(run_test(folders.remove("task")));
    EXPECT_FALSE(std::filesystem::exists(root.path / "task"));
}

}  // namespace
}  // namespace sonm::engine
