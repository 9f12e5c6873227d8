#pragma once

#include "sonm/jabber/event.hpp"

#include <strophe.h>

/// What a server's stanzas say: any of them gives an event, an answer, both or nothing.
namespace sonm::jabber {

struct StanzaEnd {
    void operator()(xmpp_stanza_t* stanza) const { xmpp_stanza_release(stanza); }
};
using Stanza = std::unique_ptr<xmpp_stanza_t, StanzaEnd>;

/// Largest message, its addresses and its id counted: larger ones are given up. Servers usually forward less.
inline constexpr std::size_t message_bytes_max = 256 * 1024;

/// libstrophe gives null for what is not there.
inline std::string text_or_empty(const char* text) { return text ? text : ""; }

/// The question by whose answer a server confirms what was sent with this number.
Stanza make_confirmation(xmpp_ctx_t* context, std::uint64_t number);

struct Heard {
    std::optional<Event> event;
    Stanza reply;  ///< empty: nothing is to be answered
};
/// One stanza of a session. Nothing in it is believed to be there.
Heard read_stanza(xmpp_stanza_t* stanza);

/// The first stanza of a text; empty if it is none.
Stanza parse_stanza(xmpp_ctx_t* context, const std::string& text);

}  // namespace sonm::jabber
