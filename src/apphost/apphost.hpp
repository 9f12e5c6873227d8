#pragma once

#include "sonm/services/platform.hpp"

namespace sonm::apphost {

/// The `node` service: runs applications, each as a service of its own. Arguments: config.hpp. Errors: those
/// of ProcessSpawner, denied (`users` without being root).
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::apphost
