#pragma once

#include "sonm/locator/types.hpp"

namespace sonm::locator {

/// What a node says of itself by multicast, every interval. Source: docs/locator.md, "Discovery".
struct Announcement {
    std::string uuid;
    Endpoints endpoints;  ///< of its locator
    bool operator==(const Announcement&) const = default;
};

/// Nothing that is larger is looked at: 16 endpoints of 64 bytes, a uuid, and some room.
inline constexpr std::size_t datagram_bytes_max = 2 * KiB;

Bytes encode(const Announcement& announcement);
/// Of one whole datagram. Errors: invalid (shape, uuid, addresses), too_large.
Result<Announcement> parse_announcement(BytesView datagram);

/// What announcements a node listens to: a flood from anywhere costs it no more than reading so many bytes.
class Throttle {
public:
    static constexpr std::size_t datagrams_max = 1024;  ///< in one window
    static constexpr std::size_t source_max = 32;       ///< of them from one address

    explicit Throttle(std::chrono::milliseconds window) : window_(window) {}
    bool admit(const std::string& source, TimePoint now);

private:
    std::chrono::milliseconds window_;
    TimePoint since_{};
    std::size_t admitted_ = 0;
    std::map<std::string, std::size_t, std::less<>> by_source_;
};

}  // namespace sonm::locator
