#pragma once

#include "sonm/rpc/rpc.hpp"

/// Messages over XMPP. Server: room jabber. Clients: apps that talk to people.
namespace sonm::services {

struct JabberMessage {
    std::string from, to;  ///< addresses such as ann@example.org/phone
    std::string body;
    std::string type;  ///< "chat", "normal", ...; "error": what was sent to `from` did not arrive
    std::string id;
    std::uint64_t time = 0;    ///< when it came here, seconds since 1970
    std::uint64_t missed = 0;  ///< messages before this one that the reader was too slow for
};

struct JabberStatus {
    bool connected = false;
    std::string address;            ///< as the server has bound it
    std::string last_error;         ///< why the last connection ended
    std::uint64_t connections = 0;  ///< so far
};

}  // namespace sonm::services

template <>
struct sonm::rpc::Fields<sonm::services::JabberMessage> {
    using Message = services::JabberMessage;
    static constexpr auto list =
        fields(field<"from">(&Message::from), field<"to">(&Message::to), field<"body">(&Message::body),
               field<"type">(&Message::type), field<"id">(&Message::id), field<"time">(&Message::time),
               field<"missed">(&Message::missed));
};
template <>
struct sonm::rpc::Fields<sonm::services::JabberStatus> {
    using Status = services::JabberStatus;
    static constexpr auto list =
        fields(field<"connected">(&Status::connected), field<"address">(&Status::address),
               field<"last_error">(&Status::last_error), field<"connections">(&Status::connections));
};

namespace sonm::services {

/// 0 send     hands a message to the server: answered once the server has confirmed that it has read it, with
///            the message's id. Errors: unavailable (not connected now), timeout (it may have arrived),
///            invalid (address, text), busy.
/// 1 receive  what comes from now on, for every caller, and first what came lately while nobody listened.
///            Errors: busy.
/// 2 status   of the connection.
struct JabberProtocol
    : rpc::Protocol<
          "jabber", 1,
          rpc::Call<0, "send", rpc::Args<rpc::Arg<"to", std::string>, rpc::Arg<"body", std::string>>,
                    rpc::Returns<std::string>>,
          rpc::ServerStream<1, "receive", rpc::Args<>, rpc::Items<JabberMessage>>,
          rpc::Call<2, "status", rpc::Args<>, rpc::Returns<JabberStatus>>> {};

using JabberClient = rpc::Client<JabberProtocol>;

}  // namespace sonm::services
