#pragma once

#include "sonm/base/sqlite.hpp"

namespace sonm::chain {

/// Opens the file in which one node keeps what it has sent to the chain and what it has read from it. One process at a time.
/// A file made for the log only may be deleted at any time; the journal of sent transactions may not.
Result<std::unique_ptr<Database>> open_store(const std::string& path);

}  // namespace sonm::chain
