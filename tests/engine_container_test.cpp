// What containers may and may not do, against a real engine.

#include "sonm/base/fs.hpp"
#include "sonm/engine/sources.hpp"
#include "support/engine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace sonm::engine {
namespace {

using test::output_of;
using test::run_to_end;
using test::shell;

Task<void> runs_and_reports(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(image, "echo hello $NAME; echo oops >&2; exit 3");
    spec.env["NAME"] = "world";
    auto id = co_await engine.create(spec);
    EXPECT_TRUE(id) << id.error().message();
    EXPECT_TRUE(co_await engine.start(*id));
    auto report = co_await engine.wait(*id);
    EXPECT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->exit_code, 3);
    EXPECT_GT(report->started.value, 1'700'000'000u);
    auto logs = co_await engine.logs(*id, LogQuery());
    auto first = co_await (*logs)->next();
    auto second = co_await (*logs)->next();
    std::string both = std::string(as_text((*first)->text)) + std::string(as_text((*second)->text));
    EXPECT_NE(both.find("hello world\n"), std::string::npos) << both;
    EXPECT_NE(both.find("oops\n"), std::string::npos) << both;
    EXPECT_NE((*first)->channel, (*second)->channel);
    EXPECT_GT((*first)->time_ns, 1'700'000'000'000'000'000u);
    auto end = co_await (*logs)->next();
    EXPECT_TRUE(end && !*end);
    // Asking again from the last record on gives nothing twice.
    LogQuery later;
    later.since_ns = std::max((*first)->time_ns, (*second)->time_ns);
    auto rest = co_await engine.logs(*id, later);
    auto none = co_await (*rest)->next();
    EXPECT_TRUE(none && !*none);
}
SONM_ENGINE_TEST(EngineContainer, CommandEnds_CodeTimesAndBothOutputsAreThere, runs_and_reports)

Task<void> found_again(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(image, "sleep 60");
    spec.labels["sonm.deal"] = "17";
    auto id = co_await engine.create(spec);
    EXPECT_TRUE(id && co_await engine.start(*id));
    auto again = co_await engine.create(spec);
    EXPECT_FALSE(again);
    EXPECT_TRUE(again.error().is(EngineErrc::name_taken)) << again.error().message();
    auto found = co_await engine.find(spec.name);
    EXPECT_EQ(found->id, *id);
    EXPECT_EQ(found->labels["sonm.deal"], "17");
    auto listed = co_await engine.list(spec.labels);
    EXPECT_EQ(listed->size(), 1u);
    EXPECT_EQ(listed->at(0).id, *id);
    EXPECT_EQ(listed->at(0).state, ContainerState::running);
    EXPECT_TRUE(co_await engine.start(*id)) << "starting twice is no error";
    auto usage = co_await engine.usage(*id);
    EXPECT_TRUE(usage) << usage.error().message();
    EXPECT_GT(usage->cpu_ns, 0u);
    EXPECT_GT(usage->memory_bytes_peak, 0u);
    EXPECT_TRUE(co_await engine.remove(*id));
    EXPECT_TRUE(co_await engine.remove(*id)) << "removing twice is no error";
    auto gone = co_await engine.inspect(*id);
    EXPECT_TRUE(gone.error().is(EngineErrc::container_missing));
}
SONM_ENGINE_TEST(EngineContainer, MadeTwice_IsNoticedAndFoundByNameAndLabel, found_again)

Task<void> command_missing(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(image, "");
    spec.command = {"/no/such/program"};
    auto id = co_await engine.create(spec);
    EXPECT_TRUE(id);
    auto started = co_await engine.start(*id);
    EXPECT_FALSE(started);
    EXPECT_TRUE(started.error().is(EngineErrc::command_missing)) << started.error().message();
}
SONM_ENGINE_TEST(EngineContainer, CommandMissing_IsSaidSo, command_missing)

Task<void> metered(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(image, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done");
    auto report = co_await run_to_end(engine, spec);
    EXPECT_TRUE(report) << report.error().message();
    EXPECT_GT(report->ran.count(), 50);
    auto info = co_await engine.info();
    if (info->cgroup_driver == "cgroupfs" && ::geteuid() == 0) {
        EXPECT_TRUE(report->usage) << "totals outlive the container's own control group";
        if (report->usage) {
            EXPECT_GT(report->usage->cpu_ns, 20'000'000u);
            EXPECT_GT(report->usage->memory_bytes_peak, 100'000u);
        }
    }
    auto found = co_await engine.find(spec.name);
    EXPECT_TRUE(co_await engine.remove(found->id));
    EXPECT_FALSE(std::filesystem::exists("/sys/fs/cgroup/cpuacct/sonm/" + spec.name));
}
SONM_ENGINE_TEST(EngineContainer, EndedBeforeAnySample_ItsTotalsAreExact, metered)

Task<void> image_missing(Engine& engine, ImageId) {
    ImageId nowhere("sha256:" + std::string(64, '0'));
    auto id = co_await engine.create(shell(nowhere, "true"));
    EXPECT_FALSE(id);
    EXPECT_TRUE(id.error().is(EngineErrc::image_missing)) << id.error().message();
    auto image = co_await engine.inspect_image("no.such.registry/image:1");
    EXPECT_TRUE(image.error().is(EngineErrc::image_missing)) << image.error().message();
}
SONM_ENGINE_TEST(EngineContainer, ImageMissing_IsSaidSo, image_missing)

Task<void> fork_bomb(Engine& engine, ImageId image) {
    ContainerSpec spec =
        shell(image, "i=0; while [ $i -lt 200 ]; do sleep 20 & i=$((i+1)); done; echo all started");
    spec.limits.processes_max = 20;
    auto report = co_await run_to_end(engine, spec);
    EXPECT_TRUE(report) << report.error().message();
    EXPECT_NE(report->exit_code, 0);
    auto found = co_await engine.find(spec.name);
    auto output = co_await output_of(engine, found->id);
    EXPECT_EQ(output->find("all started"), std::string::npos);
    EXPECT_NE(output->find("can't fork"), std::string::npos) << *output;
}
SONM_ENGINE_TEST(EngineContainer, ForkBomb_StopsAtItsProcessLimit, fork_bomb)

Task<void> memory_eater(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(image, "x=xxxxxxxxxxxxxxxx; while true; do x=$x$x$x$x; done");
    spec.limits.memory_bytes_max = 16 * MiB;
    auto running = run_to_end(engine, spec);
    auto report = co_await within(std::chrono::seconds(60), std::move(running));
    EXPECT_TRUE(report) << report.error().message();
    EXPECT_NE(report->exit_code, 0);
    EXPECT_TRUE(report->oom_killed || report->exit_code == 137 || report->exit_code == 2)
        << report->exit_code;
}
SONM_ENGINE_TEST(EngineContainer, MemoryEater_IsKilledAtItsLimit, memory_eater)

Task<void> disk_filler(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(
        image, "touch /etc/x 2>&1; dd if=/dev/zero of=/scratch/f bs=1M count=64 2>&1; ls -l /scratch/f");
    Mount scratch;
    scratch.kind = Mount::Kind::tmpfs;
    scratch.target = "/scratch";
    scratch.tmpfs_bytes_max = 4 * MiB;
    spec.mounts.push_back(scratch);
    auto report = co_await run_to_end(engine, spec);
    EXPECT_TRUE(report);
    auto found = co_await engine.find(spec.name);
    auto output = co_await output_of(engine, found->id);
    EXPECT_NE(output->find("Read-only file system"), std::string::npos) << *output;
    EXPECT_NE(output->find("No space left on device"), std::string::npos) << *output;
    EXPECT_NE(output->find("4194304"), std::string::npos) << *output;
}
SONM_ENGINE_TEST(EngineContainer, DiskFiller_MeetsReadOnlyRootAndSizedScratch, disk_filler)

Task<void> ignores_sigterm(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(image, "trap '' TERM; echo ready; while true; do sleep 1; done");
    auto id = co_await engine.create(spec);
    EXPECT_TRUE(co_await engine.start(*id));
    LogQuery follow;
    follow.follow = true;
    auto logs = co_await engine.logs(*id, follow);
    EXPECT_TRUE(co_await (*logs)->next());
    auto begin = std::chrono::steady_clock::now();
    auto stopped = co_await engine.stop(*id, Seconds(1));
    EXPECT_TRUE(stopped) << stopped.error().message();
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(900));
    auto report = co_await engine.wait(*id);
    EXPECT_EQ(report->exit_code, 137);
    EXPECT_TRUE(co_await engine.stop(*id, Seconds(1))) << "stopping twice is no error";
    EXPECT_TRUE(co_await engine.stop(*id, Seconds(0))) << "nor is killing what has ended";
}
SONM_ENGINE_TEST(EngineContainer, IgnoresSigterm_IsKilledAfterTheGrace, ignores_sigterm)

Task<void> prints_without_end(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(image,
                               "i=0; while [ $i -lt 40000 ]; do echo line $i "
                               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; i=$((i+1)); done");
    spec.limits.log_bytes_max = 256 * KiB;
    auto report = co_await run_to_end(engine, spec);
    EXPECT_TRUE(report);
    auto found = co_await engine.find(spec.name);
    auto output = co_await output_of(engine, found->id);
    EXPECT_LE(output->size(), 300 * KiB);
    EXPECT_NE(output->find("line 39999 "), std::string::npos) << "the newest output is kept";
    EXPECT_EQ(output->find("line 0 "), std::string::npos) << "the oldest is dropped";
}
SONM_ENGINE_TEST(EngineContainer, PrintsWithoutEnd_KeepsOnlyTheNewestOutput, prints_without_end)

Task<void> powers(Engine& engine, ImageId image) {
    ContainerSpec spec =
        shell(image,
              "grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; ip addr; id -u; "
              "unshare -U true; mount -t tmpfs none /work; chroot / true; echo done");
    auto report = co_await run_to_end(engine, spec);
    EXPECT_TRUE(report);
    auto found = co_await engine.find(spec.name);
    auto output = co_await output_of(engine, found->id);
    EXPECT_NE(output->find("CapEff:\t0000000000000000"), std::string::npos) << *output;
    EXPECT_NE(output->find("CapBnd:\t0000000000000000"), std::string::npos) << *output;
    EXPECT_NE(output->find("NoNewPrivs:\t1"), std::string::npos) << *output;
    EXPECT_NE(output->find("Seccomp:\t2"), std::string::npos) << *output;
    EXPECT_EQ(output->find("eth0"), std::string::npos) << *output;
    EXPECT_NE(output->find("done"), std::string::npos) << *output;
}
SONM_ENGINE_TEST(EngineContainer, Container_HasNoPowersAndNoNetwork, powers)

/// The test image as one that names no user, so root, and declares a volume. Of the same length: the archive
/// stays whole.
Bytes image_of_root_with_a_volume() {
    auto archive = read_file(test::busybox_archive(), 64 * MiB);
    SONM_ASSERT(archive.has_value());
    std::string text(as_text(*archive));
    const std::string before = R"("User": "1000", "WorkingDir": "/work")";
    std::string after = R"("Volumes": {"/data": {}})";
    after.resize(before.size(), ' ');
    std::size_t at = text.find(before);
    SONM_ASSERT(at != std::string::npos);
    return to_bytes(text.replace(at, before.size(), after));
}

Task<void> root_with_a_volume(Engine& engine, ImageId) {
    auto image = co_await engine.load_image(bytes_source(image_of_root_with_a_volume()), ImageLimits());
    EXPECT_TRUE(image) << image.error().message();
    EXPECT_EQ(image->user, "");
    ContainerSpec spec = shell(
        image->id, "echo $(id -u):$(id -g); touch /data/x && echo written; grep ' /data ' /proc/mounts");
    auto report = co_await run_to_end(engine, spec);
    EXPECT_TRUE(report) << report.error().message();
    auto found = co_await engine.find(spec.name);
    auto output = co_await output_of(engine, found->id);
    EXPECT_NE(output->find("65534:65534\n"), std::string::npos) << *output;
    EXPECT_NE(output->find("written\n"), std::string::npos) << *output;
    EXPECT_NE(output->find("tmpfs /data tmpfs"), std::string::npos) << *output;
    spec.name += "-root";
    spec.user = "0";
    auto refused = co_await engine.create(spec);
    EXPECT_FALSE(refused);
    EXPECT_TRUE(co_await engine.remove(found->id));
    EXPECT_TRUE(co_await engine.remove_image(image->id.value));
}
SONM_ENGINE_TEST(EngineContainer, ImageOfRootWithVolumes_RunsAsNobodyAndItsVolumesAreMemory,
                 root_with_a_volume)

Task<void> exec_and_archive(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(image, "sleep 60");
    Mount scratch;
    scratch.kind = Mount::Kind::tmpfs;
    scratch.target = "/scratch";
    spec.mounts.push_back(scratch);
    spec.read_only_root = false;
    auto id = co_await engine.create(spec);
    EXPECT_TRUE(co_await engine.start(*id));
    ExecSpec run;
    run.command = {"sh", "-c", "echo out; echo err >&2; exit 5"};
    auto result = co_await engine.exec(*id, run);
    EXPECT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->exit_code, 5);
    EXPECT_EQ(result->out, "out\n");
    EXPECT_EQ(result->err, "err\n");
    run.command = {"/no/such"};
    auto missing = co_await engine.exec(*id, run);
    EXPECT_FALSE(missing);
    EXPECT_TRUE(missing.error().is(EngineErrc::command_missing)) << missing.error().message();
    run.command = {"sh", "-c", "while true; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyy; done"};
    run.output_bytes_max = 10'000;
    run.duration_max = Millis(700);
    auto endless = co_await engine.exec(*id, run);
    EXPECT_FALSE(endless);
    EXPECT_TRUE(endless.error().is(Errc::timeout)) << endless.error().message();

    auto out = co_await engine.get_archive(*id, "/etc/passwd", 1 * MiB);
    EXPECT_TRUE(out) << out.error().message();
    std::string tar;
    for (bool more = true; more;) {
        auto piece = co_await (*out)->read();
        more = piece && !piece->empty();
        if (more) tar += as_text(*piece);
    }
    EXPECT_EQ(tar.substr(0, 6), "passwd");
    auto put = co_await engine.put_archive(*id, "/work", bytes_source(to_bytes(tar)), 1 * MiB);
    EXPECT_TRUE(put) << put.error().message();
    auto back = co_await engine.get_archive(*id, "/work/passwd", 1 * MiB);
    EXPECT_TRUE(back);
    auto large = co_await engine.put_archive(*id, "/work", bytes_source(to_bytes(tar)), 100);
    EXPECT_TRUE(large.error().is(Errc::too_large)) << large.error().message();
    auto nowhere = co_await engine.get_archive(*id, "/no/such", 1 * MiB);
    EXPECT_TRUE(nowhere.error().is(Errc::not_found)) << nowhere.error().message();
}
SONM_ENGINE_TEST(EngineContainer, ExecAndArchives_AreBoundedAndNamed, exec_and_archive)

Task<void> events(Engine& engine, ImageId image) {
    ContainerSpec spec = shell(image, "exit 7");
    spec.labels["sonm.events"] = "yes";
    auto stream = co_await engine.events(spec.labels);
    EXPECT_TRUE(stream) << stream.error().message();
    EXPECT_TRUE(co_await run_to_end(engine, spec));
    std::string actions;
    while (actions.find("die") == std::string::npos) {
        auto waiting = (*stream)->next();
        auto event = co_await within(std::chrono::seconds(20), std::move(waiting));
        if (!event) {
            ADD_FAILURE() << event.error().message();
            break;
        }
        actions += event->action + " ";
        if (event->action == "die") EXPECT_EQ(event->attributes["exitCode"], "7");
    }
    EXPECT_EQ(actions, "create start die ");
}
SONM_ENGINE_TEST(EngineContainer, Events_TellWhatHappensToLabelledContainers, events)

Task<void> info(Engine& engine, ImageId) {
    auto info = co_await engine.info();
    EXPECT_TRUE(info) << info.error().message();
    EXPECT_FALSE(info->version.empty());
    EXPECT_TRUE(info->seccomp);
    for (const auto& missing : info->missing) std::cout << "engine lacks: " << missing << "\n";
}
SONM_ENGINE_TEST(EngineContainer, Info_SaysWhatTheEngineCannotEnforce, info)

}  // namespace
}  // namespace sonm::engine
