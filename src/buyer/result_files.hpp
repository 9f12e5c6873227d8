#pragma once

#include "sonm/buyer/plan.hpp"

#include <filesystem>
#include <vector>

namespace sonm::buyer {

/// Takes the named outputs out of a worker's tar archive and puts each in its place: written beside it, then
/// renamed. The archive comes from outside: only plain files and folders below the named paths are taken;
/// links, devices, absolute paths and
/// ".." are refused, nothing but the named places is written. `bytes_max` bounds what is unpacked.
/// Errors: corrupt (not an archive, or one that tries to escape), not_found (an output is missing; the others
/// are in place), too_large, io, no_space.
Result<void> extract_outputs(const std::filesystem::path& archive, const std::vector<OutputFile>& outputs,
                             std::uint64_t bytes_max);

}  // namespace sonm::buyer
