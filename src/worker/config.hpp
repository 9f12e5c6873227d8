#pragma once

#include "sonm/base/async.hpp"
#include "sonm/worker/ask_plan.hpp"

#include <filesystem>

namespace sonm::worker {

/// What one worker may do at most, whatever its consumers ask for.
struct Limits {
    std::uint64_t upload_bytes_max = 4 * GiB;  ///< blobs of one deal; never more than the storage it bought
    std::uint64_t image_unpacked_bytes_max = 8 * GiB;
    std::uint64_t log_bytes_max = 16 * MiB;           ///< kept of one task
    std::uint64_t output_bytes_max = 1 * GiB;         ///< of one task
    std::uint64_t outputs_kept_bytes_max = 16 * GiB;  ///< of all tasks of one deal together
    std::uint32_t tasks_max = 64;                     ///< of one deal, alive at the same time
    std::uint32_t tasks_kept_max = 10'000;            ///< of one deal, ended ones too
    std::uint32_t processes_max = 256;                ///< of one task
    std::uint32_t connections_max = 256;
    Seconds keep{7 * 86'400};           ///< logs, outputs and receipts after a task's end
    Millis image_silence_max{120'000};  ///< loading or pulling without progress
};

/// worker.yaml.
struct WorkerConfig {
    std::string name = "worker";
    std::string key;             ///< address, its beginning, or "dev:N"; empty: the only key there is
    std::filesystem::path keys;  ///< folder of keystore files; empty: the caller's default
    std::filesystem::path passphrase_file;  ///< empty: prompt or environment
    std::filesystem::path network;          ///< network.json; empty: the caller's default
    std::string listen = "127.0.0.1:0";
    std::string advertise;        ///< host, or host:port, that consumers connect to; empty: where it listens
    std::filesystem::path state;  ///< folder
    std::string engine;           ///< docker socket; empty: $DOCKER_HOST, then the system's
    std::optional<Resources> resources;  ///< sold at most; nothing: the whole machine
    std::vector<AskPlan> ask_plans;
    std::vector<std::filesystem::path> ask_plan_files;
    bool pull_images = true;
    Seconds settle_period{3'600};
    std::string log_level = "info";
    std::string metrics;  ///< "host:port" for metrics and health over HTTP; empty: none
    Limits limits;
};

/// Reads worker.yaml and the plan files that it names; relative paths are relative to its folder. Errors:
/// invalid (file, line, key, what), and those of read_file.
Result<WorkerConfig> read_config(const std::filesystem::path& file);
/// From text; `folder` is what paths are relative to, `name` what messages call it.
Result<WorkerConfig> parse_config(std::string_view text, std::string_view name,
                                  const std::filesystem::path& folder);
/// A documented worker.yaml.
std::string config_template();

/// The unix socket on which this worker's daemon answers its operator.
std::filesystem::path admin_socket(const WorkerConfig& config);

}  // namespace sonm::worker
