#include "sonm/jabber/link.hpp"
#include "sonm/jabber/stanza.hpp"

namespace {

using namespace sonm;
using namespace sonm::jabber;

void check(const Event& event) {
    if (const auto* message = std::get_if<services::JabberMessage>(&event)) {
        std::size_t bytes = 0;
        for (const std::string* part :
             {&message->from, &message->to, &message->type, &message->id, &message->body}) {
            SONM_ASSERT(is_xml_text(*part));
            bytes += part->size();
        }
        SONM_ASSERT(bytes <= message_bytes_max && !message->type.empty());
    } else {
        SONM_ASSERT(std::holds_alternative<Confirmed>(event) || std::holds_alternative<GivenUp>(event));
    }
}

}  // namespace

/// Any text as what a server says: never a crash, what is heard is text of bounded size, and an answer is
/// read again as what it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static xmpp_ctx_t* const context = xmpp_ctx_new(nullptr, nullptr);
    std::string text(reinterpret_cast<const char*>(data), size);
    Stanza stanza = parse_stanza(context, text);
    if (!stanza) return 0;
    Heard heard = read_stanza(stanza.get());
    if (heard.event) check(*heard.event);
    if (!heard.reply) return 0;
    char* written = nullptr;
    std::size_t length = 0;
    SONM_ASSERT(xmpp_stanza_to_text(heard.reply.get(), &written, &length) == XMPP_EOK);
    Stanza again = parse_stanza(context, written);
    xmpp_free(context, written);
    SONM_ASSERT(again);
    SONM_ASSERT(text_or_empty(xmpp_stanza_get_id(again.get())) == xmpp_stanza_get_id(stanza.get()));
    SONM_ASSERT(text_or_empty(xmpp_stanza_get_to(again.get())) ==
                text_or_empty(xmpp_stanza_get_from(stanza.get())));
    // An answer asks for none: two of these services never answer each other for ever.
    SONM_ASSERT(!read_stanza(again.get()).reply);
    return 0;
}
