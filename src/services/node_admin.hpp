#pragma once

#include "sonm/rpc/rpc.hpp"

/// What the operator of a node asks its daemon, over a unix socket that only this user can open.
namespace sonm::services {

struct NodeServiceInfo {
    std::string name;
    std::string type;
    std::string protocol;
    std::uint32_t version = 0;
    std::string state;  ///< "starting", "running", "draining", "failed"
    std::string note;   ///< why it failed
    std::vector<rpc::Endpoint> endpoints;
    std::uint64_t sessions = 0;
};

struct NodeInfo {
    std::string name;
    std::string version;
    std::string state;  ///< "starting", "running", "draining"
    UnixTime started;
    std::vector<rpc::Endpoint> locator;
    std::string http;  ///< "127.0.0.1:9464"; empty: none
    std::uint64_t connections = 0;
    std::vector<NodeServiceInfo> services;
};

}  // namespace sonm::services

template <>
struct sonm::rpc::Fields<sonm::services::NodeServiceInfo> {
    using Info = services::NodeServiceInfo;
    static constexpr auto list =
        fields(field<"name">(&Info::name), field<"type">(&Info::type), field<"protocol">(&Info::protocol),
               field<"version">(&Info::version), field<"state">(&Info::state), field<"note">(&Info::note),
               field<"endpoints">(&Info::endpoints), field<"sessions">(&Info::sessions));
};
template <>
struct sonm::rpc::Fields<sonm::services::NodeInfo> {
    using Info = services::NodeInfo;
    static constexpr auto list =
        fields(field<"name">(&Info::name), field<"version">(&Info::version), field<"state">(&Info::state),
               field<"started">(&Info::started), field<"locator">(&Info::locator), field<"http">(&Info::http),
               field<"connections">(&Info::connections), field<"services">(&Info::services));
};

namespace sonm::services {

/// 0 info    what it is, what it serves and where.
/// 1 reload  reads its configuration again, as SIGHUP does. Answers what was taken over and what needs a
/// restart, a
///           sentence each. Errors: invalid (file, line, what): then nothing has changed.
/// 2 stop    as SIGTERM: ends in peace. Answered at once.
using NodeAdminProtocol =
    rpc::Protocol<"node_admin", 1, rpc::Call<0, "info", rpc::Args<>, rpc::Returns<NodeInfo>>,
                  rpc::Call<1, "reload", rpc::Args<>, rpc::Returns<std::vector<std::string>>>,
                  rpc::Call<2, "stop">>;

using NodeAdminClient = rpc::Client<NodeAdminProtocol>;

}  // namespace sonm::services
