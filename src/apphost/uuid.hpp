#pragma once

#include <string>

namespace sonm::apphost {

/// A random one, version 4, in lower case: 36 characters.
std::string make_uuid();

}  // namespace sonm::apphost
