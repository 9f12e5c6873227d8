#include "sonm/base/stopper.hpp"

namespace sonm {

Async<void> Stopper::run(Async<void> work) {
    if (stopped_) co_return Result<void>();
    struct Place {
        Place(Stopper& s, std::shared_ptr<detail::Child> c) : stopper(s), child(std::move(c)) {
            stopper.children_.insert(child);
        }
        Place(const Place&) = delete;
        ~Place() { stopper.children_.erase(child); }
        Stopper& stopper;
        std::shared_ptr<detail::Child> child;
    };
    auto out = std::make_shared<std::optional<Result<void>>>();
    Executor executor = co_await asio::this_coro::executor;
    co_await detail::throw_if_cancelled();
    auto task = detail::keep<Result<void>>(std::move(work), out);
    Place place(*this, detail::start(executor, std::move(task)));
    auto waiting = detail::wait_until(place.child, std::chrono::steady_clock::time_point::max());
    (void)co_await std::move(waiting);
    if (stopped_) co_return Result<void>();
    if (*out) co_return std::move(**out);
    std::rethrow_exception(place.child->failure);
}

void Stopper::stop() {
    stopped_ = true;
    auto all = children_;
    for (const auto& child : all)
        if (!child->finished) child->cancel.emit(asio::cancellation_type::terminal);
}

}  // namespace sonm
