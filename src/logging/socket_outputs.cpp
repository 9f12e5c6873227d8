#include "sonm/logging/socket_outputs.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sonm::logging {
namespace {

/// How much of a message is tried again when a daemon finds the datagram too large.
constexpr std::size_t short_message_bytes = 1024;

/// Source: RFC 5424, table 2: error 3, warning 4, informational 6, debug 7.
int severity(LogPriority priority) {
    switch (priority) {
        case LogPriority::error: return 3;
        case LogPriority::warning: return 4;
        case LogPriority::info: return 6;
        default: return 7;
    }
}

std::string print(const LogValue& value) {
    auto text = [](const auto& inner) { return fmt::format("{}", inner); };
    return std::visit(text, value);
}

/// NAME=text, or with its length before it if it has more than one line.
void append_field(std::string& out, std::string_view name, std::string_view text) {
    out += name;
    if (text.find('\n') == text.npos) {
        ((out += '=') += text) += '\n';
        return;
    }
    out += '\n';
    for (int i = 0; i < 8; ++i) out += static_cast<char>(text.size() >> (8 * i));
    (out += text) += '\n';
}

/// Upper case, digits and `_`, at most 64 characters, as journald takes field names.
std::string field_name(std::string_view name) {
    std::string out = "SONM_";
    for (char c : name.substr(0, 59)) {
        bool lower = c >= 'a' && c <= 'z';
        bool fits = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += lower ? static_cast<char>(c - 'a' + 'A') : fits ? c : '_';
    }
    return out;
}

/// A word without blanks, for the head of a syslog line.
std::string word(std::string_view text) {
    std::string out;
    for (char c : text.substr(0, 48)) out += c > ' ' && c < 0x7f ? c : '_';
    return out.empty() ? "-" : out;
}

}  // namespace

SocketOutput::~SocketOutput() {
    if (socket_ >= 0) ::close(socket_);
}

bool SocketOutput::send(const std::string& datagram) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (socket_ < 0) {
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            if (path_.size() >= sizeof address.sun_path) return false;
            std::memcpy(address.sun_path, path_.data(), path_.size());
            socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            if (socket_ < 0 || ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
                return false;
        }
        if (::send(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return true;
        if (errno != ECONNREFUSED && errno != ENOTCONN && errno != ECONNRESET) return false;
        // The daemon was restarted: its socket is another one now.
        ::close(socket_);
        socket_ = -1;
    }
    return false;
}

Result<void> SocketOutput::write(const std::vector<EntryPtr>& entries) {
    for (const EntryPtr& entry : entries) {
        if (send(datagram(*entry, entry->message.size()))) continue;
        bool large = errno == EMSGSIZE && entry->message.size() > short_message_bytes;
        if (!large || !send(datagram(*entry, short_message_bytes))) ++refused_;
    }
    return {};
}

std::string JournalOutput::datagram(const LogEntry& entry, std::size_t message_bytes) const {
    std::string out;
    append_field(out, "MESSAGE", std::string_view(entry.message).substr(0, message_bytes));
    append_field(out, "PRIORITY", fmt::format("{}", severity(entry.priority)));
    append_field(out, "SYSLOG_IDENTIFIER", "sonm");
    append_field(out, "SONM_SOURCE", entry.source);
    for (const auto& [name, value] : entry.attributes) append_field(out, field_name(name), print(value));
    return out;
}

std::string SyslogOutput::datagram(const LogEntry& entry, std::size_t message_bytes) const {
    constexpr int daemon_facility = 3;
    std::string out = fmt::format("<{}>1 - - {} - - - ", daemon_facility * 8 + severity(entry.priority),
                                  word(entry.source));
    out += std::string_view(entry.message).substr(0, message_bytes);
    for (const auto& [name, value] : entry.attributes) out += fmt::format(" {}={}", word(name), print(value));
    return out;
}

}  // namespace sonm::logging
