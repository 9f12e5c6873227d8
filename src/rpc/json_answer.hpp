#pragma once

#include "sonm/rpc/json_call.hpp"

namespace sonm::rpc {

/// The one answer of a method that takes items, which are sent meanwhile. `limit`: how long the other side
/// may neither take an item nor answer; what `items` takes to give one does not count. Errors: those of
/// json_exchange, timeout, closed (no answer came).
Async<Json> json_answer(JsonStream stream, JsonItems items, Millis limit);

}  // namespace sonm::rpc
