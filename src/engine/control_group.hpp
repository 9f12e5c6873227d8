#pragma once

#include "sonm/engine/types.hpp"

#include <optional>
#include <string>

/// What a container has used is counted by its control group, which vanishes with the container. So each
/// container gets a group of its own *around* it, which stays until the container is removed and then still
/// has the exact totals.
namespace sonm::engine {

/// Path of the group around the container of that name, below the root of the control groups.
std::string control_group_around(const std::string& container_name);
/// Whether the path is one of ours: nothing else is read or removed.
bool is_control_group(std::string_view path);
/// Totals of a group, versions 1 and 2; nullopt if this machine does not show them (other machine, no rights,
/// other driver).
std::optional<Usage> read_control_group(const std::string& path);
/// An empty group goes; any other stays.
void remove_control_group(const std::string& path);

}  // namespace sonm::engine
