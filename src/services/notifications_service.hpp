#pragma once

#include "sonm/rpc/rpc.hpp"

/// Topics, and who hears of what is published: programs that are connected, and webhooks. Server: room
/// notifications.
namespace sonm::services {

struct Notification {
    std::uint64_t sequence = 0;  ///< rises over all topics; ask for what follows it
    std::string topic;
    std::string id;          ///< given by whoever published it; empty if none was
    std::uint64_t time = 0;  ///< when it was accepted, seconds since 1970
    std::string type;        ///< what the body is, as Content-Type says it
    Bytes body;
    bool gap = false;  ///< before this one some were removed that the subscriber has not had
};

struct Publication {
    std::string topic;
    Bytes body;
    std::string type = "application/octet-stream";
    /// Makes repeating safe: the same topic and id is accepted once, and answered alike.
    std::string id;
};

struct Webhook {
    std::uint64_t id = 0;
    std::string topic, url;
    std::string owner;  ///< account that made it, or empty
    std::uint64_t pending = 0, dead = 0;
    std::string last_error;
};

/// What could not be delivered; kept until it is delivered again or dropped.
struct DeadLetter {
    Notification notification;
    std::uint64_t attempts = 0;
    std::string error;
};

/// A named subscription: outlives its streams and every process.
struct Subscriber {
    std::string topic, name;
    std::string owner;               ///< account that made it, or empty
    std::uint64_t acknowledged = 0;  ///< the highest sequence; what follows is still owed
    std::uint64_t owed = 0;          ///< how many follow; counted up to 1000
    std::uint64_t lost = 0;          ///< what the bounds did not allow to keep for it, so far
    bool open = false;               ///< a stream of it is open
};

}  // namespace sonm::services

template <>
struct sonm::rpc::Fields<sonm::services::Notification> {
    using Notification = services::Notification;
    static constexpr auto list =
        fields(field<"sequence">(&Notification::sequence), field<"topic">(&Notification::topic),
               field<"id">(&Notification::id), field<"time">(&Notification::time),
               field<"type">(&Notification::type), field<"body">(&Notification::body),
               field<"gap">(&Notification::gap));
};
template <>
struct sonm::rpc::Fields<sonm::services::Publication> {
    using Publication = services::Publication;
    static constexpr auto list =
        fields(field<"topic">(&Publication::topic), field<"body">(&Publication::body),
               field<"type">(&Publication::type), field<"id">(&Publication::id));
};
template <>
struct sonm::rpc::Fields<sonm::services::Webhook> {
    using Webhook = services::Webhook;
    static constexpr auto list =
        fields(field<"id">(&Webhook::id), field<"topic">(&Webhook::topic), field<"url">(&Webhook::url),
               field<"owner">(&Webhook::owner), field<"pending">(&Webhook::pending),
               field<"dead">(&Webhook::dead), field<"last_error">(&Webhook::last_error));
};
template <>
struct sonm::rpc::Fields<sonm::services::DeadLetter> {
    using Dead = services::DeadLetter;
    static constexpr auto list = fields(field<"notification">(&Dead::notification),
                                        field<"attempts">(&Dead::attempts), field<"error">(&Dead::error));
};
template <>
struct sonm::rpc::Fields<sonm::services::Subscriber> {
    using Subscriber = services::Subscriber;
    static constexpr auto list = fields(
        field<"topic">(&Subscriber::topic), field<"name">(&Subscriber::name),
        field<"owner">(&Subscriber::owner), field<"acknowledged">(&Subscriber::acknowledged),
        field<"owed">(&Subscriber::owed), field<"lost">(&Subscriber::lost), field<"open">(&Subscriber::open));
};

