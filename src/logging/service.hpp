#pragma once

#include "sonm/crypto/types.hpp"
#include "sonm/logging/fine_clock.hpp"
#include "sonm/logging/levels.hpp"
#include "sonm/logging/ring.hpp"
#include "sonm/logging/segments.hpp"
#include "sonm/logging/socket_outputs.hpp"
#include "sonm/services/platform.hpp"
#include "sonm/services/reload.hpp"

#include <set>

namespace sonm::logging {

struct Settings {
    std::filesystem::path folder;  ///< the service's own
    Levels levels;
    std::size_t memory_bytes_max = 16 * MiB;
    std::size_t queries_max = 64;
    std::optional<SegmentSettings> files;
    std::string journal_socket, syslog_socket;  ///< empty = not passed on there
    std::set<crypto::Address> operators;        ///< who may query and set levels; empty = everybody
    Millis retry{1'000};                        ///< after a write that failed
    Millis drain_max{2'000};
};

/// Takes entries in without ever waiting, hands them to outputs and queries at their pace.
class LoggingService final : public services::PlatformService {
public:
    /// `more`: outputs beside those that the settings name.
    LoggingService(const Executor& executor, const Clock& clock, Settings settings,
                   std::vector<std::unique_ptr<Output>> more = {});

    const rpc::ServiceBase& handlers() const override { return service_; }
    Async<void> start() override;
    Task<void> run() override;
    Async<void> drain() override;
    /// Takes over levels, operators and how many queries there may be.
    Result<void> reload(YamlReader& args) override;
    void measure(std::vector<services::Metric>& out) const override;

private:
    using Entries = std::vector<EntryPtr>;
    /// An output and how far it has come.
    struct Feed {
        std::unique_ptr<Output> output;
        std::uint64_t place = 0;
        std::uint64_t missed = 0;
        bool failing = false;
    };
    void bind();
    Result<void> emit(std::int64_t priority, std::string source, std::string message,
                      std::optional<LogAttributes> attributes);
    Result<void> set_level(const rpc::Context& who, std::string source, std::optional<std::int64_t> priority);
    Result<void> check_operator(const rpc::Context& who) const;
    Task<void> feed(Feed& feed);
    Async<void> query(rpc::Context who, LogFilter filter, rpc::Sink<LogEntry> out);
    /// The newest `filter.last` that match, then `place` behind them.
    Async<void> send_last(LogFilter filter, rpc::Sink<LogEntry> out, std::uint64_t& place);
    /// What has left memory and is in files.
    Async<void> send_filed(LogFilter filter, rpc::Sink<LogEntry> out, std::uint64_t& place);
    Task<std::shared_ptr<SegmentReader>> open_files(LogFilter filter, std::uint64_t from,
                                                    std::uint64_t before) const;
    static Async<void> send(rpc::Sink<LogEntry> out, LogFilter filter, Entries entries);
    LogEntry note_of_missed(std::uint64_t number, std::uint64_t missed);

    Executor executor_;
    Settings settings_;
    FineClock clock_;
    rpc::Service<services::LoggingProtocol> service_;
    Segments* files_ = nullptr;  ///< among the feeds
    std::deque<Feed> feeds_;
    std::unique_ptr<Ring> ring_;  ///< from start() on
    std::size_t queries_ = 0;
    bool draining_ = false;  ///< queries do not wait any more
    std::array<std::uint64_t, 4> kept_{};
    std::uint64_t below_level_ = 0, cut_ = 0, queries_missed_ = 0;
};

/// Reads the service's arguments. `folder` is where its files are if nothing else is said.
void read_settings(YamlReader& args, const std::filesystem::path& folder, Settings& out);

}  // namespace sonm::logging
