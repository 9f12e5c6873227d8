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
    bi_stream,      ///< items both ways on credit; each side says `end` after the last item of both
    plain_stream,   ///< items both ways without credit: what existing clients speak
    dialog,         ///< each side says what its declared states allow
};

/// What a message on an open channel means to the session; `other` only to the program.
enum class Message : std::uint8_t { write, error, close, value, credit, cancel, end, other };
std::string_view to_string(Message message);
/// The meaning that a name has in every dialog.
constexpr Message message_named(std::string_view name) {
    if (name == "write") return Message::write;
    if (name == "error") return Message::error;
    if (name == "close") return Message::close;
    if (name == "value") return Message::value;
    return Message::other;
}

struct TypeInfo;
/// One element of a message: its name, empty where only its place counts, and its type.
struct ArgInfo {
    std::string_view name;
    const TypeInfo* type;
};

struct StateInfo;
/// One message that may be sent in some state.
struct Slot {
    std::uint16_t type;
    std::string_view name;
    Message message;
    const StateInfo* next;                    ///< nullptr: the state stays
    std::span<const ArgInfo> arguments = {};  ///< of a dialog's messages
};
/// What one side of a channel may say next; nothing: that direction is closed.
struct StateInfo {
    std::span<const Slot> slots;

    bool closed() const { return slots.empty(); }
    /// nullptr if the state has none of that number, name or meaning.
    const Slot* find(std::uint64_t type) const;
    const Slot* find(std::string_view name) const;
    const Slot* find(Message message) const;
};
inline constexpr StateInfo closed_state{};

/// What the caller may say after the opening frame (`from_caller`), or what the called side may say.
const StateInfo& vocabulary(Shape shape, bool from_caller);
/// Items in that direction wait for credit.
bool is_credited(Shape shape, bool from_caller);

struct MethodInfo {
    std::uint16_t id;
    std::string_view name;
    Shape shape;
    std::span<const ArgInfo> arguments;
    std::span<const ArgInfo> upstream, downstream, reply;  ///< elements of items and of the value
    const StateInfo *tx, *rx;                              ///< of a dialog; else nullptr: the shape says it

    const StateInfo& says(bool caller) const {
        const StateInfo* own = caller ? tx : rx;
        return own ? *own : vocabulary(shape, caller);
    }
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
