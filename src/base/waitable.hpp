#pragma once

#include "sonm/base/async.hpp"

namespace sonm {

/// What some streams can do beside reading: say that there is something to read. So whoever waits for long
/// needs no buffer meanwhile. Ask a ByteStream for it by dynamic_cast.
class Waitable {
public:
    virtual ~Waitable() = default;
    /// Waits until read_some() would not wait. Errors: those of read_some.
    virtual Async<void> readable() = 0;
};

}  // namespace sonm
