#pragma once

#include "sonm/base/async.hpp"

namespace sonm::rpc {

/// Bounds of one session. What each protects from is said in docs/protocol/slave.md, "Limits".
struct Limits {
    Limits() = default;
    std::size_t frame_bytes_max = 16 * MiB;
    std::size_t elements_max = 1 << 20;        ///< values in one frame
    std::size_t channels_max = 1024;           ///< at once, per side
    std::size_t inbound_bytes_max = 64 * MiB;  ///< received and not yet consumed, all channels together
    std::size_t outbound_bytes_max = 1 * MiB;  ///< waiting to be written; writers wait above it
    Millis hello_max{10'000};                  ///< from the connection to the end of the identity proof
    Millis frame_max{30'000};                  ///< from the first byte of a frame to its last
    Millis idle_max{600'000};                  ///< without any frame and any open channel
    Millis stall_max{30'000};                  ///< reading held up by a stream that nobody reads
    Millis write_max{30'000};                  ///< one write without an end: the peer does not read
    Millis flush_max{2'000};                   ///< for what is still to be written when a session ends
};

/// Control messages: method numbers that every session knows. Source: docs/protocol/slave.md, "Control
/// messages".
inline constexpr std::uint64_t revoke_type = 65535, settings_type = 65534, ping_type = 65533,
                               goaway_type = 65532, control_type_min = goaway_type;

/// Bytes that a sender may have under way on a credited stream before the first grant, and what may wait
/// unread on one without credit before the session stops reading. Part of the protocol, not configurable.
inline constexpr std::size_t stream_window_bytes = 256 * KiB;
/// What the window of a credited stream grows to while its reader keeps up; for all streams of a session
/// together a quarter of inbound_bytes_max.
inline constexpr std::size_t stream_window_max = 1 * MiB;
/// What each item costs beside its bytes, so that empty items are not free.
inline constexpr std::size_t item_overhead_bytes = 64;

}  // namespace sonm::rpc
