#pragma once

#include "sonm/base/async.hpp"
#include "sonm/services/worker_service.hpp"

#include <filesystem>
#include <functional>
#include <memory>

namespace sonm::buyer {

using model::Address;
using model::DealId;
using model::TaskId;

using services::LogChunk;
using services::SignedReceipt;

/// For the journal and for `--json`: everything that a third party needs to check the signature.
std::string to_json(const SignedReceipt& receipt);

/// One proven connection to one worker, for one consumer. A call that fails with closed or timeout means that
/// the link is gone: make a new one. All calls may be repeated. One executor. Implementations: RpcWorkerLink,
/// the fake of the tests.
class WorkerLink {
public:
    virtual ~WorkerLink() = default;
    /// Whether the worker holds those bytes already.
    virtual Async<bool> has_blob(DealId deal, crypto::Hash sha256) = 0;
    /// Sends a file, from where an earlier try was cut off; `sent` is told how many bytes are there. Errors:
    /// also too_large, denied (not our deal).
    virtual Async<void> put_blob(DealId deal, crypto::Hash sha256, std::filesystem::path file,
                                 std::function<void(std::uint64_t)> sent) = 0;
    /// Starts the task, or answers the status of the one that has this id already.
    virtual Async<model::TaskStatus> start(DealId deal, TaskId task, model::TaskSpec spec) = 0;
    /// Errors: not_found.
    virtual Async<model::TaskStatus> status(TaskId task) = 0;
    virtual Async<std::vector<model::TaskStatus>> tasks(DealId deal) = 0;
    /// Tells every change of status until it is final.
    virtual Async<void> follow(TaskId task, std::function<void(const model::TaskStatus&)> changed) = 0;
    /// Log bytes from `from` on; with `keep_following` until the task has ended.
    virtual Async<void> logs(TaskId task, std::uint64_t from, bool keep_following,
                             std::function<void(const LogChunk&)> chunk) = 0;
    virtual Async<void> stop(TaskId task) = 0;
    /// The output archive (tar), piece by piece; the sink's error ends it.
    virtual Async<void> pull(TaskId task, std::function<Result<void>(BytesView)> sink) = 0;
    virtual Async<SignedReceipt> receipt(TaskId task) = 0;
};

/// Makes links: finds the way to `worker` and has it prove that it is that account.
class WorkerLinks {
public:
    virtual ~WorkerLinks() = default;
    /// Errors: unavailable (what was tried), denied (somebody else answers there), timeout.
    virtual Async<std::unique_ptr<WorkerLink>> connect(Address worker, std::string endpoint) = 0;
};

}  // namespace sonm::buyer
