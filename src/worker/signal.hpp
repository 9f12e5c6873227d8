#pragma once

#include "sonm/base/async.hpp"

namespace sonm::worker {

/// Wakes everybody who waits for something to change; they look again themselves. One executor.
/// Nothing is lost between looking and waiting, as long as no co_await stands between the two.
class Signal {
public:
    explicit Signal(const Executor& executor) : timer_(executor, asio::steady_timer::time_point::max()) {}
    void notify() { timer_.cancel(); }
    Task<void> wait();

private:
    asio::steady_timer timer_;
};

/// Waits for a signal, at most `limit`; true if it came.
Task<bool> wait_for(Signal& signal, std::chrono::nanoseconds limit);

}  // namespace sonm::worker
