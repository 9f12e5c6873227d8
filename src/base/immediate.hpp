#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/base/result.hpp"

namespace sonm {

/// What sockets can do beside waiting: whatever is possible at once. It saves the way through the event loop
/// where a batch has just been worked off. Ask a ByteStream for it by dynamic_cast; same executor.
class Immediate {
public:
    virtual ~Immediate() = default;
    /// Reads what is there, at most `out`; 0: nothing now, or an error or the end, which read_some() will
    /// say.
    virtual std::size_t read_now(std::span<std::uint8_t> out) = 0;
    /// Writes as much as the system takes; 0: nothing now, or an error, which write() will say. Not while a
    /// write() is under way.
    virtual std::size_t write_now(BytesView bytes) = 0;
};

}  // namespace sonm
