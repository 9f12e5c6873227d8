#pragma once

#include "sonm/base/watchers.hpp"
#include "sonm/notifications/delivery.hpp"
#include "sonm/services/platform.hpp"

namespace sonm::notifications {

struct Config {
    Keeping keeping;
    std::size_t body_bytes_max = 256 * KiB;
    std::size_t subscriptions_max = 10'000;
    std::size_t attempts_max = 12;      ///< with the pauses between them about four hours
    std::size_t attempts_at_once = 32;  ///< of all webhooks
    std::size_t webhook_attempts_at_once = 4;
    Millis attempt_max{15'000};
    std::vector<web::Network> allow;  ///< where webhooks may be beside public addresses
    std::string ca_file;
};

/// The service `notifications`.
class Notifications final : public services::PlatformService {
public:
    /// `clock` must outlive it. `file`: where everything is kept.
    Notifications(Executor executor, Config config, const Clock& clock, std::string file);

    const rpc::ServiceBase& handlers() const override { return service_; }
    Async<void> start() override;
    Task<void> run() override;
    void measure(std::vector<services::Metric>& out) const override;

private:
    using Context = rpc::Context;
    Result<std::uint64_t> publish(const Publication& publication);
    Async<void> subscribe(std::string topic, std::optional<std::uint64_t> after, rpc::Sink<Notification> out);
    Result<std::tuple<std::uint64_t, std::string>> add_webhook(const Context& who, const std::string& topic,
                                                               const std::string& url,
                                                               const std::optional<std::string>& secret);
    /// Errors: not_found, denied.
    Result<void> may_change(const Context& who, std::uint64_t webhook);
    Task<void> dispatch(TaskGroup& group);
    Task<void> attempt(Delivery delivery);
    Result<void> settle(const Delivery& delivery, const Result<web::Response>& answer);

    Executor executor_;
    Config config_;
    const Clock& clock_;
    std::string file_;
    std::unique_ptr<Store> store_;
    web::Client web_;
    Watchers topics_;
    Channel<bool> work_;  ///< something may be due
    std::set<DeliveryKey> busy_;
    rpc::Service<services::NotificationsProtocol> service_;
    std::uint64_t published_ = 0, delivered_ = 0, failed_ = 0;
};

/// The service from its arguments.
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::notifications
