#pragma once

#include "sonm/base/async.hpp"

namespace sonm {

/// Threads for calls that wait for a disk: they may be stuck for seconds, so the pool for computing
/// (work_pool) is not theirs.
asio::thread_pool& blocking_pool();

/// Runs `work()`, which may block, and comes back to the caller's executor. It cannot be cancelled, and the
/// caller is not let go before it has ended: what the caller keeps alive, `work` may refer to.
template <class F>
Task<std::invoke_result_t<F>> offload_blocking(F work) {
    auto task = detail::call<F>(std::move(work));
    co_return co_await asio::co_spawn(blocking_pool().get_executor(), std::move(task), asio::use_awaitable);
}

}  // namespace sonm
