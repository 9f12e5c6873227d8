#pragma once

#include "sonm/base/errc.hpp"
#include "sonm/base/result.hpp"

#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>

#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

/// Structured concurrency on Asio coroutines. Every object here belongs to one executor (one thread) and says
/// so by not locking. This is the only place of the project that may spawn, detach or catch; rooms use
/// `scope`, `within`, `Channel`, `offload`.
///
/// Traps of the compiler and of Asio that shape this file are listed in docs/style.md.
namespace sonm {

using asio::experimental::as_tuple;
using Executor = asio::any_io_executor;
using Millis = std::chrono::milliseconds;

/// Something that will be done; lazy. Throws only on cancellation (asio::system_error, operation_aborted) and
/// on defects.
template <class T = void>
using Task = asio::awaitable<T>;
/// Something that will be done and may fail.
template <class T = void>
using Async = asio::awaitable<Result<T>>;

/// Waits; throws if cancelled.
Task<void> sleep_for(std::chrono::nanoseconds span);

namespace detail {

/// One running child: lives until its coroutine has ended, whatever happens to whoever started it.
struct Child {
    explicit Child(const Executor& executor) : done(executor, asio::steady_timer::time_point::max()) {}
    asio::cancellation_signal cancel;
    asio::steady_timer done;
    bool finished = false;
    std::exception_ptr failure;
};

/// To be awaited before start(): a caller that is cancelled already could not wait for its child.
Task<void> throw_if_cancelled();
std::shared_ptr<Child> start(const Executor& executor, Task<void> task);
/// Waits for the child's end or for the deadline, whichever comes first; true if it ended. Rethrows nothing.
Task<bool> wait_until(std::shared_ptr<Child> child, std::chrono::steady_clock::time_point deadline);
/// Asks the child to stop and waits until it has, whatever is asked of the waiter meanwhile.
Task<void> stop(std::shared_ptr<Child> child);

template <class T>
Task<void> keep(Task<T> task, std::shared_ptr<std::optional<T>> out) {
    out->emplace(co_await std::move(task));
}

}  // namespace detail

/// Runs `task` for at most `limit`. On expiry the task is cancelled, waited for, and the answer is
/// Errc::timeout. Cancelling the caller cancels the task.
template <class T>
Async<T> within(std::chrono::nanoseconds limit, Async<T> task) {
    auto out = std::make_shared<std::optional<Result<T>>>();
    Executor executor = co_await asio::this_coro::executor;
    co_await detail::throw_if_cancelled();
    auto work = detail::keep<Result<T>>(std::move(task), out);
    auto child = detail::start(executor, std::move(work));
    auto deadline = std::chrono::steady_clock::now() + limit;
    auto waiting = detail::wait_until(child, deadline);
    bool ended = co_await std::move(waiting);
    if (!ended) {
        auto stopping = detail::stop(child);
        co_await std::move(stopping);
    }
    if (*out) co_return std::move(**out);
    if (child->failure && ended) std::rethrow_exception(child->failure);
    co_return fail(Errc::timeout, "no answer within {} ms",
                   std::chrono::duration_cast<Millis>(limit).count());
}

/// Runs `task`; a defect in it becomes Errc::internal with its text instead of ending the scope. For borders
/// where one party's defect must not end the others'. Cancellation passes.
template <class T>
Async<T> contain(Async<T> task) {
    try {
        co_return co_await std::move(task);
    } catch (const asio::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        co_return fail(Errc::internal, "{}", error.what());
    } catch (const std::exception& error) {
        co_return fail(Errc::internal, "{}", error.what());
    }
}
/// The same for a function that returns a Result at once.
template <class F>
std::invoke_result_t<F&> contain_call(F& function) {
    try {
        return function();
    } catch (const std::exception& error) {
        return fail(Errc::internal, "{}", error.what());
    }
}

/// Children of one scope, bounded in number.
class TaskGroup {
public:
    TaskGroup(Executor executor, std::size_t children_max);
    TaskGroup(const TaskGroup&) = delete;

    /// Starts a child; false (and the task is dropped, unstarted) if `children_max` are running.
    /// A child that ends by an exception other than cancellation cancels the whole scope, which then rethrows
    /// it.
    bool spawn(Task<void> task);
    std::size_t size() const { return children_.size(); }
    /// Asks all children to stop; does not wait.
    void cancel();
    /// Waits until no child is running.
    Task<void> join();

private:
    template <class F>
    friend Task<void> scope(std::size_t, F);
    Task<void> close();
    Task<void> watch(Task<void> task, std::size_t id);

