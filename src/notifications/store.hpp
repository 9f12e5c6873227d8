#pragma once

#include "sonm/base/sqlite.hpp"
#include "sonm/services/notifications_service.hpp"

#include <map>
#include <set>

namespace sonm::notifications {

using services::DeadLetter;
using services::Notification;
using services::Publication;
using services::Subscriber;
using services::Webhook;

struct Keeping {
    std::size_t count_max = 100'000;    ///< of one topic, beside what is still to be delivered
    Seconds age_max{7 * 86'400};        ///< likewise
    std::uint64_t bytes_max = 1 * GiB;  ///< of all that is kept; beyond it nothing is accepted
    std::size_t pending_max = 100'000;  ///< of one webhook; beyond it a notification is dead at once
    std::size_t dead_max = 10'000;      ///< of one webhook; beyond it the oldest is dropped
    std::size_t topics_max = 10'000;
    std::size_t webhooks_max = 1'000;
    std::size_t topic_webhooks_max = 100;
    std::size_t subscribers_max = 1'000;  ///< named ones, of all topics
    std::size_t owed_max = 1'000'000;     ///< kept for a named one beyond count_max and age_max
    Seconds owed_age_max{30 * 86'400};    ///< likewise
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

/// What was accepted and what is still to be done, in one database. All of it is work for one thread at a
/// time; a change belongs in a transaction of the caller's: it can be repeated if that is rolled back.
class Store {
public:
    static std::vector<std::string_view> migrations();
    /// `database` must outlive it.
    Store(Database& database, Keeping keeping);
    void keep(const Keeping& keeping) {
        if (keeping.bytes_max < keeping_.bytes_max) begun_with_ = 0;
        keeping_ = keeping;
    }
    /// What is kept already is no reason to squeeze. Says so if it is more than may be.
    Result<void> begin();

    /// The sequence, and whether it is new (its id was not published before). Errors: no_space, too_large
    /// (the whole store has less), busy (too many topics).
    Result<std::pair<std::uint64_t, bool>> publish(const Publication& publication, UnixTime now);
    /// What follows `after` in a topic, at most `limit`, and no more than about 256 KiB.
    Result<std::vector<Notification>> after(const std::string& topic, std::uint64_t after, std::size_t limit);
    /// Of the newest notification of all.
    Result<std::uint64_t> last_sequence();

    /// Errors: busy.
    Result<std::uint64_t> add_webhook(const std::string& topic, const std::string& url, const Bytes& secret,
                                      const std::string& owner);
    /// Whose is it? Errors: not_found, denied.
    Result<void> check_webhook(std::uint64_t webhook, const std::string& owner);
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

    /// Behind what a named subscription goes on. A new name begins behind `after`, or behind all there is.
    /// Errors: denied, busy.
    Result<std::uint64_t> attach(const std::string& topic, const std::string& name, const std::string& owner,
                                 std::optional<std::uint64_t> after);
    /// Errors: not_found, denied, invalid (nothing has that sequence yet).
    Result<void> acknowledge(const std::string& topic, const std::string& name, const std::string& owner,
                             std::uint64_t sequence);
    /// Errors: not_found, denied.
    Result<void> forget(const std::string& topic, const std::string& name, const std::string& owner);
    Result<std::vector<Subscriber>> subscribers(const std::string& topic, const std::string& owner);

    /// Removes a part of what need not be kept, from the topic behind `topic` on: where to go on, nothing if
    /// that was all.
    Result<std::optional<std::string>> clean(UnixTime now, std::string topic);
    /// How far a squeeze has come.
    struct Squeezed {
        std::uint64_t after = 0;
        /// By topic: up to there are more than count_max. Found once, as that is slow; it only rises.
        std::map<std::string, std::uint64_t> too_many;
    };
    /// While more than nine tenths of the room are taken, and more than since begin() always were, or a
    /// publication was refused for want of room: removes a part of what is kept for named subscribers only,
    /// the oldest of all topics, and no more than that needs. Where to go on, nothing if that was all. After
    /// clean().
    Result<std::optional<Squeezed>> squeeze(UnixTime now, Squeezed at);

    struct Counts {
        std::uint64_t kept = 0, bytes = 0, pending = 0, dead = 0, subscribers = 0;
        std::uint64_t dropped = 0;  ///< dead letters over the bound, ever
        std::uint64_t lost = 0;     ///< what named subscribers were owed and was removed, ever
        bool crowded = false;       ///< so much is taken that squeeze() removes some
        bool refused = false;       ///< a publication, since the last squeeze, for want of room
    };
    Result<Counts> counts();

private:
    Result<void> trim_dead(std::uint64_t webhook);
    static Result<void> found(Result<std::size_t> changed, const DeliveryKey& key);
    Result<std::uint64_t> acknowledged(const std::string& topic, const std::string& name,
                                       const std::string& owner);
    /// How many went.
    Result<std::size_t> clean_topic(const std::string& topic, UnixTime now);
    /// The newest of the topic that `count` newer ones follow, or 0.
    Result<std::uint64_t> beyond(const std::string& topic, std::size_t count);
    std::uint64_t crowded_above() const { return std::max(keeping_.bytes_max / 10 * 9, begun_with_); }
    Result<void> remove(const std::string& topic, const std::vector<std::uint64_t>& sequences);

    Database& database_;
    Keeping keeping_;
    std::uint64_t turn_ = 0;  ///< the webhook that was looked at last
    /// Bytes kept at begin(), or fewer since. A newer version may count more for the same.
    std::uint64_t begun_with_ = 0;
    std::uint64_t wanted_ = 0;  ///< bytes of the largest publication refused since the last squeeze
};

}  // namespace sonm::notifications
