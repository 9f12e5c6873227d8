#pragma once

#include "sonm/engine/engine.hpp"

#include <deque>
#include <set>

namespace sonm::engine {

/// The calls of the port, by name: where a fake can be told to fail.
#define SONM_ENGINE_CALLS(X)                                                                              \
    X(info)                                                                                               \
    X(load_image)                                                                                         \
    X(pull_image)                                                                                         \
    X(inspect_image)                                                                                      \
    X(remove_image)                                                                                       \
    X(create)                                                                                             \
    X(start)                                                                                              \
    X(wait)                                                                                               \
    X(stop)                                                                                               \
    X(remove) X(inspect) X(find) X(list) X(logs) X(usage) X(exec) X(put_archive) X(get_archive) X(events) \
        X(create_network) X(remove_network) X(list_networks) X(create_volume) X(remove_volume)
enum class EngineCall {
#define SONM_ENGINE_CALL(name) name,
    SONM_ENGINE_CALLS(SONM_ENGINE_CALL)
#undef SONM_ENGINE_CALL
};

/// What a container of an image does once it is started.
struct FakeRun {
    int exit_code = 0;
    bool oom_killed = false;
    std::vector<LogRecord> output;
    Usage usage;                   ///< what `usage` says while it runs
    std::optional<Usage> total;    ///< what the exit report says
    bool runs_until_told = false;  ///< goes on until `finish`, `stop` or `remove`; otherwise it ends at once
    bool ignores_sigterm = false;  ///< `stop` then reports 137 and not 143
    /// Called at the start, with the spec: writes outputs into bind mounts, looks at inputs.
    std::function<void(const ContainerSpec&)> effect;
    ExecResult exec;
};

/// An engine in memory for unit tests: deterministic, no time passes, follows a script. What it holds
/// outlives `die`, as containers outlive a real engine. One executor.
class FakeEngine final : public Engine {
public:
    explicit FakeEngine(Executor executor);
    ~FakeEngine() override;

    // --- the script ---
    /// The image is there, and its containers do this. Without a script of its own a container ends at once
    /// with code 0.
    void add_image(const ImageId& id, FakeRun run = FakeRun());
    /// What load_image takes its archives for; by default sha256 of the archive, without a limit on what it
    /// unpacks to.
    void next_loaded(const ImageId& id, FakeRun run = FakeRun());
    /// The next `times` calls of that kind fail like this, before anything is done…
    void fail_next(EngineCall call, Error error, int times = 1);
    /// …or after everything is done: the caller does not know that it worked.
    void fail_after(EngineCall call, Error error, int times = 1);
    /// The engine is gone: all calls and all open streams fail with engine_down until `revive`. Containers go
    /// on.
    void die();
    void revive();
    /// A running container ends.
    void finish(const ContainerId& id, int exit_code);
    /// A running container prints something.
    void print(const ContainerId& id, std::string text, LogChannel channel = LogChannel::out);
    /// Every container that was ever created, removed ones too: "was anything started twice?"
    struct Made {
        ContainerSpec spec;
        int starts = 0;
        bool removed = false;
    };
    const std::vector<Made>& made() const { return made_; }
    /// The calls so far, in order.
    const std::vector<EngineCall>& calls() const { return calls_; }
    void set_info(EngineInfo info) { info_ = std::move(info); }
    /// A network cannot be isolated: create_network fails with not_isolated.
    void refuse_networks() { networks_refused_ = true; }
    /// Wall clock of starts, ends and output.
    void set_now(UnixTime now) { now_ = now; }

    // --- the port ---
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
    struct Container {
        ContainerInfo info;
        FakeRun run;
        std::size_t made = 0;  ///< index in made_
        std::vector<LogRecord> output;
        std::map<std::string, Bytes> archives;  ///< what was put where
    };
    class Logs;
    class Events;

    Result<void> enter(EngineCall call);
    Result<void> leave(EngineCall call);
    Result<Container*> container(const ContainerId& id);
    void end(Container& container, int exit_code, bool oom_killed);
    void note(const Container& container, std::string action);
    /// Waits until anything changes.
    Task<void> changed();
    void wake();

    Executor executor_;
    asio::steady_timer change_;
    bool dead_ = false;
    std::uint64_t generation_ = 0;  ///< how often it died: streams of an earlier life have ended
    UnixTime now_{1'700'000'000};
    std::uint64_t next_id_ = 1;
    EngineInfo info_;
    std::map<std::string, FakeRun> images_;
    std::optional<std::pair<ImageId, FakeRun>> next_loaded_;
    std::map<std::string, Container> containers_;
    std::vector<Made> made_;
    std::vector<Event> events_;
    std::vector<EngineCall> calls_;
    std::map<EngineCall, std::deque<Error>> failures_before_, failures_after_;
    std::map<std::string, Labels> networks_;
    std::set<std::string> volumes_;
    bool networks_refused_ = false;
};

}  // namespace sonm::engine
