#pragma once

#include "sonm/services/worker_service.hpp"

/// How a receipt is checked against what was asked for.
namespace sonm::services {

using model::inputs_root;
using model::spec_hash;

/// Whether `receipt` was signed by the worker that it names, and speaks of this task with this spec. Errors:
/// denied, saying what differs.
Result<void> check(const SignedReceipt& receipt, DealId deal, const TaskId& task, model::Address worker,
                   const model::TaskSpec& spec, std::uint64_t chain_id);

}  // namespace sonm::services
