#pragma once

#include "rpc_bench.hpp"

#include <sys/types.h>

namespace sonm::bench {

/// Opens `count` connections to the server process, lets each say its opening words, and gives the memory
/// that the server has grown by, in bytes per connection. Negative: it failed.
double idle_bytes(const Side& side, const std::string& address, pid_t server, std::size_t count);
/// As many open files as this process may have.
void raise_file_limit();

}  // namespace sonm::bench
