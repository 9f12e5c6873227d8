#pragma once

#include "sonm/services/app_service.hpp"

namespace sonm::services {

/// One line that a worker of an application has printed.
struct AppOutputLine {
    std::string worker;  ///< uuid
    std::string text;
};

/// How a start or an update came out.
struct AppUpdate {
    bool new_version = false;  ///< workers are being replaced, one by one
    bool new_profile = false;
};

}  // namespace sonm::services

template <>
struct sonm::rpc::Fields<sonm::services::AppOutputLine> {
    using Line = sonm::services::AppOutputLine;
    static constexpr auto list = fields(field<"worker">(&Line::worker), field<"text">(&Line::text));
};
template <>
struct sonm::rpc::Fields<sonm::services::AppUpdate> {
    using Update = sonm::services::AppUpdate;
    static constexpr auto list =
        fields(field<"new_version">(&Update::new_version), field<"new_profile">(&Update::new_profile));
};

namespace sonm::services {

/// Runs applications on one machine. What it runs is kept in the runlist, so it comes back with the node.
///
/// 0 start_app  runs the application of that name, as stored, with a stored profile ("" = the default one).
///              Errors: already_started, no_such_file_or_directory (no such manifest or profile), spool.
/// 1 pause_app  stops it: its calls may finish within the profile's seal-timeout. Errors: not_running.
/// 2 list       names of what runs.
/// 3 info       as the application's own; `flags`: 1 the pool, 2 the manifest, 4 the profile in full; absent:
///              1. Errors: not_running.
/// 4 control    as the application's own.
/// 5 enqueue    as the application's own, by way of the node.
/// 6 update     takes over what is stored now: a new version replaces workers one by one, a changed profile
///              holds at once; "" keeps the profile's name. Errors: not_running, and those of start_app.
/// 7 output     the last lines that its living workers have printed, oldest first. Errors: not_running.
struct NodeProtocol
    : rpc::Protocol<
          "node", 1, NodeErrors, PoolErrors, AppWorkerErrors,
          rpc::Call<0, "start_app",
                    rpc::Args<rpc::Arg<"name", std::string>, rpc::Arg<"profile", std::string>>>,
          rpc::Call<1, "pause_app", rpc::Args<rpc::Arg<"name", std::string>>>,
          rpc::Call<2, "list", rpc::Args<>, rpc::Returns<std::vector<std::string>>>,
          rpc::Call<3, "info",
                    rpc::Args<rpc::Arg<"name", std::string>, rpc::Arg<"flags", std::optional<std::uint64_t>>>,
                    rpc::Returns<rpc::Encoded>>,
          rpc::Dialog<4, "control", rpc::Args<rpc::Arg<"name", std::string>>, rpc::Streaming<std::int64_t>,
                      rpc::Primitive<>>,
          rpc::PlainStream<5, "enqueue",
                           rpc::Args<rpc::Arg<"app", std::string>, rpc::Arg<"event", std::string>>,
                           rpc::Items<Bytes>, rpc::Items<Bytes>>,
          rpc::Call<6, "update", rpc::Args<rpc::Arg<"name", std::string>, rpc::Arg<"profile", std::string>>,
                    rpc::Returns<AppUpdate>>,
          rpc::Call<7, "output", rpc::Args<rpc::Arg<"name", std::string>>,
                    rpc::Returns<std::vector<AppOutputLine>>>> {};
using NodeClient = rpc::Client<NodeProtocol>;

}  // namespace sonm::services
