#pragma once

#include "sonm/base/sqlite.hpp"
#include "sonm/services/notifications_service.hpp"

#include <set>

namespace sonm::notifications {

using services::DeadLetter;
using services::Notification;
using services::Publication;
using services::Webhook;

struct Keeping {
    std::size_t count_max = 100'000;    ///< of one topic, beside what is still to be delivered
    Seconds age_max{7 * 86'400};        ///< likewise
    std::uint64_t bytes_max = 1 * GiB;  ///< of all bodies; beyond it nothing is accepted
    std::size_t pending_max = 100'000;  ///< of one webhook; beyond it a notification is dead at once
    std::size_t dead_max = 10'000;      ///< of one webhook; beyond it the oldest is dropped
    std::size_t topics_max = 10'000;
    std::size_t webhooks_max = 1'000;
    std::size_t topic_webhooks_max = 100;
};

/// One attempt to be made.
struct Delivery {
    std::uint64_t webhook = 0;
    std::string url;
    Bytes secret;
    Notification notification;
    std::uint64_t attempts = 0;  ///< made before
};
using DeliveryKey = std::pair<std::uint64_t, std::uint64_t>;  ///< webhook, sequence

/// What was accepted and what is still to be done, in one SQLite file. What returned well is on the disk.
class Store {
public:
    static Result<std::unique_ptr<Store>> open(const std::string& file, Keeping keeping);

    /// The sequence, and whether it is new (its id was not published before). Errors: no_space, busy (too
    /// many topics).
    Result<std::pair<std::uint64_t, bool>> publish(const Publication& publication, UnixTime now);
    /// What follows `after` in a topic, at most `limit`.
    Result<std::vector<Notification>> after(const std::string& topic, std::uint64_t after, std::size_t limit);
    /// Of the newest notification of all.
    Result<std::uint64_t> last_sequence();

    /// Errors: busy.
    Result<std::uint64_t> add_webhook(const std::string& topic, const std::string& url, const Bytes& secret,
                                      const std::string& owner);
    /// Errors: not_found.
    Result<std::string> owner(std::uint64_t webhook);
    Result<void> remove_webhook(std::uint64_t webhook);
    Result<std::vector<Webhook>> webhooks(const std::string& owner);

    /// What is due, soonest first, but for those in `busy`; at most `each` of one webhook beside its busy
    /// ones.
    Result<std::vector<Delivery>> due(UnixTime now, const std::set<DeliveryKey>& busy, std::size_t limit,
                                      std::size_t each);
    Result<void> delivered(const DeliveryKey& key);
    Result<void> retry(const DeliveryKey& key, UnixTime at, std::string_view error);
    Result<void> dead(const DeliveryKey& key, std::string_view error);
    Result<std::vector<DeadLetter>> dead_letters(std::uint64_t webhook, std::uint64_t after,
                                                 std::size_t limit);
    /// Errors: not_found.
    Result<void> redeliver(const DeliveryKey& key, UnixTime now);
    Result<void> drop(const DeliveryKey& key);

    /// Removes what need not be kept. Errors: those of Database.
    Result<void> clean(UnixTime now);

    struct Counts {
        std::uint64_t kept = 0, pending = 0, dead = 0;
    };
    Result<Counts> counts();
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t dropped() const { return dropped_; }

private:
    Store(std::unique_ptr<Database> database, Keeping keeping);
    /// Gives the webhooks for which it waits now.
    Result<std::vector<std::uint64_t>> fan_out(const std::string& topic, std::uint64_t sequence,
                                               UnixTime now);
    void no_longer_pending(std::uint64_t webhook);
    Result<void> trim_dead(std::uint64_t webhook);
    Result<void> found(Result<std::size_t> changed, const DeliveryKey& key);
    Result<void> clean_topic(const std::string& topic, UnixTime now);

    std::unique_ptr<Database> database_;
    Keeping keeping_;
    std::uint64_t bytes_ = 0;
    /// How many deliveries wait for each webhook that has any: counting them anew for each would be slow.
    std::map<std::uint64_t, std::uint64_t> pending_;
    std::uint64_t turn_ = 0;     ///< the webhook that was looked at last
    std::uint64_t dropped_ = 0;  ///< dead letters over the bound
};

}  // namespace sonm::notifications