namespace sonm::services {

/// 0 publish       accepted when answered, whatever happens to the process: its sequence. Errors: too_large,
///                 invalid (topic, type, id), no_space.
/// 1 subscribe     what is published to the topic after `after`, in order, as fast as the caller reads;
///                 without `after` only what comes from now on. Errors: busy.
/// 2 add_webhook   posts everything that is published to the topic from now on to an address, at least once,
///                 in no strict order. Gives the webhook's id and its secret ("whsec_..." in base64; a new
///                 one if none is given). Errors: invalid (URL, secret), busy (too many).
/// 3 remove_webhook  with what is pending and dead. Errors: not_found, denied (another account's).
/// 4 webhooks      those of the caller's account, or without an account those without an owner.
/// 5 dead_letters  at most `limit` (up to 100) of one webhook, after a sequence. Errors: not_found, denied.
/// 6 redeliver     tries a dead letter again, from the first attempt. Errors: not_found, denied.
/// 7 drop          forgets a dead letter. Errors: not_found, denied.
/// 8 subscribe_as  a subscription with a name, which goes on behind what was acknowledged, whatever died
///                 meanwhile; what was not acknowledged is kept for it, within bounds, and comes again. A
///                 name that is new begins behind `after`, without it with what comes from now on. A newer
///                 stream of that name ends an older one (conflict). Errors: busy, denied, conflict.
/// 9 acknowledge   everything of the topic up to `sequence` was dealt with; never goes back. Errors:
///                 not_found, denied, invalid (no such sequence yet).
/// 10 forget       ends a named subscription for good. Errors: not_found, denied.
/// 11 subscribers  the named ones of the topic that belong to the caller's account.
///
/// A delivery is a POST of the body with the headers webhook-id, webhook-timestamp, webhook-signature
/// (HMAC-SHA256 by the Standard Webhooks specification), sonm-topic, sonm-sequence, sonm-attempt. 2xx is
/// success; anything else is tried again with growing pauses, and becomes a dead letter after the last
/// attempt, at once on 410.
struct NotificationsProtocol
    : rpc::Protocol<
          "notifications", 1,
          rpc::Call<0, "publish", rpc::Args<rpc::Arg<"publication", Publication>>,
                    rpc::Returns<std::uint64_t>>,
          rpc::ServerStream<
              1, "subscribe",
              rpc::Args<rpc::Arg<"topic", std::string>, rpc::Arg<"after", std::optional<std::uint64_t>>>,
              rpc::Items<Notification>>,
          rpc::Call<2, "add_webhook",
                    rpc::Args<rpc::Arg<"topic", std::string>, rpc::Arg<"url", std::string>,
                              rpc::Arg<"secret", std::optional<std::string>>>,
                    rpc::Returns<std::uint64_t, std::string>>,
          rpc::Call<3, "remove_webhook", rpc::Args<rpc::Arg<"webhook", std::uint64_t>>, rpc::Returns<>>,
          rpc::Call<4, "webhooks", rpc::Args<>, rpc::Returns<std::vector<Webhook>>>,
          rpc::Call<5, "dead_letters",
                    rpc::Args<rpc::Arg<"webhook", std::uint64_t>, rpc::Arg<"after", std::uint64_t>,
                              rpc::Arg<"limit", std::uint64_t>>,
                    rpc::Returns<std::vector<DeadLetter>>>,
          rpc::Call<6, "redeliver",
                    rpc::Args<rpc::Arg<"webhook", std::uint64_t>, rpc::Arg<"sequence", std::uint64_t>>,
                    rpc::Returns<>>,
          rpc::Call<7, "drop",
                    rpc::Args<rpc::Arg<"webhook", std::uint64_t>, rpc::Arg<"sequence", std::uint64_t>>,
                    rpc::Returns<>>,
          rpc::ServerStream<8, "subscribe_as",
                            rpc::Args<rpc::Arg<"topic", std::string>, rpc::Arg<"name", std::string>,
                                      rpc::Arg<"after", std::optional<std::uint64_t>>>,
                            rpc::Items<Notification>>,
          rpc::Call<9, "acknowledge",
                    rpc::Args<rpc::Arg<"topic", std::string>, rpc::Arg<"name", std::string>,
                              rpc::Arg<"sequence", std::uint64_t>>,
                    rpc::Returns<>>,
          rpc::Call<10, "forget", rpc::Args<rpc::Arg<"topic", std::string>, rpc::Arg<"name", std::string>>,
                    rpc::Returns<>>,
          rpc::Call<11, "subscribers", rpc::Args<rpc::Arg<"topic", std::string>>,
                    rpc::Returns<std::vector<Subscriber>>>> {};

using NotificationsClient = rpc::Client<NotificationsProtocol>;

}  // namespace sonm::services
