#pragma once

#include "sonm/base/stopper.hpp"
#include "sonm/jabber/link.hpp"
#include "sonm/services/platform.hpp"

#include <set>

namespace sonm::jabber {

struct Config {
    Account account;
    std::size_t body_bytes_max = 64 * KiB;
    std::size_t sending_max =
        256;  ///< messages that the server has not confirmed, given up by callers or not
    std::size_t listeners_max = 256;
    std::size_t queue_max = 256;   ///< messages that a listener is behind; the oldest go then
    std::size_t backlog_max = 64;  ///< kept while nobody listens
    Millis connect_max{20'000};
    Millis confirm_max{15'000};
    Millis quiet_max{60'000};                    ///< then the server is asked whether it is there
    Millis pause_min{1'000}, pause_max{60'000};  ///< between connections
};

/// The service `jabber`: keeps one connection, with growing pauses between attempts.
class Jabber final : public services::PlatformService {
public:
    /// `clock` must outlive it.
    Jabber(Executor executor, Config config, const Clock& clock);
    ~Jabber() override;

    const rpc::ServiceBase& handlers() const override { return service_; }
    Task<void> run() override;
    /// Those who receive are let go; what is being sent is still confirmed.
    Async<void> drain() override;
    void measure(std::vector<services::Metric>& out) const override;
    const services::JabberStatus& status() const { return status_; }

private:
    using TimePoint = std::chrono::steady_clock::time_point;
    struct Listener;
    struct Waiter;
    /// All listeners share what waits: it never changes, and a crowd of slow ones holds no more than one.
    using Queue = std::deque<std::shared_ptr<const services::JabberMessage>>;
    Async<std::string> send(std::string to, std::string body);
    Async<void> receive(rpc::Sink<services::JabberMessage> out);
    /// One connection, until it ends: why.
    Async<void> connection();
    Async<std::string> look_up();
    Result<void> handle(Event event);
    void take(services::JabberMessage message);
    /// A message that is too large: told as missed.
    void give_up(std::size_t bytes);
    /// Has it sent, and confirmed by the number that it gives.
    std::uint64_t hand_over(std::string to, std::string body, std::string id);
    std::uint64_t unconfirmed() const { return number_ - confirmed_; }
    /// Errors: timeout, when the server has been silent for too long, or has not answered.
    Result<void> watch_silence();

    Executor executor_;
    Config config_;
    const Clock& clock_;
    rpc::Service<services::JabberProtocol> service_;
    services::JabberStatus status_;
    std::vector<Outgoing> outgoing_;
    Channel<bool> work_;  ///< there is something to send
    std::map<std::uint64_t, Waiter*> waiters_;
    std::uint64_t number_ = 0, confirmed_ = 0;  ///< the last that was sent; the last that was read
    TimePoint heard_at_, begun_at_;
    TimePoint owing_since_;  ///< what the server has not confirmed
    std::set<Listener*> listeners_;
    Stopper streams_;
    Queue backlog_;
    std::uint64_t backlog_missed_ = 0;
    std::uint64_t sent_ = 0, received_ = 0, missed_ = 0;
};

/// The service from its arguments.
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::jabber
