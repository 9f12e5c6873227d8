#pragma once

#include "sonm/base/async.hpp"

namespace sonm {

/// Threads for calls that wait for a disk: they may be stuck for seconds, so the pool for computing
/// (work_pool) is not theirs.
asio::thread_pool& blocking_pool();

/// offload_to() those.
template <class F>
Task<std::invoke_result_t<F&>> offload_blocking(F work) {
    return offload_to(blocking_pool(), std::move(work));
}

}  // namespace sonm
