#include "sonm/jabber/link.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/jabber/stanza.hpp"

#include <malloc.h>
#include <sys/select.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

namespace sonm::jabber {
namespace {

/// Memory of one connection, counted: libstrophe itself has no bound for what a server sends.
void* counted_alloc(std::size_t size, void* used) {
    void* block = std::malloc(size);
    *static_cast<std::size_t*>(used) += ::malloc_usable_size(block);
    return block;
}
void counted_free(void* block, void* used) {
    *static_cast<std::size_t*>(used) -= ::malloc_usable_size(block);
    std::free(block);
}
void* counted_realloc(void* block, std::size_t size, void* used) {
    *static_cast<std::size_t*>(used) -= ::malloc_usable_size(block);
    void* moved = std::realloc(block, size);
    *static_cast<std::size_t*>(used) += ::malloc_usable_size(moved);
    return moved;
}

/// libstrophe waits with select(), which knows small numbers only.
int refuse_large_sockets(xmpp_conn_t* connection, void* socket) {
    if (*static_cast<int*>(socket) >= FD_SETSIZE) return -1;
    return xmpp_sockopt_cb_keepalive(connection, socket);
}

/// Why the last certificate on this thread was refused; libstrophe gives this handler nothing of ours.
thread_local std::string certificate_fault;
int refuse_certificate(const xmpp_tlscert_t*, const char* why) {
    certificate_fault = fmt::format("the certificate is refused: {}", why ? why : "no reason given");
    return 0;
}

}  // namespace

bool is_xml_text(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
        unsigned char first = byte(at);
        std::size_t more = first < 0x80   ? 0
                           : first < 0xc2 ? 4
                           : first < 0xe0 ? 1
                           : first < 0xf0 ? 2
                           : first < 0xf5 ? 3
                                          : 4;
        if (more == 4) return false;
        std::uint32_t code = more == 0 ? first : first & (0x3fu >> more);
        for (std::size_t i = 1; i <= more; ++i) {
            if ((byte(at + i) & 0xc0) != 0x80) return false;
            code = code << 6 | (byte(at + i) & 0x3f);
        }
        bool shortest = more < 2 || code >= (more == 2 ? 0x800u : 0x10000u);
        bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        if (!shortest || control || surrogate || code == 0xfffe || code == 0xffff || code > 0x10ffff)
            return false;
        at += more + 1;
    }
    return true;
}

struct Link::Impl {
    std::size_t used = 0;
    std::map<std::uint64_t, std::size_t> unread;  ///< what was sent and not confirmed: bytes, by number
    std::size_t unread_bytes = 0;                 ///< of `used`, at most
    xmpp_mem_t memory{counted_alloc, counted_free, counted_realloc, &used};
    xmpp_log_t log{keep_words, this};
    xmpp_ctx_t* context = nullptr;
    xmpp_conn_t* connection = nullptr;
    std::string words;  ///< the last error that libstrophe told
    std::vector<Event> events;
    bool over = false;

    ~Impl() {
        over = true;  // what the end itself says interests nobody
        if (connection) xmpp_conn_release(connection);
        if (context) xmpp_ctx_free(context);
    }

    static void keep_words(void* self, xmpp_log_level_t level, const char* area, const char* text) {
        if (level == XMPP_LEVEL_ERROR) static_cast<Impl*>(self)->words = fmt::format("{}: {}", area, text);
    }

    /// Before this call returns: the next one may be on another thread.
    void take_certificate_fault() {
        if (!certificate_fault.empty()) words = std::exchange(certificate_fault, std::string());
    }

    void end(std::string why) {
        if (std::exchange(over, true)) return;
        take_certificate_fault();
        if (!words.empty()) why += ": " + words;
        events.push_back(Disconnected{std::move(why)});
    }

