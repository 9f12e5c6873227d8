#pragma once

#include "sonm/base/stopper.hpp"
#include "sonm/services/platform.hpp"
#include "sonm/unicorn/etcd_backend.hpp"
#include "sonm/unicorn/tree.hpp"

namespace sonm::unicorn {

/// Bounds of the service, whatever the backend.
struct Limits {
    std::size_t value_bytes_max = 1 * MiB;
    std::size_t subscriptions_max = 10'000;  ///< of all callers together, locks included
};

struct Config {
    Limits limits;
    TreeLimits tree;
    EtcdConfig etcd;  ///< without addresses the tree is a file of this node
};

/// Reads the service's arguments.
void read_config(YamlReader& args, Config& out);

/// The coordination service over a backend.
class Unicorn final : public services::PlatformService {
public:
    /// `config`: what the backend was made from, for what a reload changes.
    Unicorn(std::unique_ptr<Backend> backend, Config config = Config());

    const rpc::ServiceBase& handlers() const override { return service_; }
    Async<void> start() override { return backend_->start(); }
    Task<void> run() override { return backend_->run(); }
    Async<void> drain() override;
    Result<void> reload(YamlReader& args) override;
    void measure(std::vector<services::Metric>& out) const override;

private:
    using Context = rpc::Context;
    using ToSubscriber = rpc::Talk<rpc::Streaming<Versioned>, services::Handle>;
    using ToParent = rpc::Talk<rpc::Streaming<std::int64_t, std::vector<std::string>>, services::Handle>;
    using ToHolder = rpc::Talk<rpc::Streaming<bool>, services::Handle>;
    Async<void> subscribe(std::string path, ToSubscriber out);
    Async<void> subscribe_children(std::string path, ToParent out);
    Async<std::tuple<bool, Versioned>> put(std::string path, rpc::Encoded value, std::int64_t version);
    Async<Versioned> get(std::string path);
    Async<bool> create(std::string path, rpc::Encoded value);
    Async<bool> remove(std::string path, std::int64_t version);
    Async<Versioned> increment(std::string path, rpc::Encoded delta);
    Async<void> lock(std::string path, rpc::Encoded value, ToHolder out);
    /// The same until the node goes down: then the holder is told.
    Async<void> lock_until_stop(std::string path, rpc::Encoded value, ToHolder out);
    Result<void> check_value(const rpc::Encoded& value) const;
    Result<std::shared_ptr<void>> admit();

    std::unique_ptr<Backend> backend_;
    Config config_;
    Stopper streams_;
    rpc::Service<services::UnicornProtocol> service_;
    std::size_t subscriptions_ = 0, held_ = 0;
    std::uint64_t calls_ = 0;
};

/// The service from its arguments: `file` for one node, `etcd` for several.
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::unicorn
