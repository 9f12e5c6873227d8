#pragma once

#include "rpc_bench.hpp"

/// gRPC's part of the comparison of app_bench: an echo behind one hop.
namespace sonm::bench {

/// Passes each call on to `backend` and its answer back. Prints its address and never returns.
void serve_grpc_hop(const std::string& backend);

}  // namespace sonm::bench
