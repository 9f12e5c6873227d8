#include "sonm/engine/docker_json.hpp"

#include "sonm/engine/docker_answer.hpp"
#include "sonm/engine/docker_streams.hpp"
#include "sonm/engine/seccomp.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sonm::engine::docker {
namespace {

ContainerSpec spec() {
    ContainerSpec out;
    out.name = "task-1";
    out.image = "sha256:aa";
    out.limits.cpu_millicores = 1500;
    out.limits.memory_bytes_max = 64 * MiB;
    return out;
}

TEST(DockerJson, ContainerFromNothing_IsHardened) {
    Json json = to_json(spec(), Placement());
    const Json& host = json["HostConfig"];
    EXPECT_EQ(host["CapDrop"], Json::array({"ALL"}));
    EXPECT_EQ(host["NetworkMode"], "none");
    EXPECT_EQ(host["ReadonlyRootfs"], true);
    EXPECT_EQ(host["Privileged"], false);
    EXPECT_EQ(host["SecurityOpt"][0], "no-new-privileges");
    EXPECT_TRUE(host["SecurityOpt"][1].get<std::string>().starts_with("seccomp={"));
    EXPECT_EQ(host["Memory"], host["MemorySwap"]);
    EXPECT_EQ(host["CpuQuota"], 150'000);
    EXPECT_EQ(host["PidsLimit"], 256);
    EXPECT_FALSE(host.contains("Dns"));
    EXPECT_FALSE(json.contains("Cmd")) << "the image's own";
}

TEST(DockerJson, NetworkAndDiskRates_AreNamed) {
    ContainerSpec wanted = spec();
    wanted.network = NetworkId("out-1");
    wanted.limits.disk_write_bytes_per_second = 5;
    Json host = to_json(wanted, Placement{{"/dev/vda"}, ""})["HostConfig"];
    EXPECT_EQ(host["NetworkMode"], "out-1");
    EXPECT_EQ(host["Dns"][0], "1.1.1.1");
    EXPECT_EQ(host["BlkioDeviceWriteBps"][0]["Path"], "/dev/vda");
    EXPECT_TRUE(host["BlkioDeviceReadBps"].empty());
}

TEST(DockerJson, VolumesOfTheImage_AreMemoryOfTheContainer) {
    ContainerSpec wanted = spec();
    Mount work;
    work.source = "/srv/work";
    work.target = "/work";
    wanted.mounts.push_back(work);
    auto image =
        to_image(Json::parse(R"({"Id": "sha256:aa", "Config": {"Volumes": {"/data/": {}, "/work": {}}}})"));
    ASSERT_TRUE(image);
    ASSERT_TRUE(cover_volumes(wanted, *image));
    Json mounts = to_json(wanted, Placement())["HostConfig"]["Mounts"];
    ASSERT_EQ(mounts.size(), 2u);
    EXPECT_EQ(mounts[1]["Type"], "tmpfs");
    EXPECT_EQ(mounts[1]["Target"], "/data");
    EXPECT_EQ(mounts[1]["TmpfsOptions"]["SizeBytes"], 64 * MiB);
    for (std::string path : {"data", "/", "", "/.."}) {
        ImageInfo odd;
        odd.volumes = {path};
        EXPECT_FALSE(cover_volumes(wanted, odd)) << path;
    }
}

TEST(DockerJson, User_IsNeverRootWhateverTheImageCallsIt) {
    auto runs_as = [](std::string images) {
        Json about = {{"Id", "sha256:aa"}, {"Config", {{"User", images}}}};
        ContainerSpec wanted = spec();
        settle_user(wanted, *to_image(about));
        return to_json(wanted, Placement())["User"].get<std::string>();
    };
    for (std::string root :
         {"", "root", "0", "00", "0:1000", "toor", "+0", "-0", ":0", "1000:wheel", " 1000", "99999999999"})
        EXPECT_EQ(runs_as(root), "65534:65534") << root;
    for (std::string user : {"1000", "1000:100", "65532"}) EXPECT_EQ(runs_as(user), user);
    ContainerSpec named = spec();
    named.user = "77";
    settle_user(named, ImageInfo());
    EXPECT_EQ(named.user, "77");
    for (std::string root : {"root", "0", "+0", "toor", ":0", "0:1"}) {
        named.user = root;
        EXPECT_FALSE(check(named)) << root;
    }
}

TEST(DockerJson, BadSpec_SaysWhichField) {
    auto refused = [](auto change) {
        ContainerSpec bad = spec();
        change(bad);
        auto result = check(bad);
        return result ? std::string() : result.error().message();
    };
    EXPECT_EQ(refused([](ContainerSpec&) {}), "");
    EXPECT_NE(refused([](ContainerSpec& s) { s.name = "-x"; }).find("name"), std::string::npos);
    EXPECT_NE(refused([](ContainerSpec& s) { s.limits.cpu_millicores = 0; }).find("cpu"), std::string::npos);
    EXPECT_NE(refused([](ContainerSpec& s) { s.limits.memory_bytes_max = 1; }).find("memory"),
              std::string::npos);
    EXPECT_NE(refused([](ContainerSpec& s) { s.env["A=B"] = "c"; }).find("A=B"), std::string::npos);
    for (const char* path : {"relative", "/a/../etc", "/", "/a/./b", ""}) {
        Mount mount;
        mount.source = "/tmp";
        mount.target = path;
        EXPECT_NE(refused([&](ContainerSpec& s) { s.mounts.push_back(mount); }).find("mount target"),
                  std::string::npos)
            << path;
    }
}

TEST(DockerJson, BytesThatAreNoText_AreReplacedAndNotThrown) {
    ContainerSpec wanted = spec();
    wanted.command = {"\xff\xfe"};
    EXPECT_NE(print_json(to_json(wanted, Placement())).find("Cmd"), std::string::npos);
}

TEST(DockerJson, Times_AreReadWithOffsetsAndFractions) {
    EXPECT_EQ(parse_time_ns("1970-01-01T00:00:01Z"), 1'000'000'000u);
    EXPECT_EQ(parse_time_ns("2026-01-31T12:00:05.123456789Z"), 1'769'860'805'123'456'789u);
    EXPECT_EQ(parse_time_ns("2026-01-31T13:00:05.5+01:00"), 1'769'860'805'500'000'000u);
    EXPECT_EQ(parse_time_ns("0001-01-01T00:00:00Z"), 0u) << "Go's way to say never";
    EXPECT_EQ(parse_time_ns("hello"), 0u);
    EXPECT_EQ(print_time_ns(1'769'860'805'000'000'001u), "1769860805.000000001");
}

TEST(DockerJson, Credentials_BecomeTheRegistryHeader) {
    Credentials credentials;
    credentials.user = "me";
    credentials.password = "?>~";
    EXPECT_EQ(registry_auth(credentials, "r"),
              "eyJwYXNzd29yZCI6Ij8-fiIsInNlcnZlcmFkZHJlc3MiOiJyIiwidXNlcm5hbWUiOiJtZSJ9");
}

TEST(DockerJson, Refusals_BecomeErrorsOfThePort) {
    Answer missing{404, R"({"message":"No such container: x"})"};
    auto error = Result<void>(refusal(missing, "starting x", EngineErrc::container_missing)).error();
    EXPECT_TRUE(error.is(EngineErrc::container_missing));
    EXPECT_NE(error.message().find("No such container: x"), std::string::npos);
    Answer full{500, R"({"message":"write /x: no space left on device"})"};
    EXPECT_TRUE(Result<void>(refusal(full, "loading", EngineErrc::image_refused)).error().is(Errc::no_space));
    EXPECT_TRUE(is_command_missing(
        R"(OCI runtime create failed: exec: "x": executable file not found in $PATH: unknown)"));
    EXPECT_FALSE(is_command_missing("driver failed: no such file or directory"));
}

TEST(LogDemux, FramesInAnyPieces_AreTheSameRecords) {
    std::string frames(
        "\x01\0\0\0\0\0\0\x1b"
        "2026-01-31T12:00:05Z hello\n",
        35);
    frames += std::string("\x02\0\0\0\0\0\0\x02no", 10);
    for (std::size_t step = 1; step < frames.size(); ++step) {
        LogDemux demux(true);
        std::string out;
        for (std::size_t at = 0; at < frames.size(); at += step) {
            ASSERT_TRUE(demux.feed(as_bytes(frames.substr(at, step))));
            while (auto record = demux.take())
                out += fmt::format("{}:{}|", record->time_ns != 0, as_text(record->text));
        }
        EXPECT_EQ(out, "true:hello\n|false:no|");
        EXPECT_TRUE(demux.finish());
    }
}

TEST(LogDemux, LongFrame_ComesInPiecesAndCutIsNoticed) {
    std::string frame("\x01\0\0\0\0\x02\0\0", 8);
    frame += std::string(100'000, 'x');
    LogDemux demux(false);
    ASSERT_TRUE(demux.feed(as_bytes(frame)));
    auto piece = demux.take();
    ASSERT_TRUE(piece);
    EXPECT_EQ(piece->text.size(), 64 * KiB);
    EXPECT_FALSE(demux.take());
    EXPECT_TRUE(demux.finish().error().is(EngineErrc::engine_down));
}

TEST(LogDemux, SomethingElse_IsRefused) {
    LogDemux demux(false);
    EXPECT_TRUE(demux.feed(as_bytes("HTTP/1.1 200 OK")).error().is(EngineErrc::bad_answer));
}

TEST(SeccompProfile, Allowlist_HasTheNeededAndNotTheDangerous) {
    Json profile = Json::parse(seccomp_profile());
    EXPECT_EQ(profile["defaultAction"], "SCMP_ACT_ERRNO");
    std::map<std::string, int> allowed;
    for (const Json& rule : profile["syscalls"])
        for (const Json& name : rule["names"]) {
            bool plain = rule["action"] == "SCMP_ACT_ALLOW" && rule["args"].empty();
            allowed[name.get<std::string>()] |= plain ? 2 : 1;
        }
    for (const char* name : {"read", "execve", "mmap", "futex", "openat2", "rseq", "epoll_wait", "getrandom"})
        EXPECT_EQ(allowed[name], 2) << name;
    for (const char* name : {"mount",
                             "umount2",
                             "bpf",
                             "ptrace",
                             "keyctl",
                             "add_key",
                             "unshare",
                             "setns",
                             "io_uring_setup",
                             "userfaultfd",
                             "perf_event_open",
                             "kexec_load",
                             "init_module",
                             "reboot",
                             "swapon",
                             "process_vm_readv",
                             "pivot_root",
                             "open_by_handle_at",
                             "chroot",
                             "fsopen",
                             "move_mount",
                             "clock_settime",
                             "syslog",
                             "acct",
                             "quotactl"})
        EXPECT_EQ(allowed[name], 0) << name;
    for (const char* name : {"socket", "clone", "clone3", "personality"})
        EXPECT_EQ(allowed[name], 1) << name << " only with conditions";
    for (const Json& rule : profile["syscalls"])
        if (rule["names"][0] == "socket") {
            EXPECT_NE(rule["args"][0]["value"], 40) << "AF_VSOCK reaches the hypervisor";
            EXPECT_EQ(rule["args"][0]["op"], "SCMP_CMP_EQ");
        }
}

}  // namespace
}  // namespace sonm::engine::docker
