#pragma once

#include "sonm/base/errc.hpp"
#include "sonm/rpc/msgpack.hpp"

#include <span>

/// Errors as they travel: `[[category, code], reason]`. Source: docs/protocol/slave.md, "Errors".
namespace sonm::rpc {

#define SONM_RPC_TRANSPORT_ERRORS(X)                   \
    X(frame_format, 1, "a frame of the wrong shape")   \
    X(header_decode, 2, "headers that cannot be read") \
    X(insufficient, 3, "not enough bytes")             \
    X(parse, 4, "not MessagePack")
SONM_ERROR_ENUM(TransportErrc, "rpc.transport", SONM_RPC_TRANSPORT_ERRORS)

#define SONM_RPC_DISPATCH_ERRORS(X)                     \
    X(duplicate_slot, 1, "two methods with one number") \
    X(invalid_argument, 2, "wrong arguments")           \
    X(not_connected, 3, "not connected")                \
    X(revoked_channel, 4, "the channel was revoked")    \
    X(slot_not_found, 5, "no such method")              \
    X(unbound, 6, "declared, but not served here")      \
    X(uncaught, 7, "the service failed")
SONM_ERROR_ENUM(DispatchErrc, "rpc.dispatch", SONM_RPC_DISPATCH_ERRORS)

#define SONM_RPC_SECURITY_ERRORS(X)                       \
    X(token_not_found, 1, "no proof of identity")         \
    X(unauthorized, 2, "the proof of identity is wrong")  \
    X(permission_denied, 3, "permission denied")          \
    X(permissions_changed, 4, "permissions have changed") \
    X(invalid_acl, 5, "unreadable permissions")
SONM_ERROR_ENUM(SecurityErrc, "rpc.security", SONM_RPC_SECURITY_ERRORS)

/// The first text is compared literally by existing clients.
#define SONM_RPC_LOCATOR_ERRORS(X)                          \
    X(service_not_available, 1, "service is not available") \
    X(routing_storage, 2, "routing groups cannot be read")  \
    X(missing_version, 3, "a graph without a version")      \
    X(gateway_duplicate, 4, "two gateways")                 \
    X(gateway_missing, 5, "no gateway")
SONM_ERROR_ENUM(LocatorErrc, "rpc.locator", SONM_RPC_LOCATOR_ERRORS)

#define SONM_RPC_PROTOCOL_ERRORS(X) X(closed_upstream, 1, "the stream has ended")
SONM_ERROR_ENUM(ProtocolErrc, "rpc.protocol", SONM_RPC_PROTOCOL_ERRORS)

}  // namespace sonm::rpc

SONM_REGISTER_ERROR_ENUM(sonm::rpc::TransportErrc)
SONM_REGISTER_ERROR_ENUM(sonm::rpc::DispatchErrc)
SONM_REGISTER_ERROR_ENUM(sonm::rpc::SecurityErrc)
SONM_REGISTER_ERROR_ENUM(sonm::rpc::LocatorErrc)
SONM_REGISTER_ERROR_ENUM(sonm::rpc::ProtocolErrc)

namespace sonm::rpc {

/// Number of sonm::Errc on the wire; rooms' own enums take numbers from 0x5301 up.
inline constexpr int category_sonm = 0x5300;
/// What categories without a number travel as.
inline constexpr int category_unknown = 255;

/// One room's error enum, as a protocol names it.
struct ErrorCategory {
    int number;
    const std::error_category* category;
};

struct WireError {
    std::int64_t category = 0;
    std::int64_t code = 0;
    std::string reason;
    bool operator==(const WireError&) const = default;
};

/// Categories that nobody here knows: code and sentence are kept.
const std::error_category& remote_category();

WireError to_wire(const Error& error, std::span<const ErrorCategory> extra = {});
/// Never "no error": a code of 0 becomes DispatchErrc::uncaught.
Error from_wire(const WireError& error, std::span<const ErrorCategory> extra = {});

/// The arguments of an `error` message, array included.
void pack_error(Writer& out, const WireError& error);
/// Reads the elements after the array's head; the reason may be missing. Errors: invalid.
Result<WireError> unpack_error(Reader& in, std::size_t count);

}  // namespace sonm::rpc
