#pragma once

/// The whole public side of the room: declare a protocol, serve it, call it.
#include "sonm/rpc/client.hpp"
#include "sonm/rpc/server.hpp"
