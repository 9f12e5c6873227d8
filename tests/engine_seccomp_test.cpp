// The seccomp profile at work: a program that tries what is forbidden and what is needed.

#include "sonm/engine/outputs.hpp"
#include "sonm/engine/sources.hpp"
#include "support/engine.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace sonm::engine {
namespace {

Task<void> probed(Engine& engine, ImageId image) {
    WorkFolders folders(fmt::format("{}/probe-{}", SONM_BINARY_DIR, ::getpid()), QuotaKind::none);
    auto folder = co_await folders.create("probe", 4 * MiB);
    EXPECT_TRUE(folder) << folder.error().message();
    auto placed = co_await place(*folder, "probe", test::file_source(SONM_SYSCALL_PROBE), 64 * MiB, true);
    EXPECT_TRUE(placed) << placed.error().message();
    ContainerSpec spec = test::shell(image, "");
    spec.command = {"/work/probe"};
    Mount work;
    work.source = folder->path;
    work.target = "/work";
    work.read_only = true;
    spec.mounts.push_back(work);
    auto report = co_await test::run_to_end(engine, spec);
    EXPECT_TRUE(report) << report.error().message();
    auto found = co_await engine.find(spec.name);
    auto output = co_await test::output_of(engine, found->id);
    for (const char* line :
         {"unix ok", "inet ok", "netlink_route ok", "thread ok", "fork ok", "clone3 ENOSYS", "vsock EPERM",
          "netlink_audit EPERM", "packet EPERM", "alg EPERM", "io_uring EPERM", "bpf EPERM", "keyctl EPERM",
          "userfaultfd EPERM", "perf EPERM", "unshare EPERM", "clone_newuser EPERM"})
        EXPECT_NE(output->find(std::string(line) + "\n"), std::string::npos) << line << " is not in:\n"
                                                                             << *output;
    EXPECT_TRUE(co_await engine.remove(found->id));
    EXPECT_TRUE(co_await folders.remove("probe"));
    ::rmdir(folder->path.parent_path().parent_path().c_str());
}
SONM_ENGINE_TEST(EngineSeccomp, ForbiddenCalls_FailAndNeededOnesWork, probed)

}  // namespace
}  // namespace sonm::engine
