#pragma once

#include "sonm/services/platform.hpp"

namespace sonm::storage {

/// A storage service for a node; a services::Factory. What it stands on is the argument `backend`.
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::storage
