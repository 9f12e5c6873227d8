#pragma once

#include "sonm/services/platform.hpp"

namespace sonm::cache {

/// A cache service for a node; a services::Factory. Where values lie is the argument `place`.
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::cache
