#include "sonm/engine/docker_engine.hpp"

#include <gtest/gtest.h>

namespace sonm::engine {
namespace {

/// An engine that gives the same answer to whatever it is asked, on every connection.
class Parrot {
public:
    Parrot(Executor executor, TaskGroup& group, std::string answer)
        : executor_(std::move(executor)), group_(group), answer_(std::move(answer)) {}
    http::Connector connector() {
        return [this] { return connect(); };
    }
    const std::string& heard() const { return heard_; }

private:
    Async<std::unique_ptr<ByteStream>> connect() {
        auto [near, far] = make_pipe(executor_, 1 * MiB);
        group_.spawn(talk(std::move(far)));
        co_return Result<std::unique_ptr<ByteStream>>(std::move(near));
    }
    Task<void> talk(std::unique_ptr<ByteStream> stream) {
        Bytes buffer(64 * KiB);
        auto count = co_await stream->read_some(buffer);
        if (!count) co_return;
        heard_ += as_text(BytesView(buffer.data(), *count));
        (void)co_await stream->write(as_bytes(answer_));
    }
    Executor executor_;
    TaskGroup& group_;
    std::string answer_, heard_;
};

struct Pull {
    std::string answer;
    PullSpec spec;
    Result<ImageInfo> image = fail(Errc::internal, "not run");
    std::string heard;
    std::uint64_t progress = 0;

    Task<void> body(TaskGroup& group) {
        Executor executor = co_await asio::this_coro::executor;
        Parrot parrot(executor, group, answer);
        DockerEngine engine(executor, DockerConfig(), parrot.connector());
        ProgressFn count = [this](const Progress& now) { progress = now.bytes; };
        image = co_await engine.pull_image(spec, count);
        heard = parrot.heard();
    }
    void run() {
        auto task = [this](TaskGroup& group) { return body(group); };
        run_test(scope(8, task));
    }
};

Pull pull(std::string lines) {
    Pull out;
    out.answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + lines;
    out.spec.reference = "registry.example:5000/team/image:1.0";
    return out;
}

TEST(DockerPull, FailureAfterTheFirstByte_IsAnErrorAndNotAnImage) {
    Pull it = pull(
        "{\"status\":\"Pulling\"}\r\n{\"errorDetail\":{\"message\":\"manifest "
        "unknown\"},\"error\":\"manifest unknown\"}\r\n");
    it.run();
    ASSERT_FALSE(it.image);
    EXPECT_TRUE(it.image.error().is(EngineErrc::pull_failed)) << it.image.error().message();
    EXPECT_NE(it.image.error().message().find("manifest unknown"), std::string::npos);
}

TEST(DockerPull, Credentials_GoIntoTheHeaderAndNameIsSplit) {
    Pull it = pull("{\"error\":\"enough\"}");
    Credentials credentials;
    credentials.user = "me";
    it.spec.credentials = credentials;
    it.run();
    EXPECT_NE(it.heard.find("fromImage=registry.example%3A5000%2Fteam%2Fimage&tag=1.0"), std::string::npos)
        << it.heard;
    EXPECT_NE(it.heard.find("X-Registry-Auth: ey"), std::string::npos) << it.heard;
}

TEST(DockerPull, LayersOverTheLimit_EndThePull) {
    Pull it = pull(
        "{\"status\":\"Downloading\",\"id\":\"a\",\"progressDetail\":{\"current\":5,\"total\":600}}\n"
        "{\"status\":\"Downloading\",\"id\":\"b\",\"progressDetail\":{\"current\":7,\"total\":600}}\n");
    it.spec.limits.archive_bytes_max = 1000;
    it.run();
    ASSERT_FALSE(it.image);
    EXPECT_TRUE(it.image.error().is(EngineErrc::image_too_large)) << it.image.error().message();
    EXPECT_EQ(it.progress, 5u);
}

TEST(DockerPull, LineWithoutEnd_IsRefused) {
    Pull it = pull(std::string(2 * MiB, 'x'));
    it.run();
    ASSERT_FALSE(it.image);
    EXPECT_TRUE(it.image.error().is(EngineErrc::bad_answer)) << it.image.error().message();
}

TEST(EngineAddress, DockerHost_OnlyUnixSocketsAreSpokenTo) {
    EXPECT_EQ(*engine_address(nullptr), "unix:/var/run/docker.sock");
    EXPECT_EQ(*engine_address("unix:///run/x.sock"), "unix:/run/x.sock");
    EXPECT_FALSE(engine_address("tcp://10.0.0.1:2375"));
}

}  // namespace
}  // namespace sonm::engine
