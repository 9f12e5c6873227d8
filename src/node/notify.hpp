#pragma once

#include <string_view>

namespace sonm::node {

/// Tells a service manager how we are, if one asked for it: "READY=1", "STOPPING=1", "STATUS=...". Does
/// nothing where NOTIFY_SOCKET is not set. Source: sd_notify(3).
void notify_manager(std::string_view state);

}  // namespace sonm::node
