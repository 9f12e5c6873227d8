#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/buyer/worker_link.hpp"

namespace sonm::buyer {

/// Links over the Slave protocol: TCP to the published endpoint, mutual proof of identity first, and only the
/// deal's worker will do.
class RpcWorkerLinks final : public WorkerLinks {
public:
    /// All must outlive it; `group` holds the connections.
    RpcWorkerLinks(TaskGroup& group, const crypto::Signer& signer, const Clock& clock)
        : group_(group), signer_(signer), clock_(clock) {}
    Async<std::unique_ptr<WorkerLink>> connect(Address worker, std::string endpoint) override;

private:
    TaskGroup& group_;
    const crypto::Signer& signer_;
    const Clock& clock_;
};

}  // namespace sonm::buyer
