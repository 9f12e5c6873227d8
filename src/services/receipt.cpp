#include "sonm/services/receipt.hpp"

namespace sonm::services {

Result<void> check(const SignedReceipt& signed_receipt, DealId deal, const TaskId& task,
                   model::Address worker, const model::TaskSpec& spec, std::uint64_t chain_id) {
    const model::Receipt& receipt = signed_receipt.receipt;
    auto signer = crypto::recover(model::receipt_digest(receipt, chain_id), signed_receipt.signature);
    if (!signer || *signer != worker || receipt.worker != worker) {
        return fail(Errc::denied, "the receipt of task {} was not signed by worker {}", task, worker);
    }
    if (receipt.deal != deal || receipt.task != task) {
        return fail(Errc::denied, "the receipt is for task {} of deal {}, not for {} of {}", receipt.task,
                    receipt.deal, task, deal);
    }
    if (receipt.spec != spec_hash(spec))
        return fail(Errc::denied, "the receipt of task {} is for another spec", task);
    if (receipt.inputs != inputs_root(spec.inputs))
        return fail(Errc::denied, "the receipt of task {} is for other inputs", task);
    return Result<void>();
}

}  // namespace sonm::services