    static void on_connection(xmpp_conn_t* connection, xmpp_conn_event_t event, int error,
                              xmpp_stream_error_t* stream, void* given) {
        auto& self = *static_cast<Impl*>(given);
        if (self.over) return;
        if (event == XMPP_CONN_CONNECT) {
            Stanza presence(xmpp_presence_new(self.context));
            xmpp_send(connection, presence.get());
            self.events.push_back(Connected{text_or_empty(xmpp_conn_get_bound_jid(connection))});
            return;
        }
        std::string why = "the connection ended";
        if (error > 0) why += fmt::format(": {}", std::generic_category().message(error));
        if (stream)
            why += fmt::format(" (stream error {} {})", static_cast<int>(stream->type),
                               text_or_empty(stream->text));
        self.end(std::move(why));
    }

    static int on_stanza(xmpp_conn_t* connection, xmpp_stanza_t* stanza, void* given) {
        auto& self = *static_cast<Impl*>(given);
        Heard heard = read_stanza(stanza);
        if (heard.event) {
            if (auto* confirmed = std::get_if<Confirmed>(&*heard.event)) self.forget(confirmed->number);
            self.events.push_back(std::move(*heard.event));
        }
        if (heard.reply) xmpp_send(connection, heard.reply.get());
        return 1;
    }

    void send(const Outgoing& outgoing) {
        std::size_t before = used;
        if (!outgoing.to.empty()) {
            Stanza message(xmpp_message_new(context, "chat", outgoing.to.c_str(), outgoing.id.c_str()));
            xmpp_message_set_body(message.get(), outgoing.body.c_str());
            xmpp_send(connection, message.get());
        }
        xmpp_send(connection, make_confirmation(context, outgoing.number).get());
        unread[outgoing.number] = used - before;
        unread_bytes += used - before;
    }

    void forget(std::uint64_t up_to) {
        while (!unread.empty() && unread.begin()->first <= up_to) {
            unread_bytes -= unread.begin()->second;
            unread.erase(unread.begin());
        }
    }
};

Link::Link(const Account& account, const std::string& ip) : impl_(std::make_unique<Impl>()) {
    static std::once_flag once;
    std::call_once(once, xmpp_initialize);
    Impl& self = *impl_;
    self.context = xmpp_ctx_new(&self.memory, &self.log);
    self.connection = xmpp_conn_new(self.context);
    xmpp_conn_set_jid(self.connection, account.address.c_str());
    xmpp_conn_set_pass(self.connection, account.password.c_str());
    // Confirmations are asked for by pings, which every server answers.
    long flags = XMPP_CONN_FLAG_DISABLE_SM;
    if (account.tls == Tls::required) flags |= XMPP_CONN_FLAG_MANDATORY_TLS;
    if (account.tls == Tls::none) flags |= XMPP_CONN_FLAG_DISABLE_TLS;
    xmpp_conn_set_flags(self.connection, flags);
    if (!account.ca_file.empty()) xmpp_conn_set_cafile(self.connection, account.ca_file.c_str());
    xmpp_conn_set_certfail_handler(self.connection, refuse_certificate);
    xmpp_conn_set_sockopt_callback(self.connection, refuse_large_sockets);
    xmpp_handler_add(self.connection, Impl::on_stanza, nullptr, nullptr, nullptr, &self);
    if (xmpp_connect_client(self.connection, ip.c_str(), account.port, Impl::on_connection, &self) !=
        XMPP_EOK)
        self.end(fmt::format("no connection to {} port {}", ip, account.port));
}

Link::~Link() = default;

std::vector<Event> Link::step(std::vector<Outgoing> outgoing) {
    Impl& self = *impl_;
    if (!self.over) {
        for (const Outgoing& each : outgoing) self.send(each);
        xmpp_run_once(self.context, 1);
        self.take_certificate_fault();
    }
    if (self.used > link_bytes_max + self.unread_bytes)
        self.end(fmt::format("the server sent too much at once ({} bytes)", self.used - self.unread_bytes));
    return std::exchange(self.events, std::vector<Event>());
}

}  // namespace sonm::jabber
