#pragma once

#include "sonm/base/async.hpp"

#include <set>

namespace sonm {

/// Work without an end of its own, as open streams are, that ends well when its service goes down.
class Stopper {
public:
    Stopper() = default;
    Stopper(const Stopper&) = delete;

    /// Runs `work` until it ends, or stop() is called: then it is cancelled, and the answer is good.
    /// Cancelling the caller cancels the work.
    Async<void> run(Async<void> work);
    /// For good: what is given to run() later is not begun.
    void stop();
    bool stopped() const { return stopped_; }

private:
    std::set<std::shared_ptr<detail::Child>> children_;
    bool stopped_ = false;
};

}  // namespace sonm
