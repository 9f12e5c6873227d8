#pragma once

#include "sonm/locator/types.hpp"

namespace sonm::locator {

/// A routing group: which share of the callers each service gets.
using Group = std::map<std::string, std::uint64_t>;

/// A group as a ring: every seed belongs to one service, and stays with it when other services come or go.
/// Value type. Source of the numbers: docs/locator.md, "Routing groups"; existing nodes and clients compute
/// the same.
class Continuum {
public:
    using Point = std::pair<std::uint32_t, std::string>;

    /// Errors: invalid (no entries, too many, no weight, a weight beyond 2^32).
    static Result<Continuum> make(const Group& group);

    /// The service of a caller with that seed.
    const std::string& pick(std::string_view seed) const { return at(hash(seed)); }
    /// The service of the first point behind `point`, around the ring.
    const std::string& at(std::uint32_t point) const;
    /// The whole ring in order, as `routing` tells it.
    std::vector<Point> points() const;
    std::size_t size() const { return ring_.size(); }

    static std::uint32_t hash(std::string_view seed);
    static constexpr std::size_t entries_max = 256;

private:
    std::vector<std::string> names_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ring_;  ///< point, index of the name
};

}  // namespace sonm::locator
