#pragma once

#include "sonm/rpc/rpc.hpp"

/// What applications speak: towards clients (`AppProtocol`), and with the node that runs their workers
/// (`AppRuntimeProtocol`, `AppWorkerProtocol`). Source: docs/apps.md.
namespace sonm::services {

#define SONM_NODE_ERRORS(X)                                             \
    X(deadline, 1, "the call waited in the queue until its deadline")   \
    X(resource, 2, "the machine lacks what it needs")                   \
    X(timeout, 3, "slave has been discarded")                           \
    X(invalid_assignment, 4, "the call could not be given to a worker") \
    X(already_started, 5, "the application is running already")         \
    X(not_running, 6, "the application is not running")                 \
    X(spool, 7, "the application could not be unpacked")                \
    X(publish, 8, "the application could not be announced")
/// Calls to an application, and its starting and stopping.
SONM_ERROR_ENUM(NodeErrc, "node", SONM_NODE_ERRORS)

#define SONM_POOL_ERRORS(X)           \
    X(queue_full, 1, "queue is full") \
    X(pool_full, 2, "the pool is full")
SONM_ERROR_ENUM(PoolErrc, "node.pool", SONM_POOL_ERRORS)

#define SONM_APP_WORKER_ERRORS(X)                                   \
    X(spawn_timeout, 1, "the worker did not start in time")         \
    X(locator_missing, 2, "there is no locator for the worker")     \
    X(locator_unreachable, 3, "the locator has no endpoint")        \
    X(handshake_timeout, 4, "the worker did not introduce itself")  \
    X(unknown_worker, 5, "nobody started a worker of that uuid")    \
    X(seal_timeout, 6, "the worker's last calls took too long")     \
    X(terminate_timeout, 7, "the worker did not end when asked to") \
    X(heartbeat_timeout, 8, "the worker has fallen silent")         \
    X(invalid_state, 9, "not possible in the worker's state")       \
    X(disconnected, 10, "the worker's connection broke")            \
    X(shutting_down, 11, "the application is being stopped")        \
    X(asked_to_end, 12, "the worker asked to end")                  \
    X(idle, 13, "the worker had nothing to do")                     \
    X(sealing, 14, "the worker takes no more calls")                \
    X(exited, 15, "the worker's process has ended")
/// Why a worker has ended.
SONM_ERROR_ENUM(AppWorkerErrc, "node.worker", SONM_APP_WORKER_ERRORS)

}  // namespace sonm::services

SONM_REGISTER_ERROR_ENUM(sonm::services::NodeErrc)
SONM_REGISTER_ERROR_ENUM(sonm::services::PoolErrc)
SONM_REGISTER_ERROR_ENUM(sonm::services::AppWorkerErrc)

namespace sonm::services {

using NodeErrors = rpc::Errors<0x51FF, NodeErrc>;
using PoolErrors = rpc::Errors<0x52FF, PoolErrc>;
using AppWorkerErrors = rpc::Errors<0x53FF, AppWorkerErrc>;

/// A running application, served under its own name.
///
/// 0 enqueue  an event for one of its workers: chunks both ways, each side ends its own. The header
///            `request_timeout` (u64 of milliseconds, little-endian) overrides the profile's; other headers
///            go to the worker. Errors: queue_full, deadline, timeout, connection_reset (the worker has
///            died), and whatever the worker says.
/// 1 info     a map of what the pool does (docs/apps.md).
/// 2 control  writes the wished number of workers, 0 = as the queue needs; holds while the channel is open.
struct AppProtocol
    : rpc::Protocol<"app", 1, NodeErrors, PoolErrors, AppWorkerErrors,
                    rpc::PlainStream<0, "enqueue",
                                     rpc::Args<rpc::Arg<"event", std::string>,
                                               rpc::Arg<"tag", std::optional<std::string>>>,
                                     rpc::Items<Bytes>, rpc::Items<Bytes>>,
                    rpc::Call<1, "info", rpc::Args<>, rpc::Returns<rpc::Encoded>>,
                    rpc::Dialog<2, "control", rpc::Args<>, rpc::Streaming<std::int64_t>, rpc::Primitive<>>> {
};
using AppClient = rpc::Client<AppProtocol>;

/// What either side of channel 1 between a worker and its node may say. The node answers each heartbeat.
struct AppWorkerControl
    : rpc::State<rpc::Say<0, "heartbeat", rpc::Args<>, rpc::Same>,
                 rpc::Say<1, "terminate",
                          rpc::Args<rpc::Arg<"code", std::int64_t>, rpc::Arg<"reason", std::string>>>> {};

/// The node's side of a worker's session: the worker says who it is, by the uuid that it was started with.
struct AppRuntimeProtocol
    : rpc::Protocol<"app_runtime", 1, NodeErrors, PoolErrors, AppWorkerErrors,
                    rpc::Dialog<0, "handshake", rpc::Args<rpc::Arg<"uuid", std::string>>, AppWorkerControl,
                                AppWorkerControl>> {};

/// The worker's side of the same session: the node opens channels 2, 3, ... for events.
struct AppWorkerProtocol
    : rpc::Protocol<"app_worker", 1, NodeErrors, PoolErrors, AppWorkerErrors,
                    rpc::PlainStream<0, "invoke", rpc::Args<rpc::Arg<"event", std::string>>,
                                     rpc::Items<Bytes>, rpc::Items<Bytes>>> {};

}  // namespace sonm::services
