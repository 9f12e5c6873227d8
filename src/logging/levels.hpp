#pragma once

#include "sonm/logging/entry.hpp"

#include <map>

namespace sonm::logging {

/// Which priorities are kept: one for all, others for sources by name or beginning.
class Levels {
public:
    LogPriority general = LogPriority::debug;
    /// By name, or with a `*` at the end. The longest one that fits holds.
    std::map<std::string, LogPriority, std::less<>> sources;
    bool operator==(const Levels&) const = default;

    bool keeps(std::string_view source, LogPriority priority) const {
        if (sources.empty()) return priority >= general;
        const std::pair<const std::string, LogPriority>* best = nullptr;
        for (const auto& rule : sources)
            if (matches_name(rule.first, source) && (!best || rule.first.size() > best->first.size()))
                best = &rule;
        return priority >= (best ? best->second : general);
    }
    /// What somebody keeps at least.
    LogPriority least() const {
        LogPriority least = general;
        for (const auto& [name, priority] : sources) least = std::min(least, priority);
        return least;
    }
};

/// How many sources can have a level of their own.
inline constexpr std::size_t levels_max = 1000;

}  // namespace sonm::logging
