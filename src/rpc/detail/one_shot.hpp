#pragma once

#include "sonm/base/async.hpp"

#include <array>
#include <new>

namespace sonm::rpc::detail {

/// At most one coroutine that waits for one value. Cheaper than a timer: nothing passes through the reactor.
/// The waiter must not outlive this object, except by being cancelled.
template <class T>
class OneShot {
public:
    explicit OneShot(Executor executor) : executor_(std::move(executor)) {}
    OneShot(const OneShot&) = delete;

    ~OneShot() {
        if (op_) op_->~Op();
    }

    bool waiting() const { return op_ != nullptr; }
    /// Resumes the waiter at once, on this stack; nothing happens if there is none.
    void complete(T value) {
        if (!op_) return;
        op_->detach();
        std::exchange(op_, nullptr)->finish(std::move(value));
    }
    /// Resumes the waiter later, from the executor.
    void post(T value) {
        if (!op_) return;
        // From here on a cancellation has nothing to cancel; the waiter meets it at its next wait.
        op_->detach();
        std::exchange(op_, nullptr)->post(executor_, std::error_code(), std::move(value));
    }
    /// Throws on cancellation.
    Task<T> wait() {
        auto initiate = [this](auto handler) { this->begin(std::move(handler)); };
        return asio::async_initiate<const asio::use_awaitable_t<>&, void(std::error_code, T)>(
            std::move(initiate), asio::use_awaitable);
    }

private:
    /// The waiter, in place; finish() and post() destroy it.
    struct Op {
        virtual ~Op() = default;
        virtual void detach() = 0;
        virtual void finish(T value) = 0;
        virtual void post(const Executor& executor, std::error_code error, T value) = 0;
    };
    template <class Handler>
    struct OpOf final : Op {
        explicit OpOf(Handler h) : handler(std::move(h)) {}
        static void detach_from(Handler& handler) {
            auto slot = asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected()) slot.clear();
        }
        Handler take() {
            Handler out = std::move(handler);
            this->~OpOf();
            return out;
        }
        void detach() override { detach_from(handler); }
        void finish(T value) override { take()(std::error_code(), std::move(value)); }
        void post(const Executor& executor, std::error_code error, T value) override {
            auto later = [handler = take(), error, value = std::move(value)]() mutable {
                detach_from(handler);
                std::move(handler)(error, std::move(value));
            };
            asio::post(executor, std::move(later));
        }
        Handler handler;
    };

    template <class Handler>
    void begin(Handler handler) {
        static_assert(sizeof(OpOf<Handler>) <= sizeof store_ && alignof(OpOf<Handler>) <= alignof(void*));
        SONM_ASSERT(!op_);
        auto slot = asio::get_associated_cancellation_slot(handler);
        op_ = new (store_.data()) OpOf<Handler>(std::move(handler));
        if (!slot.is_connected()) return;
        // Not at once: this runs inside the slot that finishing clears.
        auto cancel = [this](asio::cancellation_type) {
            if (op_) std::exchange(op_, nullptr)->post(executor_, asio::error::operation_aborted, T());
        };
        slot.assign(std::move(cancel));
    }

    Executor executor_;
    alignas(void*) std::array<std::byte, 4 * sizeof(void*)> store_;
    Op* op_ = nullptr;
};

/// One waiter for "something has changed"; a wake-up before the wait is not remembered: test the condition
/// first.
class Wakeup {
public:
    explicit Wakeup(Executor executor) : shot_(std::move(executor)) {}
    void wake() { shot_.post(true); }
    bool waiting() const { return shot_.waiting(); }
    Task<bool> wait() { return shot_.wait(); }

private:
    OneShot<bool> shot_;
};

}  // namespace sonm::rpc::detail
