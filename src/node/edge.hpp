#pragma once

#include "sonm/http/server.hpp"

namespace sonm::node {

class Node;

/// What a node answers over HTTP: /metrics, /healthz, /readyz, /status, POST /v1/SERVICE/METHOD. The node
/// must outlive it.
http::RequestHandler make_edge(Node& node);

}  // namespace sonm::node
