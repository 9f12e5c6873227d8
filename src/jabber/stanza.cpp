#include "sonm/jabber/stanza.hpp"

#include "sonm/base/units.hpp"

namespace sonm::jabber {
namespace {

constexpr std::string_view confirmation = "sonm-";
constexpr const char* ping_namespace = "urn:xmpp:ping";

std::optional<Event> read_message(xmpp_stanza_t* stanza) {
    services::JabberMessage message;
    message.from = text_or_empty(xmpp_stanza_get_from(stanza));
    message.to = text_or_empty(xmpp_stanza_get_to(stanza));
    message.type = text_or_empty(xmpp_stanza_get_type(stanza));
    message.id = text_or_empty(xmpp_stanza_get_id(stanza));
    char* body = xmpp_message_get_body(stanza);
    bool says = body || message.type == "error";
    if (body) {
        message.body = body;
        xmpp_free(xmpp_stanza_get_context(stanza), body);
    }
    if (message.type.empty()) message.type = "normal";
    // Without a body: somebody is typing, and the like.
    if (!says) return std::nullopt;
    std::size_t bytes = message.from.size() + message.to.size() + message.type.size() + message.id.size() +
                        message.body.size();
    if (bytes > message_bytes_max) return GivenUp{bytes};
    return message;
}

std::optional<Event> read_answer(std::string_view id) {
    // An error confirms as well: the server has read the question.
    if (!id.starts_with(confirmation)) return std::nullopt;
    auto number = parse_int<std::uint64_t>(id.substr(confirmation.size()));
    return number ? std::optional<Event>(Confirmed{*number}) : std::nullopt;
}

Stanza add_child(Stanza parent, const char* name, const char* name_space) {
    Stanza child(xmpp_stanza_new(xmpp_stanza_get_context(parent.get())));
    xmpp_stanza_set_name(child.get(), name);
    xmpp_stanza_set_ns(child.get(), name_space);
    xmpp_stanza_add_child(parent.get(), child.get());
    return parent;
}

/// Not by libstrophe's own replies: they are none when a server asks in its own name, without an address.
Stanza make_reply(xmpp_stanza_t* question, const char* id) {
    xmpp_ctx_t* context = xmpp_stanza_get_context(question);
    bool ping = xmpp_stanza_get_child_by_ns(question, ping_namespace) != nullptr;
    Stanza reply(xmpp_iq_new(context, ping ? "result" : "error", id));
    if (const char* from = xmpp_stanza_get_from(question)) xmpp_stanza_set_to(reply.get(), from);
    if (ping) return reply;
    Stanza error(xmpp_stanza_new(context));
    xmpp_stanza_set_name(error.get(), "error");
    xmpp_stanza_set_type(error.get(), "cancel");
    error = add_child(std::move(error), "service-unavailable", XMPP_NS_STANZAS_IETF);
    xmpp_stanza_add_child(reply.get(), error.get());
    return reply;
}

}  // namespace

Stanza make_confirmation(xmpp_ctx_t* context, std::uint64_t number) {
    Stanza question(xmpp_iq_new(context, "get", fmt::format("{}{}", confirmation, number).c_str()));
    return add_child(std::move(question), "ping", ping_namespace);
}

Heard read_stanza(xmpp_stanza_t* stanza) {
    Heard heard;
    std::string name = text_or_empty(xmpp_stanza_get_name(stanza));
    if (name == "message") heard.event = read_message(stanza);
    if (name != "iq") return heard;
    std::string type = text_or_empty(xmpp_stanza_get_type(stanza));
    const char* id = xmpp_stanza_get_id(stanza);
    if (!id) return heard;
    if (type == "result" || type == "error") heard.event = read_answer(id);
    if (type == "get" || type == "set") heard.reply = make_reply(stanza, id);
    return heard;
}

Stanza parse_stanza(xmpp_ctx_t* context, const std::string& text) {
    return Stanza(xmpp_stanza_new_from_string(context, text.c_str()));
}

}  // namespace sonm::jabber
