#pragma once

#include "sonm/crypto/keccak.hpp"
#include "sonm/services/pack.hpp"

/// What a worker does for the consumers of its deals. Server: room worker. Clients: buyer, cli, later hub and
/// gateway.
namespace sonm::services {

using model::DealId;
using model::TaskId;

/// How much of a blob a worker holds.
struct BlobHeld {
    std::uint64_t bytes = 0;  ///< an upload goes on from here
    bool complete = false;
};

/// A piece of what a task printed.
struct LogChunk {
    bool is_stderr = false;
    Bytes bytes;             ///< at most 64 KiB
    std::uint64_t next = 0;  ///< ask for this position to go on after this chunk, also after a reconnect
};

struct SignedReceipt {
    model::Receipt receipt;
    crypto::Signature signature;  ///< of model::receipt_digest, by receipt.worker
};

/// What a worker says about itself to anybody who has proven an identity.
struct WorkerInfo {
    std::string name, version;
    model::Address address;
    model::Resources capacity;  ///< what this worker may sell
    model::Resources sold;      ///< what deals hold now
    std::uint64_t deals_open = 0, tasks_alive = 0;
    bool selling = false;  ///< places asks; if not, `note` says why
    std::string note;
};

/// Attribute of its account under which a worker publishes where it listens ("host:port"):
/// keccak256("endpoint").
inline crypto::Hash endpoint_attribute() { return crypto::keccak256(as_bytes("endpoint")); }

/// Largest piece of a blob, log or output in one message, bytes.
inline constexpr std::size_t chunk_bytes_max = 256 * KiB;

}  // namespace sonm::services

template <>
struct sonm::rpc::Fields<sonm::services::BlobHeld> {
    using Held = services::BlobHeld;
    static constexpr auto list = fields(field<"bytes">(&Held::bytes), field<"complete">(&Held::complete));
};
template <>
struct sonm::rpc::Fields<sonm::services::LogChunk> {
    using Chunk = services::LogChunk;
    static constexpr auto list = fields(field<"is_stderr">(&Chunk::is_stderr), field<"bytes">(&Chunk::bytes),
                                        field<"next">(&Chunk::next));
};
template <>
struct sonm::rpc::Fields<sonm::services::SignedReceipt> {
    using Signed = services::SignedReceipt;
    static constexpr auto list =
        fields(field<"receipt">(&Signed::receipt), field<"signature">(&Signed::signature));
};
template <>
struct sonm::rpc::Fields<sonm::services::WorkerInfo> {
    using Info = services::WorkerInfo;
    static constexpr auto list =
        fields(field<"name">(&Info::name), field<"version">(&Info::version), field<"address">(&Info::address),
               field<"capacity">(&Info::capacity), field<"sold">(&Info::sold),
               field<"deals_open">(&Info::deals_open), field<"tasks_alive">(&Info::tasks_alive),
               field<"selling">(&Info::selling), field<"note">(&Info::note));
};

namespace sonm::services {

/// Every call but `info` is for the consumer of the deal only: anybody else gets `denied`. All calls may be
/// repeated. Errors everywhere: denied (who asks, whose deal it is), not_found (deal or task).
///
/// 0 info          what this worker is and has.
/// 1 blob_has      for each hash (at most 1024), how much of it is here.
/// 2 blob_put      stores a blob for a deal: `bytes` in all, the client sends those from `offset` on, in
/// pieces. Answers the bytes held.
///                 Errors: conflict (offset is not where it stands), too_large (over what the deal's storage
///                 allows), invalid (wrong hash).
/// 3 start_task    starts a task, or answers where the one with this id stands. Returns when it is accepted;
/// `follow` tells the rest.
///                 Errors: conflict (this id with another spec; the deal has ended), busy (does not fit
///                 beside the deal's other tasks), too_large (more than the deal bought, or may keep of
///                 outputs), unavailable (a blob is missing), model errors of the spec.
/// 4 tasks         all tasks of a deal, oldest first.
/// 5 status        one task.
/// 6 follow        the status now, then at each change, until it is final.
/// 7 logs          what it printed from position `from` on; with `follow` until it ends. Also after the end,
/// for as long as the deal's
///                 files are kept. `from` counts bytes of both streams together; what is no longer kept is
///                 skipped.
/// 8 stop          asks it to end: SIGTERM, after its grace SIGKILL. Answers at once.
/// 9 pull          the output archive (tar) from `offset` on. Its size is status.output_bytes, its SHA-256
/// receipt.outputs.
///                 Errors: conflict (not at its end yet), not_found (no outputs).
/// 10 receipt      what the worker signed at the end. Errors: conflict (not at its end yet).
using WorkerProtocol = rpc::Protocol<
    "worker", 1, rpc::Call<0, "info", rpc::Args<>, rpc::Returns<WorkerInfo>>,
    rpc::Call<1, "blob_has",
              rpc::Args<rpc::Arg<"deal", DealId>, rpc::Arg<"blobs", std::vector<crypto::Hash>>>,
              rpc::Returns<std::vector<BlobHeld>>>,
    rpc::ClientStream<2, "blob_put",
                      rpc::Args<rpc::Arg<"deal", DealId>, rpc::Arg<"sha256", crypto::Hash>,
                                rpc::Arg<"bytes", std::uint64_t>, rpc::Arg<"offset", std::uint64_t>>,
                      rpc::Items<Bytes>, rpc::Returns<std::uint64_t>>,
    rpc::Call<
        3, "start_task",
        rpc::Args<rpc::Arg<"deal", DealId>, rpc::Arg<"task", TaskId>, rpc::Arg<"spec", model::TaskSpec>>,
        rpc::Returns<model::TaskStatus>>,
    rpc::Call<4, "tasks", rpc::Args<rpc::Arg<"deal", DealId>>, rpc::Returns<std::vector<model::TaskStatus>>>,
    rpc::Call<5, "status", rpc::Args<rpc::Arg<"task", TaskId>>, rpc::Returns<model::TaskStatus>>,
    rpc::ServerStream<6, "follow", rpc::Args<rpc::Arg<"task", TaskId>>, rpc::Items<model::TaskStatus>>,
    rpc::ServerStream<
        7, "logs",
        rpc::Args<rpc::Arg<"task", TaskId>, rpc::Arg<"from", std::uint64_t>, rpc::Arg<"follow", bool>>,
        rpc::Items<LogChunk>>,
    rpc::Call<8, "stop", rpc::Args<rpc::Arg<"task", TaskId>>, rpc::Returns<model::TaskStatus>>,
    rpc::ServerStream<9, "pull", rpc::Args<rpc::Arg<"task", TaskId>, rpc::Arg<"offset", std::uint64_t>>,
                      rpc::Items<Bytes>>,
    rpc::Call<10, "receipt", rpc::Args<rpc::Arg<"task", TaskId>>, rpc::Returns<SignedReceipt>>>;

using WorkerClient = rpc::Client<WorkerProtocol>;

}  // namespace sonm::services