    Executor executor_;
    std::size_t children_max_;
    std::size_t next_id_ = 0;
    std::unordered_map<std::size_t, std::shared_ptr<detail::Child>> children_;
    asio::steady_timer changed_;
    std::exception_ptr failure_;
    std::shared_ptr<detail::Child> body_;
};

/// Runs `body(TaskGroup&) -> Task<void>`; when the body ends or is cancelled, its children are cancelled and
/// awaited. So nothing that a body started can outlive what it refers to. Use `group.join()` at the body's
/// end to let children finish.
template <class F>
Task<void> scope(std::size_t children_max, F body) {
    Executor executor = co_await asio::this_coro::executor;
    co_await detail::throw_if_cancelled();
    TaskGroup group(executor, children_max);
    auto work = body(group);
    group.body_ = detail::start(executor, std::move(work));
    std::exception_ptr cancelled;
    try {
        auto waiting = detail::wait_until(group.body_, std::chrono::steady_clock::time_point::max());
        co_await std::move(waiting);
    } catch (const asio::system_error&) {
        cancelled = std::current_exception();
    }
    auto stopping = detail::stop(group.body_);
    co_await std::move(stopping);
    auto closing = group.close();
    co_await std::move(closing);
    if (group.failure_) std::rethrow_exception(group.failure_);
    if (cancelled) std::rethrow_exception(cancelled);
    if (group.body_->failure) std::rethrow_exception(group.body_->failure);
}

/// Bounded queue between tasks of one executor. Neither end may outlive it.
template <class T>
class Channel {
public:
    Channel(const Executor& executor, std::size_t capacity)
        : capacity_(capacity),
          readable_(executor, asio::steady_timer::time_point::max()),
          writable_(executor, asio::steady_timer::time_point::max()) {}
    Channel(const Channel&) = delete;

    /// False if full or closed; then `value` is lost.
    bool try_push(T value) {
        if (closed_ || queue_.size() >= capacity_) return false;
        queue_.push_back(std::move(value));
        readable_.cancel();
        return true;
    }
    /// Waits for room. Errors: closed.
    Async<void> push(T value) {
        while (!closed_ && queue_.size() >= capacity_) co_await wait(writable_);
        if (closed_) co_return fail(Errc::closed, "channel");
        queue_.push_back(std::move(value));
        readable_.cancel();
        co_return Result<void>();
    }
    /// Waits for a value. Errors: closed, once closed *and* empty.
    Async<T> pop() {
        while (queue_.empty() && !closed_) co_await wait(readable_);
        if (queue_.empty()) co_return fail(Errc::closed, "channel");
        T value = std::move(queue_.front());
        queue_.pop_front();
        writable_.cancel();
        co_return Result<T>(std::move(value));
    }
    std::optional<T> try_pop() {
        if (queue_.empty()) return std::nullopt;
        std::optional<T> value(std::move(queue_.front()));
        queue_.pop_front();
        writable_.cancel();
        return value;
    }
    /// No more values go in; those inside can still be taken.
    void close() {
        closed_ = true;
        readable_.cancel();
        writable_.cancel();
    }
    bool closed() const { return closed_; }
    std::size_t size() const { return queue_.size(); }

private:
    static Task<void> wait(asio::steady_timer& timer) {
        // Woken by cancel(), which looks like an error; a real cancellation throws at the next co_await.
        (void)co_await timer.async_wait(as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw asio::system_error(asio::error::operation_aborted);
    }

    std::size_t capacity_;
    std::deque<T> queue_;
    bool closed_ = false;
    asio::steady_timer readable_;
    asio::steady_timer writable_;
};

/// Threads for heavy work (hashing, key derivation, packing), given by value so that nothing is shared.
asio::thread_pool& work_pool();

namespace detail {

struct Job {
    virtual ~Job() = default;
    virtual void run() = 0;
    std::exception_ptr failure;
};

template <class F>
struct JobOf final : Job {
    using R = std::invoke_result_t<F&>;
    explicit JobOf(F f) : work(std::move(f)) {}
    void run() override {
        if constexpr (std::is_void_v<R>)
            work();
        else
            out.emplace(work());
    }
    R take() {
        if (failure) std::rethrow_exception(failure);
        if constexpr (!std::is_void_v<R>) return std::move(*out);
    }
    F work;
    std::conditional_t<std::is_void_v<R>, std::monostate, std::optional<R>> out;
};

/// Runs the job on a thread of the pool; done when that is over. Nothing of the caller's coroutine is touched
/// there: a coroutine spawned there would share the caller's cancellation state with it.
Task<void> run_on(asio::thread_pool& pool, Job& job);

}  // namespace detail

/// Runs `work()` on a thread of `pool` and comes back to the caller's executor. It cannot be cancelled, and
/// the caller is not let go before it has ended: what the caller keeps alive, `work` may refer to.
template <class F>
Task<std::invoke_result_t<F&>> offload_to(asio::thread_pool& pool, F work) {
    detail::JobOf<F> job(std::move(work));
    auto running = detail::run_on(pool, job);
    co_await std::move(running);
    co_return job.take();
}

/// The same on the pool for heavy work.
template <class F>
Task<std::invoke_result_t<F&>> offload(F work) {
    return offload_to(work_pool(), std::move(work));
}

/// Runs `main` on this thread until it ends. SIGINT and SIGTERM cancel it once; a second signal ends the
/// process at once. Returns main's value, or 130 if it was cancelled. Call once, from main().
int run_main(asio::io_context& context, Task<int> main);

/// Runs a task to its end on a fresh io_context: for unit tests. An exception of the task is thrown here.
/// Returns once nothing is pending, so that no pool thread is still on its way back from an `offload` when
/// the context goes.
template <class T>
T run_test(Task<T> task) {
    asio::io_context context;
    auto out = std::make_shared<std::optional<T>>();
    std::exception_ptr failure;
    auto work = detail::keep<T>(std::move(task), out);
    asio::co_spawn(context, std::move(work), [&](std::exception_ptr error) { failure = error; });
    context.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(**out);
}
void run_test(Task<void> task);

}  // namespace sonm
