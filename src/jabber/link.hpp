#pragma once

#include "sonm/base/result.hpp"
#include "sonm/jabber/event.hpp"

#include <memory>
#include <vector>

namespace sonm::jabber {

enum class Tls : std::uint8_t {
    required,  ///< and the certificate must be right
    optional,  ///< encrypted where the server offers it; then the certificate must be right
    none,
};

struct Account {
    std::string address;  ///< "bot@example.org" or with a resource
    std::string password;
    std::string host;  ///< empty = the address's domain
    std::uint16_t port = 5222;
    Tls tls = Tls::required;
    std::string ca_file;  ///< empty = the system's
};

/// A message to be sent and confirmed; without `to` only the confirmation is asked for. Numbers rise.
struct Outgoing {
    std::uint64_t number = 0;
    std::string to, body, id;
};

/// One XMPP connection, by libstrophe. Every call may block (TLS handshakes do): call from a thread for that,
/// one call at a time.
class Link {
public:
    /// `ip`: a numeric address of the account's host.
    Link(const Account& account, const std::string& ip);
    ~Link();
    Link(const Link&) = delete;

    /// Sends, reads what is there, and says what happened. After Disconnected nothing more happens.
    std::vector<Event> step(std::vector<Outgoing> outgoing);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Whether the text may stand in XML: UTF-8 without control characters (but tab and line ends).
bool is_xml_text(std::string_view text);

/// Largest memory that a connection may need beside what waits for its confirmation: a server that sends more
/// at once is left.
inline constexpr std::size_t link_bytes_max = 8 * 1024 * 1024;

}  // namespace sonm::jabber
