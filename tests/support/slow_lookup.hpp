#pragma once

/// Names of hosts that the tests' own getaddrinfo knows: no server of names is asked.
namespace sonm::test {

inline constexpr const char* slow_host = "slow.test";        ///< fails after half a second
inline constexpr const char* missing_host = "missing.test";  ///< fails at once

}  // namespace sonm::test
