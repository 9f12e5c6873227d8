#pragma once

#include "sonm/model/deal.hpp"
#include "sonm/model/resources.hpp"

#include <map>
#include <optional>
#include <vector>

namespace sonm::model {

/// Where a task's image comes from.
struct ImageSource {
    std::string reference;             ///< tag or digest as the engine names it: "sonm/povray:latest"
    std::optional<crypto::Hash> blob;  ///< SHA-256 of a docker-save archive that the consumer uploads; then
                                       ///< `reference` is what it holds
    std::uint64_t blob_bytes = 0;
    std::string registry_user, registry_password;  ///< only for pulling; never logged, never stored after use
    bool operator==(const ImageSource&) const = default;
};

/// One file that is put into the work folder before the start. Its bytes travel by hash.
struct InputFile {
    std::string path;   ///< relative to the working directory, no "..", no leading "/"
    crypto::Hash blob;  ///< SHA-256 of the content
    std::uint64_t bytes = 0;
    std::uint32_t mode = 0644;
    bool operator==(const InputFile&) const = default;
};

/// One container run inside a deal. Names as in the Compose specification where it has one. Value type.
struct TaskSpec {
    ImageSource image;
    std::vector<std::string> entrypoint, command;
    std::string working_dir = "/work";  ///< the work folder is mounted here
    std::string user;                   ///< empty = the image's, never root
    std::map<std::string, std::string> environment;
    std::vector<InputFile> inputs;
    std::vector<std::string> outputs;  ///< relative paths (files or folders) that are collected at the end
    std::optional<Resources> limits;   ///< inside the deal's resources; nothing = all of them
    Seconds time_limit;                ///< 0 = until the deal ends
    Seconds stop_grace{10};
    bool network = false;  ///< outbound access; the deal must have bought it
    std::uint64_t output_bytes_max = 64 * MiB;
    std::string tag;
    bool operator==(const TaskSpec&) const = default;
};

/// Refuses what no worker can run: no image, escaping paths, too many or too long values. Errors name the
/// field.
Result<void> validate(const TaskSpec& spec);

/// X(identifier, number, "word", "what it means")
#define SONM_TASK_STATES(X)                                                \
    X(accepted, 0, "accepted", "known to the worker, nothing done yet")    \
    X(preparing, 1, "preparing", "image and inputs are being fetched")     \
    X(running, 2, "running", "the container runs")                         \
    X(collecting, 3, "collecting", "it ended; outputs are being gathered") \
    X(finished, 4, "finished", "it ended by itself; see the exit code")    \
    X(failed, 5, "failed", "it could not be run; see the reason")          \
    X(stopped, 6, "stopped", "ended by the consumer, the time limit or the deal")
#define SONM_TASK_STATE_ENUMERATOR(identifier, number, word, meaning) identifier = number,
enum class TaskState : std::uint8_t { SONM_TASK_STATES(SONM_TASK_STATE_ENUMERATOR) };
#undef SONM_TASK_STATE_ENUMERATOR
std::string_view to_string(TaskState);
inline bool is_final(TaskState state) { return state >= TaskState::finished; }

/// What a run used.
struct Usage {
    std::uint64_t cpu_ms = 0;
    std::uint64_t memory_peak_bytes = 0;
    std::uint64_t net_rx_bytes = 0, net_tx_bytes = 0;
    std::uint64_t block_read_bytes = 0, block_write_bytes = 0;
    std::uint64_t wall_ms = 0;
    bool operator==(const Usage&) const = default;
};

struct TaskStatus {
    TaskId id;
    DealId deal;
    TaskState state = TaskState::accepted;
    std::string reason;          ///< why it failed or was stopped, for people
    std::int32_t exit_code = 0;  ///< once finished
    bool out_of_memory = false;
    UnixTime accepted_at, started_at, ended_at;
    Usage usage;
    std::uint64_t progress_done = 0, progress_total = 0;  ///< bytes while preparing
    std::uint64_t output_bytes = 0;
    bool operator==(const TaskStatus&) const = default;
};

/// What the worker signs at the end: what ran, on what, with what result and cost (EIP-712, domain "SONM
/// Receipt").
struct Receipt {
    DealId deal;
    TaskId task;
    Address worker;
    crypto::Hash spec;     ///< Keccak-256 of the encoded TaskSpec (its content, not its secrets)
    crypto::Hash image;    ///< image id
    crypto::Hash inputs;   ///< root over the sorted inputs
    crypto::Hash outputs;  ///< SHA-256 of the output archive; zero if there is none
    std::int32_t exit_code = 0;
    Usage usage;
    UnixTime started_at, ended_at;
    bool operator==(const Receipt&) const = default;
};
/// What the worker's key signs: EIP-712 digest, domain (name "SONM Receipt", version "1", chain_id).
crypto::Hash receipt_digest(const Receipt& receipt, std::uint64_t chain_id);

/// Receipt::spec: Keccak-256 over every field of the spec in the order of its declaration, each preceded by
/// its length, so that no two specs share an encoding. Registry credentials are left out.
crypto::Hash spec_hash(const TaskSpec& spec);
/// Receipt::inputs: Keccak-256 over path, content, size and mode of each input, sorted by path; zero if there
/// is none.
crypto::Hash inputs_root(std::vector<InputFile> inputs);

/// A fresh random id: 32 hex digits.
TaskId make_task_id();
/// Errors: ModelErrc::bad_task if it is not 32 lower-case hex digits.
Result<TaskId> parse_task_id(std::string_view text);

}  // namespace sonm::model
