#pragma once

#include "sonm/model/task.hpp"

#include <filesystem>
#include <vector>

namespace sonm::buyer {

/// One output of the task and where it goes on this machine.
struct OutputFile {
    std::string remote;           ///< path inside the work folder, as in TaskSpec::outputs
    std::filesystem::path local;  ///< absolute
    bool operator==(const OutputFile&) const = default;
};

/// A file of this machine that travels by hash: the image archive or an input.
struct LocalBlob {
    crypto::Hash sha256;
    std::uint64_t bytes = 0;
    std::filesystem::path path;  ///< absolute
    bool operator==(const LocalBlob&) const = default;
};

/// All that a run will do, fixed before its first step. Value type; kept in the journal as text.
struct RunPlan {
    model::Order bid;
    Tokens escrow;
    model::TaskId task;
    model::TaskSpec spec;
    std::vector<LocalBlob> blobs;
    std::vector<OutputFile> outputs;
    std::filesystem::path
        registry_password_file;  ///< the password itself is never kept: it is read when the task starts
    bool operator==(const RunPlan&) const = default;
};

std::string to_json(const RunPlan& plan);
/// Errors: corrupt, naming the field.
Result<RunPlan> plan_from_json(std::string_view text);

/// The first line of a file. Errors: not_found, denied, too_large.
Result<std::string> read_password(const std::filesystem::path& file);

/// Hashes a file on the work pool's thread of the caller: reads all of it. Errors: not_found, io.
Result<LocalBlob> local_blob(const std::filesystem::path& path);

}  // namespace sonm::buyer
