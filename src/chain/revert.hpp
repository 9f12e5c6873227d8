#pragma once

#include "sonm/base/bytes.hpp"

#include <optional>
#include <string>

namespace sonm::chain {

/// What Solidity itself says when a call fails: `Error(string)` from require and revert, `Panic(uint256)`
/// from failed checks. Nothing if these bytes are neither.
std::optional<std::string> standard_revert(BytesView data);

}  // namespace sonm::chain
