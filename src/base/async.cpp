#include "sonm/base/async.hpp"

#include "sonm/base/log.hpp"

#include <csignal>

namespace sonm {
namespace detail {

Task<void> throw_if_cancelled() {
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw asio::system_error(asio::error::operation_aborted);
}

std::shared_ptr<Child> start(const Executor& executor, Task<void> task) {
    auto child = std::make_shared<Child>(executor);
    auto ended = [child](std::exception_ptr failure) {
        child->finished = true;
        child->failure = failure;
        child->done.expires_at(asio::steady_timer::time_point::min());
    };
    asio::co_spawn(executor, std::move(task),
                   asio::bind_cancellation_slot(child->cancel.slot(), std::move(ended)));
    return child;
}

Task<bool> wait_until(std::shared_ptr<Child> child, std::chrono::steady_clock::time_point deadline) {
    if (!child->finished) {
        child->done.expires_at(deadline);
        (void)co_await child->done.async_wait(as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            // First, or the next co_await would throw and leave the child running behind its owner's back.
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            auto stopping = stop(child);
            co_await std::move(stopping);
            co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
            throw asio::system_error(asio::error::operation_aborted);
        }
    }
    co_return child->finished;
}

Task<void> stop(std::shared_ptr<Child> child) {
    // A cancellation that comes meanwhile is not forgotten: the caller's next co_await throws.
    co_await asio::this_coro::throw_if_cancelled(false);
    if (!child->finished) child->cancel.emit(asio::cancellation_type::terminal);
    while (!child->finished) {
        child->done.expires_at(asio::steady_timer::time_point::max());
        (void)co_await child->done.async_wait(as_tuple(asio::use_awaitable));
    }
    co_await asio::this_coro::throw_if_cancelled(true);
}

}  // namespace detail

Task<void> sleep_for(std::chrono::nanoseconds span) {
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             std::chrono::duration_cast<asio::steady_timer::duration>(span));
    co_await timer.async_wait(asio::use_awaitable);
}

TaskGroup::TaskGroup(Executor executor, std::size_t children_max)
    : executor_(std::move(executor)),
      children_max_(children_max),
      changed_(executor_, asio::steady_timer::time_point::max()) {}

bool TaskGroup::spawn(Task<void> task) {
    if (children_.size() >= children_max_) return false;
    std::size_t id = next_id_++;
    auto work = watch(std::move(task), id);
    // The slot is made first: a child may end before start() returns.
    children_[id] = nullptr;
    auto child = detail::start(executor_, std::move(work));
    if (auto found = children_.find(id); found != children_.end()) found->second = std::move(child);
    return true;
}

Task<void> TaskGroup::watch(Task<void> task, std::size_t id) {
    try {
        co_await std::move(task);
    } catch (const asio::system_error& error) {
        if (error.code() != asio::error::operation_aborted) failure_ = std::current_exception();
    } catch (...) {
        failure_ = std::current_exception();
    }
    children_.erase(id);
    changed_.expires_at(asio::steady_timer::time_point::min());
    if (failure_) {
        cancel();
        if (body_ && !body_->finished) body_->cancel.emit(asio::cancellation_type::terminal);
    }
}

void TaskGroup::cancel() {
    std::vector<std::shared_ptr<detail::Child>> all;
    for (auto& [id, child] : children_)
        if (child) all.push_back(child);
    for (auto& child : all)
        if (!child->finished) child->cancel.emit(asio::cancellation_type::terminal);
}

Task<void> TaskGroup::join() {
    while (!children_.empty()) {
        changed_.expires_at(asio::steady_timer::time_point::max());
        (void)co_await changed_.async_wait(as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw asio::system_error(asio::error::operation_aborted);
    }
}

Task<void> TaskGroup::close() {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!children_.empty()) {
        cancel();
        changed_.expires_at(asio::steady_timer::time_point::max());
        (void)co_await changed_.async_wait(as_tuple(asio::use_awaitable));
    }
    co_await asio::this_coro::throw_if_cancelled(true);
}

asio::thread_pool& work_pool() {
    static asio::thread_pool pool(2);
    return pool;
}

Task<void> detail::run_on(asio::thread_pool& pool, Job& job) {
    auto initiate = [&pool, &job](auto handler) {
        auto executor = asio::get_associated_executor(handler);
        // The caller's context must not run out of work meanwhile.
        auto there = [&job, handler = std::move(handler), busy = asio::make_work_guard(executor)]() mutable {
            try {
                job.run();
            } catch (...) {
                job.failure = std::current_exception();
            }
            asio::post(busy.get_executor(), std::move(handler));
        };
        asio::post(pool, std::move(there));
    };
    return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(initiate),
                                                                        asio::use_awaitable);
}

int run_main(asio::io_context& context, Task<int> main) {
    auto out = std::make_shared<std::optional<int>>();
    std::exception_ptr failure;
    bool asked = false;
    asio::cancellation_signal cancel;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    std::signal(SIGPIPE, SIG_IGN);
    std::function<void(std::error_code, int)> on_signal = [&](std::error_code error, int number) {
        if (error) return;
        if (asked) std::_Exit(128 + number);
        asked = true;
        cancel.emit(asio::cancellation_type::terminal);
        signals.async_wait(on_signal);
    };
    signals.async_wait(on_signal);
    auto work = detail::keep<int>(std::move(main), out);
    auto ended = [&](std::exception_ptr error) {
        failure = error;
        // Not stop(): a pool thread may still be on its way back from an `offload`, and the context must
        // outlive that.
        signals.cancel();
        signals.clear();
    };
    asio::co_spawn(context, std::move(work), asio::bind_cancellation_slot(cancel.slot(), std::move(ended)));
    context.run();
    if (*out) return **out;
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const asio::system_error& error) {
        if (asked && error.code() == asio::error::operation_aborted) return 130;
        SONM_LOG(error, "stopped by a defect: {}", error.what());
    } catch (const std::exception& error) {
        SONM_LOG(error, "stopped by a defect: {}", error.what());
    }
    return 70;
}

void run_test(Task<void> task) {
    asio::io_context context;
    std::exception_ptr failure;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr error) { failure = error; });
    context.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace sonm
