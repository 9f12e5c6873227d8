#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/bytes.hpp"

#include <memory>
#include <string>

namespace sonm::locator {

/// How nodes find each other: datagrams from everybody to everybody. One executor. Implementations:
/// multicast, and a simulated network in the tests.
class Discovery {
public:
    struct Heard {
        std::string source;  ///< address without port
        Bytes datagram;
    };
    virtual ~Discovery() = default;
    /// Waits for a datagram. Errors: io; go on after a rest.
    virtual Async<Heard> receive() = 0;
    /// Sends at once or not at all. Errors: io.
    virtual Result<void> send(BytesView datagram) = 0;
};

struct MulticastOptions {
    MulticastOptions() = default;
    std::string group;  ///< IPv4 or IPv6 multicast address
    std::uint16_t port = 10053;
    unsigned hops = 1;      ///< how many networks far; 1 is the own segment
    bool loopback = false;  ///< also nodes of this machine hear us
    std::string interface;  ///< IPv4: an address of it; IPv6: its name or number. Empty = the system's choice
};

/// Joins the group. Several nodes of one machine may. Errors: invalid (addresses), io (socket).
Result<std::unique_ptr<Discovery>> open_multicast(const Executor& executor, const MulticastOptions& options);

}  // namespace sonm::locator
