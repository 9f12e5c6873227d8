#pragma once

#include "sonm/locator/types.hpp"

namespace sonm::locator {

/// What a node says of itself in the header x-cocaine-locator-extra of its announce stream. Existing nodes
/// know the cluster's name only.
struct Extra {
    std::string cluster;
    std::optional<double> load;
    std::optional<std::uint32_t> weight;
    bool operator==(const Extra&) const = default;
};

inline constexpr std::size_t extra_bytes_max = 4 * KiB;

std::string encode(const Extra& extra);
/// Keys that nobody here knows are skipped. Errors: invalid, too_large.
Result<Extra> parse_extra(std::string_view header);

}  // namespace sonm::locator
