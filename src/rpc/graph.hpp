#pragma once

#include "sonm/rpc/error.hpp"
#include "sonm/rpc/msgpack.hpp"

#include <cstdint>
#include <span>
#include <string_view>

/// What a protocol is once its types are forgotten: numbers, names, shapes, and the graph that `resolve`
/// hands out.
namespace sonm::rpc {

/// How a method talks. The tables behind say which messages may go which way; docs/protocol/slave.md,
/// "Vocabularies".
enum class Shape : std::uint8_t {
    unary,          ///< one value or error comes back
    notify,         ///< nothing comes back
    server_stream,  ///< items come back until close or error; the caller grants credit and may cancel
    client_stream,  ///< the caller writes items on credit; one value or error comes back
    bi_stream,     ///< items both ways on credit; each side says `end` when it has sent and received the last
                   ///< item
    plain_stream,  ///< items both ways without credit: what existing clients speak
};

/// What a message on an open channel means.
enum class Message : std::uint8_t { write, error, close, value, credit, cancel, end };

/// One message that may be sent in some state.
struct Slot {
    std::uint8_t type;
    Message message;
    bool last;  ///< nothing follows in this direction
};
std::string_view to_string(Message message);

/// What the caller may send after the opening frame (`from_caller`), or what the called side may send.
std::span<const Slot> slots(Shape shape, bool from_caller);
/// The number of `message` in that direction; it must be there.
std::uint8_t type_of(Shape shape, bool from_caller, Message message);
/// Items in that direction wait for credit.
bool is_credited(Shape shape, bool from_caller);

struct MethodInfo {
    std::uint16_t id;
    std::string_view name;
    Shape shape;
    std::span<const std::string_view> arguments;
};

struct ProtocolInfo {
    std::string_view name;
    std::uint32_t version;
    std::span<const MethodInfo> methods;
    std::span<const ErrorCategory> errors;
};

/// `{id: [name, tx, rx]}` as clients walk it.
void pack_graph(Writer& out, std::span<const MethodInfo> methods);

/// A value of any type, still encoded.
struct Encoded {
    Bytes bytes;
    bool operator==(const Encoded&) const = default;
};

}  // namespace sonm::rpc
