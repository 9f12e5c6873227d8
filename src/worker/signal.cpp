#include "sonm/worker/signal.hpp"

namespace sonm::worker {
namespace {

Async<void> waited(Signal& signal) {
    co_await signal.wait();
    co_return Result<void>();
}

}  // namespace

Task<void> Signal::wait() {
    // Woken by cancel(), which looks like an error; a cancellation of the waiter has to go on as one.
    (void)co_await timer_.async_wait(as_tuple(asio::use_awaitable));
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw asio::system_error(asio::error::operation_aborted);
}

Task<bool> wait_for(Signal& signal, std::chrono::nanoseconds limit) {
    auto waiting = waited(signal);
    auto outcome = co_await within(limit, std::move(waiting));
    co_return bool(outcome);
}

}  // namespace sonm::worker
