#pragma once

#include "sonm/services/jabber_service.hpp"

#include <string>
#include <variant>

namespace sonm::jabber {

/// What happened on a connection.
struct Connected {
    std::string address;
};
struct Disconnected {
    std::string why;
};
/// The server has read everything up to the stanza that was sent with this number.
struct Confirmed {
    std::uint64_t number = 0;
};
/// A message came that is larger than what is taken.
struct GivenUp {
    std::size_t bytes = 0;
};
using Event = std::variant<Connected, Disconnected, Confirmed, GivenUp, services::JabberMessage>;

}  // namespace sonm::jabber
