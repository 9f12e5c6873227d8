#pragma once

#include "sonm/base/errc.hpp"
#include "sonm/base/result.hpp"

#include <map>
#include <string>
#include <vector>

namespace sonm::services {

/// Which share each of several places gets: services of a routing group, nodes that keep keys.
using Shares = std::map<std::string, std::uint64_t>;

/// Shares as a ring: every seed belongs to one place, and stays with it when other places come or go.
/// Value type. Source of the numbers: docs/locator.md, "Routing groups"; existing nodes and clients compute
/// the same.
class Continuum {
public:
    using Point = std::pair<std::uint32_t, std::string>;

    /// Errors: invalid (no entries, too many, no weight, a weight beyond 2^32, an empty or long name).
    static Result<Continuum> make(const Shares& shares);

    /// The place of that seed.
    const std::string& pick(std::string_view seed) const { return at(hash(seed)); }
    /// The place of the first point behind `point`, around the ring.
    const std::string& at(std::uint32_t point) const;
    /// The whole ring in order, as `routing` tells it.
    std::vector<Point> points() const;
    std::size_t size() const { return ring_.size(); }
    /// About what `points` takes on the wire.
    std::size_t bytes() const;

    static std::uint32_t hash(std::string_view seed);
    static constexpr std::size_t entries_max = 256;
    static constexpr std::size_t name_bytes_max = 256;

private:
    std::vector<std::string> names_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ring_;  ///< point, index of the name
};

}  // namespace sonm::services
