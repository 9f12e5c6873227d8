// The engine down at the start, killed in the middle and started again, with the private engine of
// tools/engine. Needs root.

#include "sonm/base/fs.hpp"
#include "sonm/engine/file_handle.hpp"
#include "support/engine.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace sonm::engine {
namespace {

/// An engine of our own that may be killed.
class PrivateEngine {
public:
    ~PrivateEngine() { (void)tool("stop"); }
    /// Starts it, also after a kill. False if this machine cannot.
    bool start() {
        if (!tool("start")) return false;
        auto printed = read_text(output_, 4 * KiB);
        auto at = printed ? printed->find("unix://") : std::string::npos;
        if (at == std::string::npos) return false;
        path_ = printed->substr(at + 7);
        path_.erase(path_.find_last_not_of(" \n") + 1);
        return true;
    }
    std::string address() const { return "unix:" + path_; }
    /// SIGKILL to the process that listens on the socket.
    void kill() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
        FileHandle socket(::socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ucred peer{};
        socklen_t size = sizeof peer;
        ASSERT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
        ASSERT_GT(peer.pid, 1);
        ASSERT_EQ(::kill(peer.pid, SIGKILL), 0);
    }

private:
    bool tool(const std::string& command) {
        std::string line = fmt::format("'{}/tools/engine' {} --state '{}' >'{}' 2>&1", SONM_SOURCE_DIR,
                                       command, (temp_ / "state").string(), output_.string());
        return std::system(line.c_str()) == 0;
    }
    TempDir temp_;
    std::filesystem::path output_ = temp_ / "output";
    std::string path_;
};

Task<void> wait_for(Engine& engine, ContainerId id, Result<ExitReport>& out) {
    out = co_await engine.wait(std::move(id));
}

Task<void> read_all(LogStream& logs, Error& why, std::uint64_t& last_ns) {
    while (true) {
        auto record = co_await logs.next();
        if (!record) {
            why = record.error();
            co_return;
        }
        if (!*record) co_return;
        last_ns = std::max(last_ns, (*record)->time_ns);
    }
}

Task<void> dies_in_the_middle(TaskGroup& group, PrivateEngine& machine) {
    DockerConfig config;
    config.address = machine.address();
    Executor executor = co_await asio::this_coro::executor;
    DockerEngine engine(executor, config);
    auto image = co_await test::load_busybox(engine);
    EXPECT_TRUE(image) << image.error().message();
    if (!image) co_return;
    ContainerSpec spec = test::shell(
        *image, "i=0; while [ ! -e /work/stop ]; do echo tick $i; i=$((i+1)); sleep 0.1; done; exit 5");
    spec.read_only_root = false;
    auto id = co_await engine.create(spec);
    EXPECT_TRUE(id && co_await engine.start(*id));
    LogQuery follow;
    follow.follow = true;
    auto logs = co_await engine.logs(*id, follow);
    EXPECT_TRUE(co_await (*logs)->next());

    Result<ExitReport> report = fail(Errc::internal, "not yet");
    Error why;
    std::uint64_t last_ns = 0;
    group.spawn(wait_for(engine, *id, report));
    group.spawn(read_all(**logs, why, last_ns));
    co_await sleep_for(std::chrono::milliseconds(500));
    machine.kill();
    auto joining = group.join();
    co_await std::move(joining);
    EXPECT_TRUE(report.error().is(EngineErrc::engine_down)) << report.error().message();
    EXPECT_TRUE(why.is(EngineErrc::engine_down)) << why.message();
    auto listed = co_await engine.list(spec.labels);
    EXPECT_TRUE(listed.error().is(EngineErrc::engine_down)) << listed.error().message();

    EXPECT_TRUE(machine.start());
    listed = co_await engine.list(spec.labels);
    EXPECT_TRUE(listed) << listed.error().message();
    if (!listed || listed->size() != 1) {
        ADD_FAILURE() << "the container is not found again";
        co_return;
    }
    EXPECT_EQ(listed->at(0).id, *id);
    EXPECT_EQ(listed->at(0).state, ContainerState::running) << "it has gone on without its engine";
    auto again = co_await engine.create(spec);
    EXPECT_TRUE(again.error().is(EngineErrc::name_taken)) << "nothing is started twice";
    follow.since_ns = last_ns;
    auto rest = co_await engine.logs(*id, follow);
    auto record = co_await (*rest)->next();
    EXPECT_TRUE(record && *record) << "output goes on after the last record that was seen";
    if (record && *record) EXPECT_GT((*record)->time_ns, last_ns);
    ExecSpec touch;
    touch.command = {"touch", "/work/stop"};
    auto touched = co_await engine.exec(*id, touch);
    EXPECT_TRUE(touched) << touched.error().message();
    auto ending = engine.wait(*id);
    report = co_await within(std::chrono::seconds(20), std::move(ending));
    EXPECT_TRUE(report) << report.error().message();
    if (report) EXPECT_EQ(report->exit_code, 5);
    EXPECT_TRUE(co_await engine.remove(*id));
}

TEST(EngineRestart, KilledInTheMiddle_ContainersGoOnAndAreFoundAgain) {
    if (::geteuid() != 0) GTEST_SKIP() << "a private engine needs root";
    PrivateEngine machine;
    if (!machine.start())
        GTEST_SKIP() << "no private engine can be started on this machine: tools/engine start says why";
    auto body = [&](TaskGroup& group) { return dies_in_the_middle(group, machine); };
    run_test(scope(4, body));
}

Task<void> down() {
    TempDir temp;
    DockerConfig config;
    config.address = "unix:" + (temp / "nobody.sock").string();
    Executor executor = co_await asio::this_coro::executor;
    DockerEngine engine(executor, config);
    auto info = co_await engine.info();
    EXPECT_TRUE(info.error().is(EngineErrc::engine_down)) << info.error().message();
    auto waited = co_await engine.wait(ContainerId("x"));
    EXPECT_TRUE(waited.error().is(EngineErrc::engine_down)) << waited.error().message();
    auto logs = co_await engine.logs(ContainerId("x"), LogQuery());
    EXPECT_TRUE(logs.error().is(EngineErrc::engine_down)) << logs.error().message();
}
TEST(EngineRestart, DownAtTheStart_IsSaidWithItsAddress) { run_test(down()); }

}  // namespace
}  // namespace sonm::engine
