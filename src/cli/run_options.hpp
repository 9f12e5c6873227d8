#pragma once

#include "sonm/buyer/plan.hpp"
#include "sonm/cli/context.hpp"
#include "sonm/market/ledger.hpp"
#include "sonm/model/task_file.hpp"

#include <string>
#include <vector>

namespace sonm::cli {

/// What `sonm run` and `sonm task start` say about a task.
struct TaskOptions {
    std::string image;
    std::vector<std::string> inputs, outputs;  ///< "local[:remote]", "remote[:local]"
    std::vector<std::string> environment;      ///< "KEY=value"
    std::string working_dir, user;
    std::string time_limit;
    bool network = false;
    std::vector<std::string> command;
};

/// What `sonm run` says about the deal it wants.
struct BidOptions {
    std::string cores = "1", ram = "512 MiB", storage = "1 GiB";
    std::string duration = "10min";
    bool spot = false;
    std::string max_price;
    std::string counterparty;
    std::string expires = "1 h";
};

/// A task that is ready to be sent: its spec names every blob, and the blobs lie on this machine.
struct PreparedTask {
    model::TaskSpec spec;
    std::vector<buyer::LocalBlob> blobs;
    std::vector<buyer::OutputFile> outputs;
    std::filesystem::path registry_password_file;  ///< empty = none; the password itself is in `spec`
};

/// Writes what the options say over what a task file said. Errors name the option.
Result<void> apply(const TaskOptions& options, model::TaskFile& task);
/// Reads the files that the task needs and hashes them (on the work pool). Errors name the file.
Async<PreparedTask> prepare_task(model::TaskFile task);
/// 128 random bits for a new order.
model::OrderNonce random_nonce();
/// Errors name the option.
Result<model::Order> make_bid(const BidOptions& options, const model::Address& author, bool network,
                              UnixTime now);

}  // namespace sonm::cli
