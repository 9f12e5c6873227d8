#include "sonm/rpc/graph.hpp"

namespace sonm::rpc {
namespace {

using enum Message;

constexpr std::array<Slot, 2> primitive{{{0, value, true}, {1, error, true}}};
constexpr std::array<Slot, 3> streaming{{{0, write, false}, {1, error, true}, {2, close, true}}};
constexpr std::array<Slot, 5> streaming_both{
    {{0, write, false}, {1, error, false}, {2, close, false}, {3, credit, false}, {4, end, true}}};
constexpr std::array<Slot, 3> primitive_crediting{{{0, value, true}, {1, error, true}, {2, credit, false}}};
constexpr std::array<Slot, 2> crediting{{{0, credit, false}, {1, cancel, true}}};

struct Vocabulary {
    Shape shape;
    std::span<const Slot> caller, callee;
};
/// One row a shape, in the enum's order. Source: docs/protocol/slave.md, "Vocabularies".
constexpr std::array<Vocabulary, 6> vocabularies{{
    {Shape::unary, {}, primitive},
    {Shape::notify, {}, {}},
    {Shape::server_stream, crediting, streaming},
    {Shape::client_stream, streaming, primitive_crediting},
    {Shape::bi_stream, streaming_both, streaming_both},
    {Shape::plain_stream, streaming, streaming},
}};

bool has(std::span<const Slot> slots, Message message) {
    return std::any_of(slots.begin(), slots.end(), [&](const Slot& slot) { return slot.message == message; });
}

void pack_slots(Writer& out, std::span<const Slot> slots) {
    out.map(slots.size());
    for (const Slot& slot : slots) {
        out.uint(slot.type);
        out.array(2);
        out.raw(to_string(slot.message));
        if (slot.last)
            out.map(0);
        else
            out.nil();  // the state stays
    }
}

}  // namespace

std::string_view to_string(Message message) {
    static constexpr std::array<std::string_view, 7> names{"write",  "error",  "close", "value",
                                                           "credit", "cancel", "end"};
    return names[static_cast<std::size_t>(message)];
}

std::span<const Slot> slots(Shape shape, bool from_caller) {
    const Vocabulary& vocabulary = vocabularies[static_cast<std::size_t>(shape)];
    return from_caller ? vocabulary.caller : vocabulary.callee;
}

std::uint8_t type_of(Shape shape, bool from_caller, Message message) {
    for (const Slot& slot : slots(shape, from_caller))
        if (slot.message == message) return slot.type;
    SONM_ASSERT(!"the message is not in this vocabulary");
    return 0;
}

bool is_credited(Shape shape, bool from_caller) {
    return has(slots(shape, from_caller), write) && has(slots(shape, !from_caller), credit);
}

void pack_graph(Writer& out, std::span<const MethodInfo> methods) {
    out.map(methods.size());
    for (const MethodInfo& method : methods) {
        out.uint(method.id);
        out.array(3);
        out.raw(method.name);
        pack_slots(out, slots(method.shape, true));
        pack_slots(out, slots(method.shape, false));
    }
}

}  // namespace sonm::rpc
