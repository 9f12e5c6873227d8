#pragma once

#include "sonm/base/shared_database.hpp"
#include "sonm/base/stopper.hpp"
#include "sonm/base/watchers.hpp"
#include "sonm/notifications/delivery.hpp"
#include "sonm/services/platform.hpp"

namespace sonm::notifications {

struct Config {
    Keeping keeping;
    std::size_t body_bytes_max = 256 * KiB;
    std::size_t subscriptions_max = 10'000;
    std::size_t attempts_max = 12;      ///< with the pauses between them about four hours
    std::size_t attempts_at_once = 32;  ///< of all webhooks, at most attempts_at_once_max
    std::size_t webhook_attempts_at_once = 4;
    Millis attempt_max{15'000};
    Millis lookup_max{30'000};  ///< an attempt given up during a look-up counts for its webhook so long
    std::size_t lookups_left_max = 256;  ///< of such attempts; beyond it none is begun
    std::vector<web::Network> allow;     ///< where webhooks may be beside public addresses
    std::string ca_file;
};

inline constexpr std::size_t attempts_at_once_max = 1'024;

/// Reads the service's arguments.
void read_config(YamlReader& args, Config& out);

/// The service `notifications`.
class Notifications final : public services::PlatformService {
public:
    /// `clock` must outlive it. `file`: where everything is kept.
    Notifications(Executor executor, Config config, const Clock& clock, std::string file);

    const rpc::ServiceBase& handlers() const override { return service_; }
    Async<void> start() override;
    Task<void> run() override;
    Async<void> drain() override;
    Result<void> reload(YamlReader& args) override;
    void measure(std::vector<services::Metric>& out) const override;

private:
    using Context = rpc::Context;
    using Place = std::optional<std::uint64_t>;
    struct NamedStream;
    struct Busy;
    void bind();
    /// Has `work(Store&) -> Result<T>` done on the thread of the database.
    template <class F>
    auto ask(F work, Asker asker = Asker::client) {
        auto inside = [store = store_, work = std::move(work)](Database&) { return work(*store); };
        return database_.run(std::move(inside), asker);
    }
    Async<std::uint64_t> publish(Publication publication);
    Async<void> subscribe_as(std::string owner, std::string topic, std::string name, std::uint64_t after,
                             rpc::Sink<Notification> out);
    Async<void> send_all(std::string topic, std::uint64_t after, rpc::Sink<Notification> out);
    Async<std::vector<Subscriber>> subscribers(std::string topic, std::string owner);
    Async<std::tuple<std::uint64_t, std::string>> add_webhook(std::string owner, std::string topic,
                                                              std::string url,
                                                              std::optional<std::string> secret);
    Async<void> redeliver(std::string owner, DeliveryKey key);
    Async<void> forget(std::string owner, std::string topic, std::string name);
    Task<void> keep_house();
    Task<void> clean();
    Task<void> dispatch(TaskGroup& group);
    /// How many attempts may begin.
    std::size_t room() const;
    Task<void> attempt(Delivery delivery, std::shared_ptr<Busy> busy);
    using Outcome = std::function<Result<void>(Store&)>;
    Outcome outcome_of(const Delivery& delivery, const Result<web::Response>& answer);
    Async<void> note_later(std::uint64_t sequence, Outcome outcome);

    Executor executor_;
    Config config_;
    const Clock& clock_;
    std::string file_;
    std::shared_ptr<Store> store_;  ///< of the database's thread, once open
    Watchers topics_;
    Stopper streams_;
    std::map<std::pair<std::string, std::string>, NamedStream*> named_;  ///< open ones, by topic and name
    Channel<bool> work_;                                                 ///< something may be due
    std::set<DeliveryKey> busy_;                                         ///< see Busy
    std::size_t attempts_ = 0;                                           ///< under way, each in busy_
    Store::Counts counts_;                                               ///< as last looked at
    std::uint64_t last_ = 0;  ///< sequence of the newest: where those begin who name none
    rpc::Service<services::NotificationsProtocol> service_;
    std::uint64_t published_ = 0, delivered_ = 0, failed_ = 0;
    std::unique_ptr<web::Client> web_;  ///< what it holds refers to the above
    SharedDatabase database_;           ///< last: waits for its thread before anything else goes
};

/// The service from its arguments.
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::notifications
