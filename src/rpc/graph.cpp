#include "sonm/rpc/graph.hpp"

namespace sonm::rpc {
namespace {

using enum Message;

constexpr Slot last(std::uint16_t type, Message message, std::string_view name) {
    return {type, name, message, &closed_state};
}
constexpr Slot same(std::uint16_t type, Message message, std::string_view name) {
    return {type, name, message, nullptr};
}

constexpr std::array<Slot, 2> primitive{{last(0, value, "value"), last(1, error, "error")}};
constexpr std::array<Slot, 3> streaming{
    {same(0, write, "write"), last(1, error, "error"), last(2, close, "close")}};
constexpr std::array<Slot, 2> ending{{same(3, credit, "credit"), last(4, end, "end")}};
constexpr StateInfo ending_state{ending};
constexpr std::array<Slot, 4> streaming_both{{same(0, write, "write"),
                                              {1, "error", error, &ending_state},
                                              {2, "close", close, &ending_state},
                                              same(3, credit, "credit")}};
constexpr std::array<Slot, 3> primitive_crediting{
    {last(0, value, "value"), last(1, error, "error"), same(2, credit, "credit")}};
constexpr std::array<Slot, 2> crediting{{same(0, credit, "credit"), last(1, cancel, "cancel")}};

struct Vocabulary {
    Shape shape;
    StateInfo caller, callee;
};
/// One row a shape, in the enum's order. Source: docs/protocol/slave.md, "Vocabularies".
constexpr std::array<Vocabulary, 7> vocabularies{{
    {Shape::unary, {}, {primitive}},
    {Shape::notify, {}, {}},
    {Shape::server_stream, {crediting}, {streaming}},
    {Shape::client_stream, {streaming}, {primitive_crediting}},
    {Shape::bi_stream, {streaming_both}, {streaming_both}},
    {Shape::plain_stream, {streaming}, {streaming}},
    {Shape::dialog, {}, {}},
}};

/// States that graphs of this project nest; a graph is a tree, so a cycle would have no end.
constexpr int graph_depth_max = 8;

void pack_state(Writer& out, const StateInfo& state, int depth) {
    SONM_ASSERT(depth < graph_depth_max);
    out.map(state.slots.size());
    for (const Slot& slot : state.slots) {
        out.uint(slot.type);
        out.array(2);
        out.raw(slot.name);
        if (slot.next)
            pack_state(out, *slot.next, depth + 1);
        else
            out.nil();
    }
}

template <class Match>
const Slot* find_slot(const StateInfo& state, Match match) {
    auto found = std::find_if(state.slots.begin(), state.slots.end(), match);
    return found == state.slots.end() ? nullptr : &*found;
}

}  // namespace

std::string_view to_string(Message message) {
    static constexpr std::array<std::string_view, 8> names{"write",  "error",  "close", "value",
                                                           "credit", "cancel", "end",   "other"};
    return names[static_cast<std::size_t>(message)];
}

const Slot* StateInfo::find(std::uint64_t type) const {
    return find_slot(*this, [&](const Slot& slot) { return slot.type == type; });
}
const Slot* StateInfo::find(std::string_view name) const {
    return find_slot(*this, [&](const Slot& slot) { return slot.name == name; });
}
const Slot* StateInfo::find(Message message) const {
    return find_slot(*this, [&](const Slot& slot) { return slot.message == message; });
}

const StateInfo& vocabulary(Shape shape, bool from_caller) {
    const Vocabulary& row = vocabularies[static_cast<std::size_t>(shape)];
    return from_caller ? row.caller : row.callee;
}

bool is_credited(Shape shape, bool from_caller) {
    return shape != Shape::dialog && vocabulary(shape, from_caller).find(write) &&
           vocabulary(shape, !from_caller).find(credit);
}

void pack_graph(Writer& out, std::span<const MethodInfo> methods) {
    out.map(methods.size());
    for (const MethodInfo& method : methods) {
        out.uint(method.id);
        out.array(3);
        out.raw(method.name);
        pack_state(out, method.says(true), 0);
        pack_state(out, method.says(false), 0);
    }
}

}  // namespace sonm::rpc
