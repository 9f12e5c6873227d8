#pragma once

#include "sonm/base/log.hpp"
#include "sonm/locator/locator.hpp"

#include <gtest/gtest.h>

#include <random>

/// A network of locators in one process: pipes for connections, function calls for datagrams, a clock that
/// stands still until told otherwise. For this room's tests and fuzzers.
namespace sonm::locator::testing {

struct Echo : rpc::Protocol<
                  "echo", 3,
                  rpc::Call<0, "say", rpc::Args<rpc::Arg<"words", std::string>>, rpc::Returns<std::string>>> {
};

class Network;

/// A pipe that can be cut without a word, as when a machine loses its power: nothing arrives any more, and
/// nobody is told. What was lost once cannot be made up for: that direction stays silent.
class CutStream final : public ByteStream {
public:
    CutStream(Network& network, std::unique_ptr<ByteStream> inner, std::string from, std::string to)
        : network_(network), inner_(std::move(inner)), from_(std::move(from)), to_(std::move(to)) {}
    Async<std::size_t> read_some(std::span<std::uint8_t> out) override { return inner_->read_some(out); }
    Async<void> write(BytesView bytes) override;
    void shutdown_write() override { inner_->shutdown_write(); }
    void close() override { inner_->close(); }
    std::string peer() const override { return inner_->peer(); }

private:
    Network& network_;
    std::unique_ptr<ByteStream> inner_;
    std::string from_, to_;
    bool silent_ = false;
};

/// What the nodes of a simulated network share.
class Network {
public:
    explicit Network(const Executor& executor, std::uint32_t seed = 1) : executor_(executor), random_(seed) {}

    using Serve = std::function<void(std::unique_ptr<ByteStream>)>;
    void attach(const std::string& host, Serve serve, Channel<Discovery::Heard>* ears) {
        nodes_[host] = Node{std::move(serve), ears};
    }
    void detach(const std::string& host) { nodes_.erase(host); }
    /// Nothing passes between the two any more, in either direction, until heal().
    void cut(const std::string& a, const std::string& b) {
        cuts_.insert({a, b});
        cuts_.insert({b, a});
    }
    /// The same between `a` and everybody.
    void isolate(const std::string& a) { isolated_.insert(a); }
    void heal() {
        cuts_.clear();
        isolated_.clear();
    }
    bool passes(const std::string& from, const std::string& to) const {
        return !cuts_.contains({from, to}) && !isolated_.contains(from) && !isolated_.contains(to);
    }
    Result<std::unique_ptr<ByteStream>> connect(const std::string& from, const Endpoint& to) {
        auto found = nodes_.find(to.first);
        if (found == nodes_.end() || !passes(from, to.first) || refused_.contains(to))
            return fail(Errc::unavailable, "connecting to {}", locator::to_string(to));
        ++connections;
        auto [near, far] = make_pipe(executor_);
        found->second.serve(std::make_unique<CutStream>(*this, std::move(far), to.first, from));
        return std::make_unique<CutStream>(*this, std::move(near), from, to.first);
    }
    void refuse(Endpoint endpoint) { refused_.insert(std::move(endpoint)); }
    void accept(const Endpoint& endpoint) { refused_.erase(endpoint); }
    void multicast(const std::string& from, BytesView datagram) {
        for (auto& [host, node] : nodes_)
            if (host != from && node.ears && passes(from, host))
                (void)node.ears->try_push(Discovery::Heard{from, to_bytes(datagram)});
    }
    Random random() {
        return [this] { return static_cast<std::uint32_t>(random_()); };
    }
    std::size_t connections = 0;

private:
    struct Node {
        Serve serve;
        Channel<Discovery::Heard>* ears = nullptr;
    };
    Executor executor_;
    std::mt19937 random_;
    std::map<std::string, Node> nodes_;
    std::set<std::pair<std::string, std::string>> cuts_;
    std::set<std::string> isolated_;
    std::set<Endpoint> refused_;
};

inline Async<void> CutStream::write(BytesView bytes) {
    silent_ = silent_ || !network_.passes(from_, to_);
    if (!silent_) {
        auto writing = inner_->write(bytes);
        co_return co_await std::move(writing);
    }
    co_return Result<void>();
}

class SimDiscovery final : public Discovery {
public:
    SimDiscovery(Network& network, std::string host, Channel<Heard>& ears)
        : network_(network), host_(std::move(host)), ears_(ears) {}
    Async<Heard> receive() override { return ears_.pop(); }
    Result<void> send(BytesView datagram) override {
        network_.multicast(host_, datagram);
        return {};
    }

private:
    Network& network_;
    std::string host_;
    Channel<Heard>& ears_;
};

/// Whether a simulated node has an account, and wants others to prove theirs.
struct Proofs {
    const crypto::Signer* signer = nullptr;
    bool required = false;
};

/// A whole node without sockets: a server, a locator, a service `echo`.
class SimNode {
public:
    SimNode(const Executor& executor, FakeClock& clock, Network& network, TaskGroup& group, std::string host,
            Options options, Proofs proofs)
        : host(std::move(host)),
          group_(group),
          network_(network),
          ears_(executor, 4096),
          server(executor, server_options(this->host, clock, proofs)),
          locator(parts(executor, clock, proofs), sim_options(std::move(options))) {
        echo.on<"say">([this](const rpc::Context&, std::string words) -> Result<std::string> {
            return words + " at " + this->host;
        });
        network_.attach(
            this->host,
            [this](std::unique_ptr<ByteStream> stream) { group_.spawn(server.serve(std::move(stream))); },
            &ears_);
    }
    ~SimNode() { network_.detach(host); }

