#include "sonm/logging/socket_outputs.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sonm::logging {
namespace {

/// Where a line is cut that a syslog daemon finds too large. Source: RFC 5424, 6.1: at least 2 KiB are taken.
constexpr std::size_t short_line_bytes = 8 * KiB;

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

bool SocketOutput::try_send(std::string_view datagram, int file) const {
    iovec part{const_cast<char*>(datagram.data()), datagram.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof file)> control{};
    if (file >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof file);
        std::memcpy(CMSG_DATA(head), &file, sizeof file);
    }
    return ::sendmsg(socket_, &message, MSG_NOSIGNAL) >= 0;
}

bool SocketOutput::wait_until_writable() {
    if (in_vain_) return false;
    pollfd what{socket_, POLLOUT, 0};
    in_vain_ = ::poll(&what, 1, static_cast<int>(patience_.count())) <= 0;
    errno = EAGAIN;
    return !in_vain_;
}

bool SocketOutput::send(std::string_view datagram, int file) {
    for (int attempt = 0, waits = 0; attempt < 2;) {
        if (socket_ < 0) {
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            if (path_.size() >= sizeof address.sun_path) return false;
            std::memcpy(address.sun_path, path_.data(), path_.size());
            socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            if (socket_ < 0 || ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
                return false;
        }
        if (try_send(datagram, file)) {
            in_vain_ = false;
            return true;
        }
        if (errno == EAGAIN && waits++ < 16 && wait_until_writable()) continue;
        ++attempt;
        if (errno != ECONNREFUSED && errno != ENOTCONN && errno != ECONNRESET) return false;
        // The daemon was restarted: its socket is another one now.
        ::close(socket_);
        socket_ = -1;
    }
    return false;
}

Result<void> SocketOutput::write(const std::vector<EntryPtr>& entries) {
    for (const EntryPtr& entry : entries) {
        std::string text = datagram(*entry);
        if (send(text)) continue;
        bool large = errno == EMSGSIZE || errno == ENOBUFS;
        if (!large || !send_large(text)) ++refused_;
    }
    return {};
}

bool JournalOutput::send_large(const std::string& datagram) {
    int file = ::memfd_create("sonm-journal-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return false;
    constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    std::string_view left = datagram;
    ssize_t count = 0;
    while (!left.empty() && (count = ::write(file, left.data(), left.size())) > 0)
        left.remove_prefix(static_cast<std::size_t>(count));
    bool sent = left.empty() && ::fcntl(file, F_ADD_SEALS, seals) == 0 && send({}, file);
    ::close(file);
    return sent;
}

std::string JournalOutput::datagram(const LogEntry& entry) const {
    std::string out;
    append_field(out, "MESSAGE", entry.message);
    append_field(out, "PRIORITY", fmt::format("{}", severity(entry.priority)));
    append_field(out, "SYSLOG_IDENTIFIER", "sonm");
    append_field(out, "SONM_SOURCE", entry.source);
    for (const auto& [name, value] : entry.attributes) append_field(out, field_name(name), print(value));
    return out;
}

bool SyslogOutput::send_large(const std::string& datagram) {
    return send(std::string_view(datagram).substr(0, short_line_bytes));
}

std::string SyslogOutput::datagram(const LogEntry& entry) const {
    constexpr int daemon_facility = 3;
    std::string out = fmt::format("<{}>1 - - {} - - - ", daemon_facility * 8 + severity(entry.priority),
                                  word(entry.source));
    out += entry.message;
    for (const auto& [name, value] : entry.attributes) out += fmt::format(" {}={}", word(name), print(value));
    return out;
}

}  // namespace sonm::logging
