#pragma once

#include "sonm/apphost/manifest.hpp"

#include <filesystem>
#include <functional>
#include <memory>

/// The port behind which app workers run: processes of this machine, or containers.
namespace sonm::apphost {

/// One worker to be started.
struct SpawnSpec {
    std::string app;
    std::string uuid;
    std::filesystem::path folder;   ///< the unpacked archive: where it starts
    std::string program;            ///< relative to the folder, or absolute
    std::vector<std::string> args;  ///< behind the program's name
    std::map<std::string, std::string> environment;
    std::filesystem::path socket;   ///< of the node; the worker must reach it
    std::filesystem::path locator;  ///< the same for its locator, without a network; may be empty
    std::string image;              ///< of containers
    Isolate isolate;
    std::optional<unsigned> user;  ///< whom it runs as; nothing = as the node itself
};

/// How a worker has ended.
struct ExitStatus {
    int code = 0;  ///< exit code; 128 + signal if it was killed by one
    bool killed = false;
    std::string words() const {
        return killed ? fmt::format("signal {}", code - 128) : fmt::format("exit code {}", code);
    }
};

/// A piece of what a worker prints, as it comes: not yet lines.
using OutputFn = std::function<void(BytesView)>;

/// A running worker. Destruction kills it.
class Spawned {
public:
    virtual ~Spawned() = default;
    /// Waits until it has ended, with all that it started; its output goes to the function given at its
    /// start.
    virtual Task<ExitStatus> wait() = 0;
    /// Asks it to end (SIGTERM).
    virtual void terminate() = 0;
    /// Ends it at once, with all that it has started.
    virtual void kill() = 0;
};

/// Starts workers. Implementations: ProcessSpawner, ContainerSpawner, and a script in tests.
class Spawner {
public:
    virtual ~Spawner() = default;
    /// Errors: not_found (no such program), denied, io, and those of the engine.
    virtual Async<std::unique_ptr<Spawned>> spawn(SpawnSpec spec, OutputFn output) = 0;
    /// Ends what an earlier life of this node has left running. Before the first spawn(), once.
    virtual Async<void> clean_up() = 0;
};

}  // namespace sonm::apphost
