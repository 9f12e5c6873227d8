#pragma once

#include "sonm/engine/errc.hpp"
#include "sonm/engine/types.hpp"

#include <memory>

namespace sonm::engine {

/// Output of one container, in order. Not thread-safe; destruction ends it.
class LogStream {
public:
    virtual ~LogStream() = default;
    /// Next record; nullopt at the end (when following: once the container has ended). Nothing is read ahead
    /// of the caller, beyond one buffer: a slow reader slows nobody but itself. Waits for as long as the
    /// container is silent. Errors: engine_down (ask again with since_ns of the last record), bad_answer.
    virtual Async<std::optional<LogRecord>> next() = 0;
};

/// Things that happen to containers, in order. Destruction ends it.
class EventStream {
public:
    virtual ~EventStream() = default;
    /// Waits for the next event. Errors: engine_down (list and inspect to see what was missed, then ask
    /// again), bad_answer.
    virtual Async<Event> next() = 0;
};

/// Bytes out of a container, read piece by piece. Destruction ends it.
class ByteReader {
public:
    virtual ~ByteReader() = default;
    /// Next piece, empty at the end. Errors: engine_down, too_large (over the limit that was given).
    virtual Async<Bytes> read() = 0;
};

/// Runs containers. Implementations: DockerEngine (Docker Engine API over a unix socket), FakeEngine
/// (scripted, for tests). All calls from the executor given at construction. Calls that name a container or
/// image may be repeated safely. Every call has a deadline of its own except those that say that they wait.
/// Errors of all: engine_down, refused_by_engine (with its words), bad_answer.
class Engine {
public:
    virtual ~Engine() = default;

    virtual Async<EngineInfo> info() = 0;

    /// Takes in an image archive as `docker save` writes it, never more than `limits`, and never under a tag:
    /// only the id names it. Errors: image_refused (no single image, damaged), image_too_large, no_space, and
    /// what `archive` says.
    virtual Async<ImageInfo> load_image(ByteSource archive, ImageLimits limits,
                                        ProgressFn progress = nullptr) = 0;
    /// Fetches an image from a registry. Errors: pull_failed (with the registry's words), image_too_large,
    /// timeout.
    virtual Async<ImageInfo> pull_image(PullSpec spec, ProgressFn progress = nullptr) = 0;
    /// Errors: image_missing.
    virtual Async<ImageInfo> inspect_image(std::string reference) = 0;
    /// One that is not there is no error. Errors: conflict (a container uses it).
    virtual Async<void> remove_image(std::string reference) = 0;

    /// Errors: image_missing, name_taken (find it with `find`), invalid (a bad spec: says which field).
    virtual Async<ContainerId> create(ContainerSpec spec) = 0;
    /// One that runs already is no error. Errors: container_missing, command_missing.
    virtual Async<void> start(ContainerId id) = 0;
    /// Waits until a started container has ended; one that has ended already is no wait. No deadline.
    /// Errors: container_missing, engine_down (ask again).
    virtual Async<ExitReport> wait(ContainerId id) = 0;
    /// SIGTERM, after `grace` SIGKILL; returns when it has ended. Zero grace kills at once. One that has
    /// ended is no error. Errors: container_missing.
    virtual Async<void> stop(ContainerId id, Seconds grace) = 0;
    /// Kills if need be, and removes with its anonymous volumes. One that is not there is no error.
    virtual Async<void> remove(ContainerId id) = 0;
    /// Errors: container_missing.
    virtual Async<ContainerInfo> inspect(ContainerId id) = 0;
    /// By name. Errors: container_missing.
    virtual Async<ContainerInfo> find(std::string name) = 0;
    /// All, whatever their state, that have all these labels with these values. For recovery after a crash.
    virtual Async<std::vector<ContainerInfo>> list(Labels labels) = 0;

    /// Errors: container_missing.
    virtual Async<std::unique_ptr<LogStream>> logs(ContainerId id, LogQuery query) = 0;
    /// One sample. Errors: container_missing, conflict (not running).
    virtual Async<Usage> usage(ContainerId id) = 0;
    /// Runs a command in a running container. Errors: container_missing, conflict (not running),
    /// command_missing, timeout.
    virtual Async<ExecResult> exec(ContainerId id, ExecSpec spec) = 0;
    /// Unpacks a tar stream under the folder `path` of a container. Errors: container_missing, not_found (no
    /// such folder), too_large (more than `bytes_max` of tar), denied (read-only).
    virtual Async<void> put_archive(ContainerId id, std::string path, ByteSource tar,
                                    std::uint64_t bytes_max) = 0;
    /// The file or folder `path` of a container as a tar stream of at most `bytes_max`. Errors:
    /// container_missing, not_found.
    virtual Async<std::unique_ptr<ByteReader>> get_archive(ContainerId id, std::string path,
                                                           std::uint64_t bytes_max) = 0;
    /// Events of the containers with these labels, from `since` (0 = now) on.
    virtual Async<std::unique_ptr<EventStream>> events(Labels labels, UnixTime since = UnixTime(0)) = 0;

    /// A network of its own for one container, with a way out to the internet, and none to this machine, its
    /// local networks and other containers. One that exists under that name is taken. Errors: not_isolated
    /// (says which rule could not be put in place).
    virtual Async<NetworkId> create_network(std::string name, Labels labels) = 0;
    /// With its rules. One that is not there is no error. Errors: conflict (a container is on it).
    virtual Async<void> remove_network(NetworkId id) = 0;
    virtual Async<std::vector<NetworkId>> list_networks(Labels labels) = 0;

    /// A named volume in memory of that size, kept as long as a container that uses it runs. Exists already:
    /// no error.
    virtual Async<void> create_volume(std::string name, std::uint64_t bytes_max, Labels labels) = 0;
    /// One that is not there is no error. Errors: conflict (in use).
    virtual Async<void> remove_volume(std::string name) = 0;
};

}  // namespace sonm::engine
