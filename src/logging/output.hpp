#pragma once

#include "sonm/logging/entry.hpp"

namespace sonm::logging {

/// Somewhere that entries are kept or passed on to. Calls block and come from one thread at a time.
class Output {
public:
    virtual ~Output() = default;
    /// For metrics: "files", "journald", "syslog".
    virtual std::string_view name() const = 0;
    /// Writes all of them or, as far as anybody can read it later, none. It is tried again with the same
    /// ones.
    virtual Result<void> write(const std::vector<EntryPtr>& entries) = 0;
};

}  // namespace sonm::logging
