#pragma once

#include "sonm/http/server.hpp"
#include "sonm/services/node_admin.hpp"

#include <nlohmann/json_fwd.hpp>

namespace sonm::node {

class Node;

/// What a node answers over HTTP: /metrics, /healthz, /readyz, /status, POST /v1/SERVICE/METHOD. The node
/// must outlive it.
http::RequestHandler make_edge(Node& node);

/// What /status answers, and `sonm node status --json`.
nlohmann::ordered_json to_json(const services::NodeInfo& info);

}  // namespace sonm::node
