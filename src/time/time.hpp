#pragma once

#include "sonm/services/platform.hpp"
#include "sonm/services/reload.hpp"
#include "sonm/services/time_service.hpp"
#include "sonm/time/estimate.hpp"
#include "sonm/time/mark.hpp"
#include "sonm/web/client.hpp"

namespace sonm::time {

/// The clocks of this machine in microseconds, finer than base's Clock gives them. Tests give others.
class Ticks {
public:
    virtual ~Ticks() = default;
    virtual std::int64_t wall() const;    ///< since 1970-01-01 UTC; may jump
    virtual std::int64_t steady() const;  ///< never jumps
};

struct Config {
    std::string name = "time";       ///< of this service
    std::vector<std::string> peers;  ///< "host:port" of nodes
    bool cluster = true;             ///< also the nodes that the locator is linked to
    std::string service = "time";    ///< its name at the peers
    Millis interval{16'000};         ///< between rounds of questions
    Millis answer_max{2'000};
    std::int64_t own_error_us = 500'000;  ///< how far this machine's clock is believed to be off
    std::size_t peers_max = 64;
    std::string chain_url;       ///< empty = no chain is asked
    Seconds block_age_max{120};  ///< the newest block of a chain that lives is younger
    std::vector<web::Network> chain_allow;
    std::filesystem::path mark;  ///< file that says how far readings have come; empty = none
};

/// The service `time`: asks other nodes' and the chain's clocks in rounds, answers from what it has.
class Time final : public services::PlatformService {
public:
    /// `ticks` and `host` must outlive it; host may be null: no cluster then.
    Time(Executor executor, Config config, services::Host* host, const Ticks& ticks);

    const rpc::ServiceBase& handlers() const override { return service_; }
    Async<void> start() override;
    Task<void> run() override;
    Async<void> drain() override;
    /// Takes over all but the peers' `service` and what concerns the chain.
    Result<void> reload(YamlReader& args) override;
    void measure(std::vector<services::Metric>& out) const override;

    /// As a caller is told: not before the mark is ahead of it.
    Async<services::TimeReading> tell();
    Async<services::TimeStatus> tell_status();
    services::TimeReading now();
    services::TimeStatus status();

private:
    struct Peer {
        std::optional<rpc::Connection> connection;
        Filter filter;
        bool listed = true;  ///< by the configuration or the cluster, in this round
    };
    struct Block {
        Interval offset;
        std::int64_t at;  ///< steady
    };
    Task<void> rounds(TaskGroup& group);
    Async<void> list_cluster();
    Task<void> round(TaskGroup& group);
    Task<void> ask(TaskGroup& group, std::string address);
    Async<void> exchange(TaskGroup& group, std::string address, Peer& peer);
    Task<void> ask_chain();
    Async<void> read_block();
    void notice_jump();
    /// Names and offsets of all clocks that have something to say; the own one first.
    std::pair<std::vector<services::TimeSource>, std::vector<Interval>> sources() const;

    Config config_;
    services::Host* host_;
    const Ticks& ticks_;
    Channel<bool> reloaded_;
    web::Client web_;
    rpc::Service<services::TimeProtocol> service_;
    std::map<std::string, Peer> peers_;
    std::optional<Block> block_;
    std::optional<std::int64_t> skew_;  ///< wall minus steady
    MonotoneReading reading_;
    std::optional<Mark> mark_;
    std::uint64_t exchanges_ = 0, failures_ = 0, jumps_ = 0;
};

void fields(YamlReader& args, Config& config);

/// The service from its arguments.
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::time
