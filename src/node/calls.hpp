#pragma once

#include "sonm/http/server.hpp"
#include "sonm/node/config.hpp"

namespace sonm::node {

class Node;

/// Whether who asks may call services or applications at all: from where, and under what name. The answer
/// that refuses it, or nothing. Pure.
std::optional<http::Response> refuse_caller(const NodeConfig& config, const http::Incoming& request);
/// The same for a call of a service, with its form.
std::optional<http::Response> refuse_call(const NodeConfig& config, const http::Incoming& request);

/// POST /v1/SERVICE/METHOD with the arguments as JSON. The node must outlive it.
Async<void> answer_call(Node& node, const http::Incoming& request, http::Responder& out);

}  // namespace sonm::node