    std::string host;
    rpc::Service<Echo> echo;

private:
    static rpc::ServerOptions server_options(const std::string& host, const Clock& clock, Proofs proofs) {
        rpc::ServerOptions options;
        options.signer = proofs.signer;
        options.clock = &clock;
        options.identity_required = proofs.required;
        options.connections_max = 4096;
        options.advertise = {HostPort{host, 10053}};
        return options;
    }
    static Options sim_options(Options options) {
        options.tick = Millis(3'600'000);  // the simulation ticks itself
        options.announce = true;
        return options;
    }
    Parts parts(const Executor& executor, FakeClock& clock, Proofs proofs) {
        Parts parts(executor, clock, server);
        parts.signer = proofs.signer;
        parts.discovery = std::make_unique<SimDiscovery>(network_, host, ears_);
        parts.random = network_.random();
        parts.load = [this] { return load; };
        parts.groups = &groups;
        parts.dial = [this](Endpoint where, Millis) { return dial(std::move(where)); };
        return parts;
    }
    Async<std::unique_ptr<ByteStream>> dial(Endpoint where) { co_return network_.connect(host, where); }

    TaskGroup& group_;
    Network& network_;
    Channel<Discovery::Heard> ears_;

public:
    double load = 0;
    MemoryGroups groups;
    rpc::Server server;
    Locator locator;
};

/// Nodes 10.0.0.1, 10.0.0.2, ... and their time.
class Simulation {
public:
    Simulation(const Executor& executor, TaskGroup& group, std::uint32_t seed = 1)
        : network(executor, seed), executor_(executor), group_(group) {}

    SimNode& add(Options options = Options(), Proofs proofs = Proofs()) {
        std::string host = fmt::format("10.0.{}.{}", next_ / 200, next_ % 200 + 1);
        if (options.uuid.empty()) options.uuid = fmt::format("node-{}", next_ + 1);
        ++next_;
        nodes.push_back(
            std::make_unique<SimNode>(executor_, clock, network, group_, host, std::move(options), proofs));
        group_.spawn(nodes.back()->locator.run());
        return *nodes.back();
    }
    /// Lets everything happen that needs no time.
    Task<void> settle() {
        for (int quiet = 0; quiet < 30; ++quiet) {
            auto turn = sleep_for(std::chrono::nanoseconds(0));
            co_await std::move(turn);
        }
    }
    Task<void> advance(unsigned seconds) {
        for (unsigned second = 0; second < seconds; ++second) {
            clock.advance(Seconds(1));
            for (auto& node : nodes) node->locator.tick();
            auto settling = settle();
            co_await std::move(settling);
        }
    }
    /// Whether every node finds `name`.
    bool all_find(const std::string& name) {
        return std::ranges::all_of(nodes,
                                   [&](auto& node) { return node->locator.resolve(name).has_value(); });
    }

    FakeClock clock;
    Network network;
    std::vector<std::unique_ptr<SimNode>> nodes;

private:
    Executor executor_;
    TaskGroup& group_;
    unsigned next_ = 0;
};

inline Async<void> as_result(Task<void> task) {
    co_await std::move(task);
    co_return Result<void>();
}

/// Runs `body(simulation, group)`; everything must be over within `limit` of real time.
template <class F>
void simulate(F body, std::uint32_t seed = 1, std::chrono::seconds limit = std::chrono::seconds(60)) {
    init_log("off");
    auto main = [](F run, std::uint32_t number, std::chrono::seconds most) -> Async<bool> {
        Executor executor = co_await asio::this_coro::executor;
        std::optional<Simulation> simulation;
        auto inside = [&](TaskGroup& group) {
            simulation.emplace(executor, group, number);
            return run(*simulation, group);
        };
        auto work = as_result(scope(100'000, std::move(inside)));
        auto limited = within(most, std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome) << outcome.error().message();
        co_return true;
    };
    EXPECT_TRUE(run_test(main(std::move(body), seed, limit)));
}

}  // namespace sonm::locator::testing
