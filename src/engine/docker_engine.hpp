#pragma once

#include "sonm/engine/engine.hpp"
#include "sonm/http/client.hpp"

#include <filesystem>

namespace sonm::engine {

namespace docker {
struct Answer;
}

struct DockerConfig {
    std::string address = "unix:/var/run/docker.sock";
    /// Where image archives lie while they are examined. Needs room for the largest image that is accepted.
    std::filesystem::path spool_folder = std::filesystem::temp_directory_path();
    Millis answer_max{30'000};  ///< of every call, besides what the call itself waits for
};

/// The address in `DOCKER_HOST` ("unix:///path") in this program's form, or the system socket if it is unset.
/// Errors: invalid (only unix sockets are spoken to: an engine across a network would give its caller the
/// whole machine).
Result<std::string> engine_address(const char* docker_host);

/// Docker Engine API 1.41 over a unix socket; podman's socket speaks it too. Talks to the API only, never to
/// a program. Containers are hardened by default as docs/engine.md says. One executor; the engine being down
/// now and up later is normal.
class DockerEngine final : public Engine {
public:
    DockerEngine(Executor executor, DockerConfig config);
    /// Over connections made by `connect`, for tests.
    DockerEngine(Executor executor, DockerConfig config, http::Connector connect);

    Async<EngineInfo> info() override;

    Async<ImageInfo> load_image(ByteSource archive, ImageLimits limits, ProgressFn progress) override;
    Async<ImageInfo> pull_image(PullSpec spec, ProgressFn progress) override;
    Async<ImageInfo> inspect_image(std::string reference) override;
    Async<void> remove_image(std::string reference) override;

    Async<ContainerId> create(ContainerSpec spec) override;
    Async<void> start(ContainerId id) override;
    Async<ExitReport> wait(ContainerId id) override;
    Async<void> stop(ContainerId id, Seconds grace) override;
    Async<void> remove(ContainerId id) override;
    Async<ContainerInfo> inspect(ContainerId id) override;
    Async<ContainerInfo> find(std::string name) override;
    Async<std::vector<ContainerInfo>> list(Labels labels) override;

    Async<std::unique_ptr<LogStream>> logs(ContainerId id, LogQuery query) override;
    Async<Usage> usage(ContainerId id) override;
    Async<ExecResult> exec(ContainerId id, ExecSpec spec) override;
    Async<void> put_archive(ContainerId id, std::string path, ByteSource tar,
                            std::uint64_t bytes_max) override;
    Async<std::unique_ptr<ByteReader>> get_archive(ContainerId id, std::string path,
                                                   std::uint64_t bytes_max) override;
    Async<std::unique_ptr<EventStream>> events(Labels labels, UnixTime since) override;

    Async<NetworkId> create_network(std::string name, Labels labels) override;
    Async<void> remove_network(NetworkId id) override;
    Async<std::vector<NetworkId>> list_networks(Labels labels) override;
    Async<void> create_volume(std::string name, std::uint64_t bytes_max, Labels labels) override;
    Async<void> remove_volume(std::string name) override;

private:
    struct Call {
        std::string method;
        std::string target;  ///< below /v1.41
        std::string body;    ///< JSON, or empty
        Millis extra{0};     ///< on top of answer_max
    };
    Async<docker::Answer> ask(Call call);
    /// A streamed answer; one that is an error is read and becomes `docker::Answer` of its status in the
    /// error.
    Async<std::unique_ptr<http::BodyStream>> stream(http::Request request, ByteSource body, std::string doing,
                                                    EngineErrc missing);
    Async<ContainerInfo> inspect_path(std::string name, std::string* control_group = nullptr);
    /// Whether containers can have a control group of ours around them; asks the engine once.
    Async<bool> has_control_groups();
    Async<ExecResult> run_exec(std::string exec_id, std::size_t output_bytes_max);
    Async<ImageInfo> load_spooled(std::filesystem::path file, ImageId id);
    Async<void> pull_lines(PullSpec spec, ProgressFn progress);

    DockerConfig config_;
    http::Client client_;
    std::optional<bool> control_groups_;
};

}  // namespace sonm::engine
