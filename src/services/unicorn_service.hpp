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

/// Paths are `/a/b/c`; a node holds a value or has children, as far as reading goes.
///
/// 0 subscribe           the value now, [nil, -1] if there is no node yet, then each later one (of several quick
///                       changes the last). Ends with no_node when the node is removed. Errors:
///                       child_not_allowed.
/// 1 children_subscribe  the names of the children, sorted, with a version that rises with every change; again
///                       after each change. Errors: no_node, also when the node is removed.
/// 2 put                 writes if the node has that version: [true, what it is now], else [false, what it is].
///                       Errors: no_node, version_not_allowed (a negative one).
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
          rpc::ServerStream<0, "subscribe", rpc::Args<rpc::Arg<"path", std::string>>, rpc::Items<Versioned>>,
          rpc::ServerStream<1, "children_subscribe", rpc::Args<rpc::Arg<"path", std::string>>,
                            rpc::Items<std::int64_t, std::vector<std::string>>>,
          rpc::Call<2, "put",
                    rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"value", rpc::Encoded>,
                              rpc::Arg<"version", std::int64_t>>,
                    rpc::Returns<bool, Versioned>>,
          rpc::Call<3, "get", rpc::Args<rpc::Arg<"path", std::string>>, rpc::Returns<Versioned>>,
          rpc::Call<4, "create", rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"value", rpc::Encoded>>,
                    rpc::Returns<bool>>,
          rpc::Call<5, "del", rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"version", std::int64_t>>,
                    rpc::Returns<bool>>,
          rpc::Call<6, "remove", rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"version", std::int64_t>>,
                    rpc::Returns<bool>>,
          rpc::Call<7, "increment", rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"delta", rpc::Encoded>>,
                    rpc::Returns<Versioned>>,
          rpc::ServerStream<8, "lock", rpc::Args<rpc::Arg<"path", std::string>>, rpc::Items<bool>>,
          rpc::ServerStream<9, "named_lock",
                            rpc::Args<rpc::Arg<"path", std::string>, rpc::Arg<"value", rpc::Encoded>>,
                            rpc::Items<bool>>> {};

using UnicornClient = rpc::Client<UnicornProtocol>;

}  // namespace sonm::services
