#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/bytes.hpp"
#include "sonm/base/strong.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The nouns of the engine port. All are values.
namespace sonm::engine {

using ContainerId = Strong<std::string, struct ContainerIdTag>;
using NetworkId = Strong<std::string, struct NetworkIdTag>;
/// "sha256:…" of the image's configuration: names content, cannot be moved to another image as a tag can.
using ImageId = Strong<std::string, struct ImageIdTag>;

using Labels = std::map<std::string, std::string>;

/// Gives the next piece of a stream of bytes; an empty piece ends it. Whoever writes one gives it a deadline
/// of its own.
using ByteSource = std::function<Async<Bytes>()>;

/// A folder or a sized temporary file system inside a container.
struct Mount {
    enum class Kind { bind, volume, tmpfs };
    Kind kind = Kind::bind;
    std::string source;  ///< absolute path of the machine, or a volume's name; unused for tmpfs
    std::string target;  ///< absolute path in the container
    bool read_only = false;
    std::uint64_t tmpfs_bytes_max = 64 * MiB;  ///< counts against the container's memory
};

struct ContainerLimits {
    std::uint64_t cpu_millicores = 1000;
    std::string cpu_set;                         ///< "0-3,7": only on these; empty = any
    std::uint64_t memory_bytes_max = 256 * MiB;  ///< swap included: there is none on top
    std::uint64_t processes_max = 256;
    std::uint64_t files_max = 4096;  ///< open at once, per process
    std::uint64_t shared_memory_bytes_max = 64 * MiB;
    std::uint64_t disk_read_bytes_per_second = 0;  ///< of every block device of the machine; 0 = unbounded
    std::uint64_t disk_write_bytes_per_second = 0;
    std::uint64_t log_bytes_max = 16 * MiB;  ///< older output is dropped beyond this
};

/// A container to be made. What is not said is the strictest: no network, read-only root, no capability, own
/// seccomp profile.
struct ContainerSpec {
    std::string name;   ///< [a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}; unique in the engine: creating twice is noticed
    std::string image;  ///< an ImageId's text, or a reference
    std::vector<std::string> entrypoint;  ///< empty = the image's
    std::vector<std::string> command;     ///< empty = the image's
    std::string work_dir;                 ///< empty = the image's
    std::string
        user;  ///< "1000", "1000:1000", never 0; empty = the image's if it is such a number, else 65534
    std::map<std::string, std::string> env;
    Labels labels;
    std::vector<Mount> mounts;
    ContainerLimits limits;
    std::optional<NetworkId> network;  ///< none, or one made by create_network
    std::vector<std::string> name_servers = {
        "1.1.1.1", "9.9.9.9"};  ///< with a network; the machine's own may be out of reach
    bool read_only_root = true;
    Seconds stop_grace{10};  ///< between SIGTERM and SIGKILL when nobody says otherwise
};

enum class ContainerState { created, running, paused, restarting, removing, exited, dead };

struct ContainerInfo {
    ContainerId id;
    std::string name;
    ImageId image;
    Labels labels;
    ContainerState state = ContainerState::created;
    int exit_code = 0;           ///< once exited
    bool oom_killed = false;     ///< some process of it was; podman never says
    std::string error;           ///< why it could not be started
    UnixTime started, finished;  ///< 0 = not yet
    Millis ran{0};               ///< from start to end, exactly; 0 = not yet
};

/// What a container has used so far, at one moment. Counters start at its start and vanish with its end.
struct Usage {
    std::uint64_t cpu_ns = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t memory_bytes_peak = 0;
    std::uint64_t network_bytes_in = 0, network_bytes_out = 0;
    std::uint64_t disk_bytes_read = 0, disk_bytes_written = 0;
    std::uint64_t processes = 0;
};

/// How a container ended.
struct ExitReport {
    int exit_code = 0;  ///< 128 + signal if killed by one
    bool oom_killed = false;
    UnixTime started, finished;
    Millis ran{0};  ///< from start to end, exactly
    /// Totals of the whole run, where the engine's machine still shows them; network bytes are not among
    /// them. Else the caller's last sample is all there is.
    std::optional<Usage> usage;
};

enum class LogChannel { out, err };

struct LogQuery {
    bool follow = false;         ///< wait for more until the container ends
    std::uint64_t since_ns = 0;  ///< only what was printed later, in ns since 1970; 0 = all that is kept
    std::optional<std::uint64_t> tail;  ///< only the last so many lines
};

/// A line as it was printed, or a piece of a long one (no line break at its end then).
struct LogRecord {
    LogChannel channel = LogChannel::out;
    std::uint64_t time_ns = 0;  ///< since 1970; 0 = unknown (the rest of a long line)
    Bytes text;
};

struct ExecSpec {
    std::vector<std::string> command;
    std::string user;
    std::string work_dir;
    std::size_t output_bytes_max = 1 * MiB;
    Millis duration_max{30'000};
};
struct ExecResult {
    int exit_code = 0;
    std::string out, err;
    bool truncated = false;
};

struct ImageLimits {
    std::uint64_t archive_bytes_max = 4 * GiB;   ///< as it comes
    std::uint64_t unpacked_bytes_max = 8 * GiB;  ///< of all files of all layers
    std::uint64_t files_max = 1'000'000;
};
struct ImageInfo {
    ImageId id;
    std::vector<std::string> tags;
    std::uint64_t unpacked_bytes = 0;
    std::string user;  ///< who it wants to run as; empty = root
    std::vector<std::string>
        volumes;  ///< folders that it wants to be writable; an engine would give each a place without a bound
};
struct Credentials {
    std::string user, password;
    std::string identity_token;  ///< instead of user and password
};
struct PullSpec {
    std::string reference;  ///< "registry/name:tag" or "registry/name@sha256:…"
    std::optional<Credentials> credentials;
    ImageLimits limits;
    Millis silence_max{60'000};  ///< without any progress
};
struct Progress {
    std::uint64_t bytes = 0;  ///< done so far
    std::uint64_t total = 0;  ///< 0 = unknown
    std::string text;         ///< for people: "Downloading", "Extracting"
};
/// Called from the engine's executor for each step; must not block.
using ProgressFn = std::function<void(const Progress&)>;

struct Event {
    std::uint64_t time_ns = 0;
    std::string action;  ///< "start", "die", "oom", "destroy", …
    ContainerId container;
    Labels attributes;  ///< the container's labels, and facts such as "exitCode"
};

/// What the engine is and what it can enforce.
struct EngineInfo {
    std::string version, api_version, operating_system, kernel, storage_driver, cgroup_driver;
    int cgroup_version = 0;
    std::uint64_t cpus = 0, memory_bytes = 0;
    std::uint64_t containers = 0, containers_running = 0;
    bool user_namespaces = false;  ///< root of a container is nobody of the machine
    bool seccomp = false;
    bool survives_restart = false;  ///< containers go on while the engine is down
    /// Promises of ContainerSpec that this engine does not keep, for people: "no memory limit".
    std::vector<std::string> missing;
};

}  // namespace sonm::engine
