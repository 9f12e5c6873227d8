#pragma once

#include "sonm/rpc/rpc.hpp"

/// Coordination between programs: a small tree of versioned values, subscriptions and locks. Server: room
/// unicorn. Clients: apps in any language.
namespace sonm::services {

/// The numbers of category 11, as existing clients know them.
#define SONM_UNICORN_ERRORS(X)                                    \
    X(child_not_allowed, 1, "not for a node with children")       \
    X(invalid_type, 2, "only numbers can be incremented")         \
    X(invalid_value, 3, "a value of the wrong form or too large") \
    X(unknown, 4, "unknown failure")                              \
    X(bad_node_name, 5, "no name for a node")                     \
    X(bad_path, 6, "no path: write it like /service/leader")      \
    X(version_not_allowed, 7, "another version than expected")    \
    X(no_node, 8, "no such node")                                 \
    X(node_exists, 9, "the node exists already")                  \
    X(connection_loss, 10, "the store behind is out of reach")    \
    X(backend_internal, 11, "the store behind failed")
SONM_ERROR_ENUM(UnicornErrc, "unicorn", SONM_UNICORN_ERRORS)

/// A value of any type and how often its node was written; 0 as created.
struct Versioned {
    rpc::Encoded value = nil();
    std::int64_t version = -1;
    static rpc::Encoded nil() { return rpc::Encoded{Bytes{0xc0}}; }
    bool operator==(const Versioned&) const = default;
};

/// Version of a node that does not exist, and for removal: whatever the version.
inline constexpr std::int64_t version_absent = -1;

}  // namespace sonm::services

SONM_REGISTER_ERROR_ENUM(sonm::services::UnicornErrc)

template <>
struct sonm::rpc::Fields<sonm::services::Versioned> {
    using Versioned = services::Versioned;
    static constexpr auto list =
        fields(field<"value">(&Versioned::value), field<"version">(&Versioned::version));
};

namespace sonm::services {

/// What callers may say after any call: that they have had enough. It ends subscriptions and locks.
struct Handle : rpc::State<rpc::Say<0, "close">> {};

/// Paths are `/a/b/c`; a node holds a value or has children, as far as reading goes.
///
/// 0 subscribe           the value now, [nil, -1] if there is no node yet, then each later one (of several
///                       quick changes the last). Ends with no_node when the node is removed. Errors:
///                       child_not_allowed.
/// 1 children_subscribe  the names of the children, sorted, with a version that rises with every change;
///                       again after each change. Errors: no_node, also when the node is removed.
/// 2 put                 writes if the node has that version: [true, what it is now], else [false, what it
///                       is]. Errors: no_node, version_not_allowed (a negative one).
/// 3 get                 Errors: no_node, child_not_allowed.
/// 4 create              with all nodes above it. Errors: node_exists.
/// 5 del, 6 remove       a node without children, if it has that version (-1: any). Errors: no_node,
///                       version_not_allowed, child_not_allowed.
/// 7 increment           adds a number to a number, or creates the node with it. Errors: invalid_type,
///                       child_not_allowed, invalid_value (over 64 bits).
/// 8 lock, 9 named_lock  true once the caller holds the lock, first come first served; it is held until this
///                       channel is closed or its connection ends. Each waiting or holding lock is a child
///                       `lock-...` of the path for as long as it lasts, with the given value. Errors:
///                       connection_loss: the lock is held no more.
///
/// Errors everywhere: bad_path, connection_loss, backend_internal, busy, too_large, no_space.
struct UnicornProtocol
    : rpc::Protocol<
          "unicorn", 1, rpc::Errors<11, UnicornErrc>,
          rpc::Dialog<0, "subscribe", rpc::Args<rpc::Arg<"path", std::string>>, Handle,
                      rpc::Streaming<Versioned>>,
          rpc::Dialog<1, "children_subscribe", rpc::Args<rpc::Arg<"path", std::string>>, Handle,
                      rpc::Streaming<std::int64_t, std::vector<std::string>>>,
          rpc::Dialog<2, "put",
                      rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"value", rpc::Encoded>,
                                rpc::Arg<"version", std::int64_t>>,
                      Handle, rpc::Primitive<bool, Versioned>>,
          rpc::Dialog<3, "get", rpc::Args<rpc::Arg<"path", std::string>>, Handle, rpc::Primitive<Versioned>>,
          rpc::Dialog<4, "create", rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"value", rpc::Encoded>>,
                      Handle, rpc::Primitive<bool>>,
          rpc::Dialog<5, "del", rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"version", std::int64_t>>,
                      Handle, rpc::Primitive<bool>>,
          rpc::Dialog<6, "remove",
                      rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"version", std::int64_t>>, Handle,
                      rpc::Primitive<bool>>,
          rpc::Dialog<7, "increment",
                      rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"delta", rpc::Encoded>>, Handle,
                      rpc::Primitive<Versioned>>,
          rpc::Dialog<8, "lock", rpc::Args<rpc::Arg<"path", std::string>>, Handle, rpc::Streaming<bool>>,
          rpc::Dialog<9, "named_lock",
                      rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"value", rpc::Encoded>>, Handle,
                      rpc::Streaming<bool>>> {};

using UnicornClient = rpc::Client<UnicornProtocol>;

namespace detail {
template <rpc::Text Name, rpc::Text Message>
using UnicornItem = typename rpc::detail::SayNamed<typename UnicornProtocol::Find<Name>::Downstream,
                                                   Message>::Arguments::List::Type;
}  // namespace detail

/// Puts one question of those that have one answer: put, get, create, del, remove, increment. Errors: the
/// service's, closed.
template <rpc::Text Name, class... A>
Async<detail::UnicornItem<Name, "value">> ask_unicorn(UnicornClient client, A... args) {
    SONM_CO_TRY(auto talk, client.talk<Name>(std::move(args)...));
    auto hearing = talk.hear();
    SONM_CO_TRY(auto said, co_await std::move(hearing));
    if (!said) co_return fail(Errc::closed, "no answer came");
    co_return said->template args<"value">();
}

/// An open subscription, or a lock; dropping it closes it.
template <rpc::Text Name>
class UnicornFeed {
public:
    using Method = UnicornProtocol::Find<Name>;
    using Item = detail::UnicornItem<Name, "write">;
    using Talk = rpc::Talk<typename Method::Upstream, typename Method::Downstream>;
    explicit UnicornFeed(Talk talk) : talk_(std::move(talk)) {}

    /// The next item; nothing at the proper end. Errors: the service's, closed.
    Async<std::optional<Item>> next() { return take(talk_); }

private:
    static Async<std::optional<Item>> take(Talk talk) {
        auto hearing = talk.hear();
        SONM_CO_TRY(auto said, co_await std::move(hearing));
        if (!said || !said->template is<"write">()) co_return std::optional<Item>();
        SONM_CO_TRY(Item item, said->template args<"write">());
        co_return std::optional<Item>(std::move(item));
    }
    Talk talk_;
};

/// Opens one: subscribe, children_subscribe, lock, named_lock. Errors: closed, busy.
template <rpc::Text Name, class... A>
Result<UnicornFeed<Name>> follow_unicorn(const UnicornClient& client, A... args) {
    SONM_TRY(auto talk, client.talk<Name>(std::move(args)...));
    return UnicornFeed<Name>(std::move(talk));
}

}  // namespace sonm::services
