#pragma once

#include "sonm/base/sqlite.hpp"

namespace sonm::chain {

/// Opens the file that remembers what one account has sent to one chain. Shared by all processes that use the
/// account; never delete it.
Result<std::unique_ptr<Database>> open_journal(const std::string& path);

/// Opens the file that keeps the logs of some contracts. One process at a time; it may be deleted: then they
/// are read again.
Result<std::unique_ptr<Database>> open_log_store(const std::string& path);

}  // namespace sonm::chain
