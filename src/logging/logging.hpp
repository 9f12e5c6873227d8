#pragma once

#include "sonm/services/platform.hpp"

namespace sonm::logging {

/// A logging service for a node; a services::Factory.
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::logging
